"""The scale and the smallest value of a series, from the values of its train rows that were measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage import DataPreparation
from enstorage.calendars.season import usual_season
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from entrainer.forecasting.calibration.basis import Calibration
from entrainer.forecasting.calibration.residuals import Residuals
from entrainer.forecasting.calibration.sizes import sizes_of

#: The value below which no end of an interval lies: a number, `found` in the train values, or None for no floor.
Floor = float | Literal["found"] | None


#: The last part of the values, whose changes count as much for the size of errors as all changes.
_LATE = 4
#: At least so many late changes.
_FEWEST_LATE = 6


@dataclass(frozen=True, slots=True)
class TrainValues:
    """The measured train values of a series, in the units of the source.

    Attributes:
        scale: size of its changes from one season to the next, see `running_scale`; 0 for a constant series, NaN for fewer
            than two values.
        smallest: the smallest value; NaN if there is none.
        change: mean absolute change from one value to the next, as `scale`.
        times: of all rows, ns, ascending, shape (rows,); None where they are not needed.
        scales: the scale of the values up to each row, shape (rows,).
    """

    scale: float
    smallest: float
    change: float = np.nan
    times: NDArray[np.int64] | None = field(default=None, compare=False, repr=False)
    scales: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, preparation: DataPreparation) -> "TrainValues":
        """The measured values of the train rows of a preparation."""
        table = preparation.table()
        truth = preparation.truth().cast(pl.Float64).fill_null(np.nan).to_numpy()
        train = table["part"].to_numpy() == Part.TRAIN
        season = usual_season(preparation.data_snapshot.calendar)
        found = cls.of_values(truth[train], season)
        return replace(found, times=table["time"].to_numpy(), scales=running_scale(truth, season))

    @classmethod
    def of_values(cls, values: NDArray[np.float64], season: int = 1) -> "TrainValues":
        """Values in the units of the source, NaN where none was measured, shape (rows,)."""
        measured = values[np.isfinite(values)]
        return cls(
            scale=float(running_scale(values, season)[-1]) if len(measured) > 1 else np.nan,
            smallest=float(measured.min()) if len(measured) else np.nan,
            change=float(running_scale(values, 1)[-1]) if len(measured) > 1 else np.nan,
        )

    @property
    def repeats(self) -> bool:
        """True for a series that varies and repeats its season exactly, but for rounding errors."""
        return self.change > 0 and self.scale <= _ROUNDING * self.change

    def origin(self, id: NDArray[np.int64], step: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """The number of the last row that was known when some targets were forecast, below 0 for none. See `growth`."""
        return (np.zeros(len(id), np.int64) if self.times is None else np.searchsorted(self.times, id)) - step

    def growth(self, id: NDArray[np.int64], step: NDArray[np.integer[Any]]) -> NDArray[np.float64]:
        """The scale divided by that of the values known at the origin of some forecasts, from 0.1 to 10; 1 for none.

        Args:
            id: times of the targets, ns.
            step: of each target, from 1.
        """
        if self.scales is None or not self.scale > 0:
            return np.ones(len(id))
        last = self.origin(id, step)
        then = np.where(last >= 0, self.scales[np.maximum(last, 0)], np.nan)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(then > 0, self.scale / then, 1.0)
        return np.clip(ratio, 1 / _MOST_GROWTH, _MOST_GROWTH)


#: Scales below this share of the changes from one value to the next are rounding errors.
_ROUNDING = 1e-9
#: A series of a few values may have hardly changed by chance.
_MOST_GROWTH = 10.0


def running_scale(values: NDArray[np.float64], season: int) -> NDArray[np.float64]:
    """The mean absolute change from one season to the next of the values up to each row, averaged with the late one.

    The late one is that of the last quarter, at least six changes: errors grow with a series. Where fewer than two changes
    of a season are known, those from one value to the next are taken.

    Args:
        values: at equal spacing, NaN where there is none, shape (rows,).
        season: in rows.

    Returns:
        Shape (rows,); NaN where no change is known.
    """
    found = _running(values, season) if season < len(values) else np.full(len(values), np.nan)
    return found if season == 1 else np.where(np.isfinite(found), found, _running(values, 1))


def _running(values: NDArray[np.float64], season: int) -> NDArray[np.float64]:
    changes = np.full(len(values), np.nan)
    changes[season:] = np.abs(values[season:] - values[:-season])
    is_known = np.isfinite(changes)
    total, count = (
        np.concatenate([[0.0], np.cumsum(each)]) for each in (np.where(is_known, changes, 0.0), is_known.astype(float))
    )
    end = np.arange(1, len(values) + 1)
    late = np.maximum(end - np.maximum(end // _LATE, _FEWEST_LATE), 0)
    enough = 1 if season == 1 else 2
    with np.errstate(divide="ignore", invalid="ignore"):
        every = np.where(count[end] >= enough, total[end] / count[end], np.nan)
        of_late = (total[end] - total[late]) / (count[end] - count[late])
    return np.asarray((every + np.where(np.isfinite(of_late), of_late, every)) / 2)


def checked_floor(floor: object) -> Floor:
    """The floor as given.

    Raises:
        InvalidInputError: it is no finite number, no `found` and not None.
    """
    is_number = isinstance(floor, int | float | np.integer | np.floating) and not isinstance(floor, bool)
    if floor is None or floor == "found":
        return floor
    if not is_number or not isfinite(floor):  # type: ignore[arg-type]
        raise InvalidInputError(
            f"floor is a number, 'found' or None for no floor; received {floor!r:.40}. Give the smallest possible value."
        )
    return float(floor)  # type: ignore[arg-type]


def growth_of(
    train: Mapping[int, TrainValues], series: NDArray[np.int64], id: NDArray[np.int64], step: NDArray[np.integer[Any]]
) -> NDArray[np.float64]:
    """The factors by which errors of several series are enlarged to the size of their series at its end; 1 for one series.

    Args:
        train: of the series.
        series: data source id of each target, shape (rows,).
        id: time of each target, ns, shape (rows,).
        step: of each target, shape (rows,).
    """
    found, sources = np.ones(len(id)), np.unique(series).tolist()
    for source in sources if len(sources) > 1 else ():
        own = series == source
        if source in train:
            found[own] = train[source].growth(id[own], step[own])
    return found


def residuals_of_several(
    kind: str,
    train: Mapping[int, TrainValues],
    series: NDArray[np.int64],
    id: NDArray[np.int64],
    step: NDArray[np.integer[Any]],
    truth: NDArray[np.float64],
    forecast: NDArray[np.float64],
) -> Residuals:
    """Residuals of one or several series; of several each in the size of its series at its end, see `TrainValues.growth`.

    Args:
        kind: of the forecasts.
        train: values of the series.
        series: data source id of each target, shape (rows,).
        id: time of each target, ns, shape (rows,).
        step: of each target, shape (rows,).
        truth: of each target, shape (rows,).
        forecast: of each target, shape (rows,).
    """
    growth, scale, origin = growth_of(train, series, id, step), np.full(len(id), np.nan), np.zeros(len(id), np.int64)
    for source in train.keys() & set(series.tolist()):
        own = series == source
        origin[own] = train[source].origin(id[own], step[own])
        has_scale = train[source].scale > 0 and not train[source].repeats
        scale[own] = train[source].scale if has_scale else np.nan
    sizes = sizes_of((truth - forecast) * growth / scale, series, step, origin)
    return Residuals.of(kind, step, truth, forecast, series, growth, sizes)


def calibration_by(train: Mapping[int, TrainValues], residuals: Residuals) -> Calibration:
    """The residuals with the scales of their series.

    Errors of a series that repeats its season exactly are not 0 for ever: it is taken to be as regular as the most regular
    one of the others, by its scale beside its changes from one value to the next.
    """
    regular = {series: own for series, own in train.items() if not own.repeats}
    least = min((own.scale / own.change for own in regular.values() if own.scale > 0 and own.change > 0), default=0.0)
    scales = {series: own.scale for series, own in regular.items()}
    return Calibration(residuals, scales, {series: least * own.change for series, own in train.items() if own.repeats})


def floors_of(floor: Floor, train: Mapping[int, TrainValues]) -> dict[int, float]:
    """The floor of each series that has one: the given number, or 0 where no measured train value is below 0."""
    if floor is None:
        return {}
    if floor == "found":
        return {series: 0.0 for series, own in train.items() if own.smallest >= 0}
    return dict.fromkeys(train, float(floor))
