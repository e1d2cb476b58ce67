"""Contract tests for authors of stores and adapters: subclass one, say how yours is made, and pytest runs every promise.

Needs pytest.
"""

from enstorage.testing.adapters import AdapterContract
from enstorage.testing.objects import ObjectStoreContract
from enstorage.testing.series import SeriesStoreContract

__all__ = ["AdapterContract", "ObjectStoreContract", "SeriesStoreContract"]
