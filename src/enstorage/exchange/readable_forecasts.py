"""The table of a forecast as people and other programs read it."""

from typing import TYPE_CHECKING

from enstorage.instant import to_iso

if TYPE_CHECKING:
    import polars as pl

    from enstorage.connector import Connector


def readable_forecasts(table: "pl.DataFrame", connector: "Connector") -> "pl.DataFrame":
    """The table with a column `time`, as people at the source write it, and `name`, of the data source.

    Args:
        table: with the columns `series` (id of the data source; null for series that are not stored) and `id` (ns).
        connector: the store of the sources.
    """
    import polars as pl

    from enstorage.entity.data_source import DataSource

    ids = table["series"].drop_nulls().unique().to_list()
    sources = {source.id: source for source in DataSource.get_list(ids, connector=connector)}
    found = [(sources.get(series), time) for series, time in table.select("series", "id").rows()]
    labels = [to_iso(time) if source is None else source.label(time) for source, time in found]
    names = [None if source is None else source.name for source, _ in found]
    return table.with_columns(pl.Series("time", labels, dtype=pl.String), pl.Series("name", names, dtype=pl.String))
