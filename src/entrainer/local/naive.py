"""The naive family: forecasts by the last value, the last season, the drift or the mean, of all series at once.

Formulas, also of the quantiles, which take normal errors: Hyndman & Athanasopoulos 2021, Forecasting: Principles and
Practice, 3rd edition, sections 5.2 and 5.5.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from enstorage.parameters.described import check_size
from entrainer.local.histories import Floats, Histories, Ints
from entrainer.local.specification import LocalForecast, LocalSpec


@dataclass(frozen=True)
class NaiveSpec(LocalSpec):
    """A model without parameters to estimate, computed for all series and origins at once."""

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:
        """See `LocalSpec.forecast`."""
        known = (histories.length > 0)[:, np.newaxis]
        step = np.arange(1, horizon + 1)
        if not len(histories.values):
            nothing = np.full((len(histories.end), horizon), np.nan)
            return LocalForecast(nothing, dict.fromkeys(quantiles, nothing))
        values = np.where(known, self._points(histories, step), np.nan)
        found = {}
        if quantiles:
            deviation = self._deviation(histories, step)
            found = {level: values + NormalDist().inv_cdf(level) * deviation for level in quantiles}
        return LocalForecast(values, found, self._remarks(histories))

    @abstractmethod
    def _points(self, histories: Histories, step: Ints) -> Floats:
        """Point forecasts, (origins, horizon); any number for origins without a known value."""

    @abstractmethod
    def _deviation(self, histories: Histories, step: Ints) -> Floats:
        """Standard deviation of the errors, (origins, horizon); 0 where it is not known."""

    def _remarks(self, histories: Histories) -> dict[int, str]:  # noqa: ARG002 - others need it
        return {}


@dataclass(frozen=True)
class Naive(NaiveSpec):
    """The last known value for each step."""

    name: ClassVar[str] = "naive"

    def _points(self, histories: Histories, step: Ints) -> Floats:
        return _last(histories) + np.zeros(len(step))

    def _deviation(self, histories: Histories, step: Ints) -> Floats:
        ones = np.ones_like(histories.end)
        return _deviation_of_changes(histories, ones) * np.sqrt(step)


@dataclass(frozen=True)
class SeasonalNaive(NaiveSpec):
    """The last known value of the same place in the season.

    Attributes:
        season: Number of steps in a season; None for the usual one of the calendar, such as 12 for months. A series shorter
            than a season is forecast by its last value.
    """

    name: ClassVar[str] = "seasonal-naive"

    season: int | None = None

    def __post_init__(self) -> None:
        check_season(self)

    def _points(self, histories: Histories, step: Ints) -> Floats:
        season = self._season(histories)[:, np.newaxis]
        at = histories.end[:, np.newaxis] - season + (step - 1) % season
        return histories.values[np.maximum(at, 0)]

    def _deviation(self, histories: Histories, step: Ints) -> Floats:
        season = self._season(histories)
        seasons_ahead: Ints = (step - 1) // season[:, np.newaxis] + 1
        return np.asarray(_deviation_of_changes(histories, season) * np.sqrt(seasons_ahead))

    def _remarks(self, histories: Histories) -> dict[int, str]:
        known, season = histories.most_known, seasons(histories, self.season)
        return {
            series: f"It has {known[series]} values, less than a season of {season[series]}: forecast by its last value."
            for series in np.flatnonzero((known < season) & (known > 0)).tolist()
        }

    def _season(self, histories: Histories) -> Ints:
        """The season of each origin, (origins,); 1 where fewer values are known."""
        season = seasons(histories, self.season)[histories.series]
        return np.where(histories.length < season, 1, season)


@dataclass(frozen=True)
class Drift(NaiveSpec):
    """The last known value, and for each step the mean change between known values."""

    name: ClassVar[str] = "drift"

    def _points(self, histories: Histories, step: Ints) -> Floats:
        return _last(histories) + _slope(histories) * step

    def _deviation(self, histories: Histories, step: Ints) -> Floats:
        changes = np.maximum(histories.length - 1, 1)[:, np.newaxis]
        squares = _mean_square_of_changes(histories, np.ones_like(histories.start))[:, np.newaxis]
        variance = np.maximum(squares - _slope(histories) ** 2, 0.0)
        return np.asarray(np.sqrt(variance * step * (1 + step / changes)))


@dataclass(frozen=True)
class Mean(NaiveSpec):
    """The mean of the known values for each step; filled ones do not count."""

    name: ClassVar[str] = "mean"

    def _points(self, histories: Histories, step: Ints) -> Floats:
        return _mean(histories) + np.zeros(len(step))

    def _deviation(self, histories: Histories, step: Ints) -> Floats:
        length = _measured_length(histories)[:, np.newaxis]
        first = histories.values[np.minimum(histories.start, len(histories.values) - 1)]
        # Small numbers, whose squares keep their digits.
        apart = np.where(histories.measured, histories.values - first[histories.owner], 0.0)
        squares = histories.total(apart**2)[:, np.newaxis]
        variance = np.maximum(squares - histories.total(apart)[:, np.newaxis] ** 2 / length, 0.0)
        deviation: Floats = np.sqrt(variance / np.maximum(length - 1, 1) * (1 + 1 / length))
        return deviation + np.zeros(len(step))


def check_season(spec: LocalSpec) -> None:
    """Check that the field `season` is an integer from 1, or None.

    Raises:
        InvalidInputError: It is not.
    """
    if getattr(spec, "season", None) is not None:
        check_size(spec, "season")


def seasons(histories: Histories, season: int | None) -> Ints:
    """The season of each series, (series,): the given one, or the usual ones."""
    return histories.season if season is None else np.full_like(histories.season, season)


def _last(histories: Histories) -> Floats:
    return histories.values[np.maximum(histories.end - 1, 0), np.newaxis]


def _slope(histories: Histories) -> Floats:
    """The mean change between the values known at each origin, (origins, 1); 0 for a single value."""
    first = histories.values[np.minimum(histories.start, len(histories.values) - 1)][histories.series, np.newaxis]
    slope: Floats = (_last(histories) - first) / np.maximum(histories.length - 1, 1)[:, np.newaxis]
    return slope


def _mean(histories: Histories) -> Floats:
    known = np.where(histories.measured, histories.values, 0.0)
    return (histories.total(known) / _measured_length(histories))[:, np.newaxis]


def _measured_length(histories: Histories) -> Floats:
    """The number of measured values known at each origin, at least 1, (origins,)."""
    return np.maximum(histories.total(histories.measured.astype(np.float64)), 1.0)


def _mean_square_of_changes(histories: Histories, season: Ints) -> Floats:
    """The mean square of the changes from one season before that are known at each origin, (origins,); season: (series,).

    Both values of a change were measured; 0 where there is none.
    """
    at = np.arange(len(histories.values))
    before = at - season[histories.owner]
    earlier = np.maximum(before, 0)
    has_one = (before >= histories.start[histories.owner]) & histories.measured & histories.measured[earlier]
    squares = np.where(has_one, histories.values - histories.values[earlier], 0.0) ** 2
    return histories.total(squares) / np.maximum(histories.total(has_one.astype(np.float64)), 1.0)


def _deviation_of_changes(histories: Histories, season: Ints) -> Floats:
    """The root mean square of the changes from one season before that are known at each origin, (origins, 1).

    Origins of a series with fewer values than a season, whose `season` is 1, take changes from the value before.
    """
    squares = np.empty(len(season))
    for each in np.unique(season).tolist():
        own = season == each
        squares[own] = _mean_square_of_changes(histories, np.full_like(histories.start, each))[own]
    return np.asarray(np.sqrt(squares)[:, np.newaxis])
