"""Issued forecasts: what the version in production says of targets that are not known yet, kept to be judged later."""

import warnings
from typing import TYPE_CHECKING, Any

import polars as pl
from sqlalchemy import insert, select

from enorchestrator.registry.find import PRODUCTION, find_version
from enorchestrator.registry.loading import load_version
from enstorage import Connector, DataSnapshot, DataSource, Ensemble
from enstorage.connector import bound_to
from enstorage.errors import InvalidInputError
from enstorage.ledger import IssuedForecast, ModelVersion

if TYPE_CHECKING:
    from enstorage import Model

_AT_ONCE = 1_000


def issue_forecasts(
    name: str,
    horizon: int = 1,
    *,
    levels: tuple[float, ...] = (),
    version: int | str = PRODUCTION,
    connector: Connector | None = None,
) -> pl.DataFrame:
    """Forecast the steps after the present data by a version, and keep the forecasts to be judged when the truths come.

    The first forecast of a target and a step counts: asking again keeps it, and gives the same table.

    Args:
        name: of the registered model.
        horizon: number of steps.
        levels: of intervals that the table has too.
        version: its number, or an alias.
        connector: the store; the current one by default.

    Returns:
        Columns as of `endirector.forecast`.

    Raises:
        CorruptError: the version is no longer what was registered.
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store:
        found = find_version(name, version, connector=store)
        entity = load_version(name, found.version, connector=store)
        sources = sources_of(entity)
        table = _forecast(entity, horizon, levels, [newest_snapshot(each) for each in sources])
        keep_issued(found, table.filter(pl.col("quantile").is_null()), store)
        return table


def keep_issued(version: ModelVersion, points: pl.DataFrame, store: Connector) -> int:
    """Keep point forecasts of a version, those that are not kept yet; returns their number.

    Args:
        version: that made them.
        points: `series`, `id`, `step`, `value`.
        store: the store.
    """
    own = IssuedForecast.version_id == version.id
    with store.transaction() as session:
        columns = (IssuedForecast.series, IssuedForecast.target, IssuedForecast.step)
        known = {tuple(row) for row in session.execute(select(*columns).where(own))}
        rows = [
            {"version_id": version.id, "series": series, "target": target, "step": step, "value": value}
            for series, target, step, value in points.select("series", "id", "step", "value").rows()
            if (series, target, step) not in known
        ]
        for start in range(0, len(rows), _AT_ONCE):
            session.execute(insert(IssuedForecast), rows[start : start + _AT_ONCE])
    return len(rows)


def sources_of(entity: "Ensemble | Model") -> list[DataSource]:
    """The data sources of an ensemble or a model.

    Raises:
        InvalidInputError: it has none, as models of arrays.
    """
    found = [each for each in entity.lineage().records if isinstance(each, DataSource)]
    if not found:
        raise InvalidInputError(
            f"{entity} was made from no data source, so nothing can follow its data. Watch another one."
        )
    return found


def newest_snapshot(source: DataSource) -> DataSnapshot:
    """A snapshot with all points of a source: the latest one, or a new one if points came after it."""
    latest = source.snapshots()[-1:]
    extent = source.connector.series.extent(source.id)
    if latest and extent is not None and source.calendar is not None:
        end = source.calendar.after(int(latest[0].read()[0][-1]), 1)[0]
        if extent[1] < end and latest[0].check():
            return latest[0]
    return source.create_snapshot("for forecasts of a released version")


def _forecast(
    entity: "Ensemble | Model", horizon: int, levels: tuple[float, ...], snapshots: list[DataSnapshot]
) -> pl.DataFrame:
    import endirector
    import entrainer

    given: dict[str, Any] = {"snapshot": snapshots[0]} if len(snapshots) == 1 else {"series": snapshots}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(entity, Ensemble):
            return endirector.forecast(entity, horizon, levels=levels, progress=False, **given)
        return entrainer.forecast(entity, horizon, levels=levels, **given)
