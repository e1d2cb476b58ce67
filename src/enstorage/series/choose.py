"""Select the series store of a URL."""

from collections.abc import Callable
from difflib import get_close_matches

from enstorage import plugins
from enstorage.errors import NotSupportedError
from enstorage.places.masking import masked
from enstorage.plugins import Kind
from enstorage.series.base import SeriesStore

SERIES_STORES = Kind("enstorage.series_stores", "series store", ("enstorage.series.base.SeriesStore",))
"""Classes of series stores, registered under each scheme of their URLs."""


def find_series(url: str) -> Callable[[], SeriesStore]:
    """The function that opens the series store of a URL such as `delta:FOLDER` or `memory:`; opens nothing yet.

    Raises:
        InvalidInputError: the URL is malformed.
        NotSupportedError: the scheme is not known; the message lists those that are.
        PluginError: the package that registers the store cannot be loaded.
    """
    scheme, separator, _ = url.partition(":")
    if not separator or not plugins.has(SERIES_STORES, scheme):
        known = plugins.names(SERIES_STORES)
        close = get_close_matches(scheme, known, n=1)
        raise NotSupportedError(
            f"{masked(url)!r} names no series store; known are {', '.join(f'{each}:' for each in known)}, such as "
            "delta:FOLDER, delta:s3://BUCKET/FOLDER, influxdb://user:password@host/database, influxdb2://TOKEN@host/bucket "
            f"and memory: with nothing behind it.{f' Did you mean {close[0]}:?' if close else ''}"
        )
    kind: type[SeriesStore] = plugins.load(SERIES_STORES, scheme)
    return kind.parse(url)
