"""The scales of series: errors of the seasonal naive forecast on the train rows that were measured."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.season import usual_season
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.ensemble_members import classes_of
from enstorage.metrics.scale import NaiveScale, scale_of
from enstorage.preparation.split import Part

if TYPE_CHECKING:
    import polars as pl

    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.entity.data_set import DataSet
    from enstorage.entity.model import Model


def scales_of(models: "Iterable[Model]", series: NDArray[np.int64]) -> dict[int, NaiveScale]:
    """The scales of the series that models forecast.

    Rows count that were measured, and are train rows of every preparation of the series.

    Args:
        models: whose preparations are read.
        series: data source ids, in any order.

    Returns:
        By data source id; none of a series that no model has a preparation of, and none at all where the targets are not
        values of the series: for classes, for intervals between events, and for data sets from arrays.
    """
    models, wanted = list(models), set(np.unique(series).tolist())
    if classes_of(models) is not None or not all(_forecasts_values(data_set) for data_set in _data_sets(models)):
        return {}
    tables: dict[int, list[pl.DataFrame]] = {}
    calendars: dict[int, Calendar | None] = {}
    preparations = list(_preparations(models))
    ids = {each.data_snapshot_id for each in preparations}
    connector = preparations[0].connector if preparations else None
    snapshots = {each.id: each for each in DataSnapshot.get_list(sorted(ids), connector=connector)}
    for preparation in preparations:
        snapshot = snapshots[preparation.data_snapshot_id]
        source = snapshot.data_source_id
        if source not in wanted:
            continue
        calendar = calendars.setdefault(source, snapshot.calendar)
        if str(calendar) == str(snapshot.calendar):
            tables.setdefault(source, []).append(_rows(preparation))
    return {source: _scale(rows, calendars[source]) for source, rows in sorted(tables.items())}


def _data_sets(models: "Iterable[Model]") -> "list[DataSet]":
    first = {model.data_set_id: model for model in models if model.data_set_id is not None}
    return [model.data_set() for model in first.values()]


def _preparations(models: "list[Model]") -> "Iterator[DataPreparation]":
    """The preparations of data sets and researches, each once, in the order of their ids."""
    found = {each.id: each for data_set in _data_sets(models) for each in data_set.preparations()}
    researches = {model.research_id: model for model in models}
    for model in researches.values():
        own = model.research.data_preparation
        if own is not None:
            found.setdefault(own.id, own)
    yield from (found[id] for id in sorted(found))


def _forecasts_values(data_set: "DataSet") -> bool:
    if data_set.data_preparation_id is None:
        return False  # from arrays
    adapter = adapter_from_json(data_set.adapter)
    return isinstance(adapter, Adapter) and adapter.targets_are_values


def _rows(preparation: "DataPreparation") -> "pl.DataFrame":
    table = preparation.table().select("time", "part")
    return table.with_columns(preparation.truth().alias("truth"))


def _scale(tables: "list[pl.DataFrame]", calendar: Calendar | None) -> NaiveScale:
    import polars as pl

    rows = pl.concat(tables)
    if len(tables) > 1:
        rows = rows.group_by("time").agg(pl.col("part").max(), pl.col("truth").first())
    # Null: an earlier version filled rows and did not keep which.
    train = rows.filter(pl.col("part") == Part.TRAIN).drop_nulls("truth").sort("time")
    times, values = train["time"].to_numpy(), train["truth"].to_numpy()
    position = np.arange(len(times)) if calendar is None else calendar.numbers(times)
    return scale_of(values, position, usual_season(calendar))
