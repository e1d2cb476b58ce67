"""Contract tests for authors of stores: subclass one, say how your store is made, and pytest runs every promise.

Needs pytest.
"""

from enstorage.testing.objects import ObjectStoreContract
from enstorage.testing.series import SeriesStoreContract

__all__ = ["ObjectStoreContract", "SeriesStoreContract"]
