"""Parts that packages register as entry points: one mechanism for everything that can be added.

A `Kind` describes the parts that may be registered in a group of entry points. It is declared beside the abstract class of
the parts: adapters, formats, methods, networks, series stores, object stores, source loaders. A part is found by its name,
and nothing else is imported for it. Parts of enstorage itself are found first, so no other package can replace them, and a
broken package affects only calls that use its parts.
"""

from enstorage.plugins.kind import Kind
from enstorage.plugins.loading import has, load, names, places, register, usable
from enstorage.plugins.missing_library import missing
from enstorage.plugins.registered import Registered

__all__ = ["Kind", "Registered", "has", "load", "missing", "names", "places", "register", "usable"]
