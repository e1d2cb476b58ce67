"""The inputs of a version: the values that came after its data, in the scale that its members see."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enorchestrator.monitoring.alerts import Seen
from enorchestrator.monitoring.drift.expected import Expected
from enorchestrator.monitoring.drift.window import judged_windows
from enorchestrator.monitoring.settings import MonitorSettings
from enstorage import DataPreparation, DataSource
from enstorage.calendars.season import usual_season
from enstorage.entity._rows import rows_now
from enstorage.errors import EnstorageError
from enstorage.preparation.split import Part

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class NewRows:
    """The rows of a series, from the first train row to the present.

    Attributes:
        source: the data source.
        times: starts of the buckets, ns, shape (rows,).
        values: measured, in source units, NaN where none was, shape (rows,).
        prepared: the same in the scale that members see.
        train: number of rows up to the last train row.
        known: number of rows that were known at the release.
        season: number of buckets in a season.
    """

    source: DataSource
    times: NDArray[np.int64]
    values: Floats
    prepared: Floats
    train: int
    known: int
    season: int


def rows_of_inputs(entity: "Ensemble | Model") -> Iterator[NewRows]:
    """The rows of each series that an ensemble or a model was made from; without those of events."""
    seen: set[int] = set()
    for record in entity.lineage().records:
        if not isinstance(record, DataPreparation):
            continue
        snapshot = record.data_snapshot
        source = snapshot.data_source
        if source.id in seen or source.calendar is None:
            continue
        seen.add(source.id)
        known_times, _ = snapshot.read()
        table = record.table()
        of_train = table.filter(table["part"] == Part.TRAIN)["time"].to_numpy()
        if not len(of_train):
            continue
        # As snapshots see them: a last bucket whose points are still coming is no truth yet.
        rows = rows_now(source)
        later = rows.times >= known_times[0]
        times, values = rows.times[later], rows.values[later]
        yield NewRows(
            source=source,
            times=times,
            values=values,
            prepared=_prepared(record, values),
            train=int(np.searchsorted(times, of_train[-1], side="right")),
            known=int(np.searchsorted(times, known_times[-1], side="right")),
            season=usual_season(source.calendar),
        )


def drift_of(rows: NewRows, settings: MonitorSettings) -> list[Seen]:
    """The whole windows of the rows that came after the release; none where the train rows say too little."""
    expected = Expected.learn(rows.prepared[: rows.train], rows.times[: rows.train], rows.season)
    if expected is None:
        return []
    new = slice(rows.known, None)
    found = judged_windows(
        expected,
        rows.prepared[new],
        rows.times[new],
        rows.known,
        rows=settings.rows,
        false_alarm=settings.false_alarm,
        seed=settings.seed,
    )
    calendar = rows.source.calendar
    assert calendar is not None  # noqa: S101 - of rows of buckets
    seen = []
    for each in found:
        first, last = (int(rows.times[rows.known + at]) for at in (each.first, each.first + each.rows - 1))
        end = int(calendar.after(last, 1)[0])
        seen.append(Seen("drift", rows.source.id, first, end, each.to_json(), each.exceeded))
    return seen


def _prepared(preparation: DataPreparation, values: Floats) -> Floats:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(preparation.transform.apply(values), dtype=np.float64)
    except EnstorageError:  # values beyond the domain of the transform, such as below 0 for a logarithm
        return values
