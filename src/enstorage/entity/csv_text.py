"""The text of a table as CSV, with its times on the clocks of the sources that it is about."""

from typing import TYPE_CHECKING

from sqlalchemy import select

if TYPE_CHECKING:
    import polars as pl

    from enstorage.calendars.calendar import Calendar
    from enstorage.connector import Connector


def csv_text(table: "pl.DataFrame", connector: "Connector", clock: "Calendar | None" = None) -> str:
    """A table as CSV with a header; its times are ISO 8601 in local time with the offset, counters stay integers.

    Args:
        table: with times in the columns `time` or `id`, or without.
        connector: the store of the sources.
        clock: of all rows; None: that of the source which the column `series` names, if the table has one.
    """
    from enstorage.sources.csv_file import as_csv

    return as_csv(with_labels(table, connector, clock))


def with_labels(table: "pl.DataFrame", connector: "Connector", clock: "Calendar | None" = None) -> "pl.DataFrame":
    """The table with its times as text; see `csv_text`."""
    from enstorage.sources.csv_file import with_iso_times

    return with_iso_times(table, clock or _clocks(table, connector))


def _clocks(table: "pl.DataFrame", connector: "Connector") -> "dict[int, Calendar] | None":
    from enstorage.entity.data_source import DataSource

    if "series" not in table.columns:
        return None
    wanted = select(DataSource).where(DataSource.id.in_(table["series"].unique().to_list()))
    return {source.id: source.clock for source in DataSource._select(wanted, connector)} or None
