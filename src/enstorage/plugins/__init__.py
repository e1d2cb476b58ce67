"""Parts that packages register as entry points: one way in for everything that can be added.

A `Kind` says what may be registered in a group of entry points. Each room declares its own beside the abstract class:
adapters, formats, methods, networks, series stores, object stores, source loaders. A part is found by its name, and nothing
else is imported for it. What this package registers itself is found first, so nobody can replace it, and a package that is
broken is noticed by those alone who ask for what it registers.
"""

from enstorage.plugins.kind import Kind
from enstorage.plugins.loading import has, load, names, places, usable
from enstorage.plugins.missing_library import missing
from enstorage.plugins.registered import Registered

__all__ = ["Kind", "Registered", "has", "load", "missing", "names", "places", "usable"]
