"""Times as text on the clocks of their data sources, for messages and facts."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from enstorage.entity.data_source import DataSource
from enstorage.errors import NotFoundError
from enstorage.instant import to_iso

if TYPE_CHECKING:
    from enstorage.connector import Connector


def label_at(connector: "Connector", series: int, time: int) -> str:
    """A time of a series as `DataSource.label` gives it; in UTC if its data source is not stored.

    Args:
        connector: of the store.
        series: id of the data source.
        time: nanoseconds since 1970 UTC, or the integer of an integer axis.
    """
    try:
        return DataSource.get(series, connector=connector).label(time)
    except NotFoundError:
        return to_iso(time)


def common_label(connector: "Connector", series: Iterable[int]) -> Callable[[int], str]:
    """The text of times that several series share: on their clock if they have one, else in UTC.

    Args:
        connector: of the store.
        series: ids of the data sources.
    """
    sources = DataSource.get_list(sorted(set(series)), connector=connector)
    clocks = {(source.time_zone, source.clock.is_counter) for source in sources}
    return sources[0].label if len(clocks) == 1 else to_iso
