"""Contract tests for authors of plug-ins: subclass one, implement its factory method, and pytest tests every promise.

They need pytest. Those of networks are in `entrainer.testing`, those of methods in `endirector.testing`.
"""

from enstorage.testing.adapters import AdapterContract
from enstorage.testing.formats import FormatContract
from enstorage.testing.objects import ObjectStoreContract
from enstorage.testing.series import SeriesStoreContract
from enstorage.testing.sinks import SinkContract
from enstorage.testing.sources import SourceLoaderContract

__all__ = [
    "AdapterContract",
    "FormatContract",
    "ObjectStoreContract",
    "SeriesStoreContract",
    "SinkContract",
    "SourceLoaderContract",
]
