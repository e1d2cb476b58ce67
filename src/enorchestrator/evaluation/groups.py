"""Groups of test rows, each of which has to keep a floor: by season, by series, by a tag of the data sources."""

import numpy as np
import polars as pl

from enorchestrator.evaluation.compare import losses
from enorchestrator.registry.gates import Floor
from enstorage import Connector, DataSource
from enstorage.errors import InvalidInputError

#: Groups by the local time of the target.
SEASONS = ("quarter", "month", "weekday", "hour", "season")
#: By the days between two rows, up to which they are usual.
_USUAL = ((0.99, ("hour", "weekday")), (6.9, ("weekday", "month")), (80.0, ("month",)), (300.0, ("quarter",)))
_DAY = 86_400 * 10**9
_OF_MONTH = ("winter", "winter", *["spring"] * 3, *["summer"] * 3, *["autumn"] * 3, "winter")


def usual_groups(rows: pl.DataFrame, connector: Connector) -> tuple[str, ...]:
    """Groupings that say most about rows, by the distance between their times; without those that they do not have.

    Args:
        rows: `series` and `id`.
        connector: the store.
    """
    ids = rows["series"].unique().to_list()
    found = ("series",) if len(ids) > 1 else ()
    sources = DataSource.get_list(ids, connector=connector)
    if any(each.calendar is not None and each.calendar.is_counter for each in sources):
        return found
    times = np.unique(rows["id"].to_numpy())
    days = float(np.median(np.diff(times))) / _DAY if len(times) > 1 else np.inf
    return (*found, *next((names for longest, names in _USUAL if days < longest), ()))


def errors_of_groups(rows: pl.DataFrame, floor: Floor, connector: Connector) -> dict[str, float]:
    """The error of each group that has enough rows, the worst first.

    Args:
        rows: `series`, `id`, `truth`, `forecast`.
        floor: what is grouped by, and its metric.
        connector: the store.

    Raises:
        InvalidInputError: the rows cannot be grouped like this.
    """
    labelled = rows.with_columns(
        _labels(rows, floor.by, connector).alias("group"),
        pl.Series("loss", losses(rows["truth"], rows["forecast"], floor.metric)),
    )
    found = labelled.group_by("group").agg(pl.len().alias("rows"), pl.col("loss").mean())
    found = found.filter(pl.col("rows") >= floor.rows).sort("loss", "group", descending=[True, False])
    return {
        str(group): float(np.sqrt(loss)) if floor.metric == "rmse" else float(loss)
        for group, loss in found.select("group", "loss").rows()
    }


def _labels(rows: pl.DataFrame, by: str, connector: Connector) -> pl.Series:
    ids = rows["series"].unique().to_list()
    sources = {each.id: each for each in DataSource.get_list(ids, connector=connector)}
    if by == "series":
        return rows["series"].replace_strict({id: each.name for id, each in sources.items()}, return_dtype=pl.String)
    if by in SEASONS:
        return _by_time(rows, by, sources)
    tags = {id: each.tags.get(by) for id, each in sources.items()}
    missing = [sources[id].name for id, tag in tags.items() if tag is None]
    if missing:
        raise InvalidInputError(
            f"A floor is by {by!r}, which is no tag of the data source {missing[0]!r}; expected series, one of "
            f"{', '.join(SEASONS)}, or a tag of every source. Correct the gate, or tag the source.",
            field="gates",
        )
    return rows["series"].replace_strict({id: str(tag) for id, tag in tags.items()}, return_dtype=pl.String)


def _by_time(rows: pl.DataFrame, by: str, sources: dict[int, DataSource]) -> pl.Series:
    counters = [each.name for each in sources.values() if each.calendar is not None and each.calendar.is_counter]
    if counters:
        raise InvalidInputError(
            f"A floor is by {by}, and {counters[0]!r} counts steps, which have none; expected series or a tag. Correct the "
            "gate.",
            field="gates",
        )
    labels = np.empty(rows.height, dtype=object)
    series, times = rows["series"].to_numpy(), rows["id"].to_numpy()
    for id, source in sources.items():
        own = series == id
        local = pl.Series(times[own]).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(source.time_zone)
        labels[own] = _label(local, by)
    return pl.Series("group", labels.tolist(), dtype=pl.String)


def _label(local: pl.Series, by: str) -> list[str]:
    if by == "season":
        return [_OF_MONTH[month - 1] for month in local.dt.month().to_list()]
    if by == "weekday":
        return local.dt.strftime("%A").to_list()
    if by == "month":
        return local.dt.strftime("%B").to_list()
    if by == "hour":
        return local.dt.strftime("%H:00").to_list()
    return [f"Q{quarter}" for quarter in local.dt.quarter().to_list()]
