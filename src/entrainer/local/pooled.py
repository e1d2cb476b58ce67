"""`PooledAutoregression`: a linear autoregression learned over all series, and corrected for each by its own values."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_number, check_size
from entrainer.local.histories import Flags, Floats, Histories, Ints
from entrainer.local.specification import LocalForecast, LocalSpec

#: Penalties of which cross-validation takes the best for the coefficients of all series.
_PENALTIES = np.logspace(-1, 4, 8)
#: More windows than these, evenly taken, do not change the coefficients of all series.
MOST_WINDOWS = 20_000
#: Fewer windows say nothing about coefficients: then each series follows its mean change.
FEWEST_WINDOWS = 20
#: Windows are learned from that have at least so many changes of the series, or a third of the lag.
_FEWEST_SEEN = 6
#: Rough processor seconds of loading the ridge regression.
_SECONDS_TO_LOAD = 1.2
#: Fewer changes have no mean and size that stand for those to come.
FEWEST_CHANGES = 2


@dataclass(frozen=True)
class PooledAutoregression(LocalSpec):
    """A linear autoregression of the changes of a series, each divided by the size of the changes of its series.

    Each step ahead has coefficients of its own, by ridge regression over the windows of all series. Those of a series are
    these and a correction by its own windows, penalised so that the coefficients of all series count as much as `shrinkage`
    windows of its own: a long series follows itself, a short one the others. Before the first value of a series its changes
    are taken to be the mean ones, so that a series shorter than the lag has a forecast too.

    A model of it is fitted once, and its coefficients are kept: a series is forecast alone as among the others, also a new
    one. Beyond the steps that were learned, forecasts are made from forecasts.

    Attributes:
        lag: number of changes that it sees.
        shrinkage: above 0.
        coefficients: of all series, a row for each change, oldest first, and one for the constant; a column for each step.
            None until it is fitted.

    Raises:
        InvalidInputError: a parameter is out of range, or the coefficients have another shape.
    """

    name: ClassVar[str] = "pooled-autoregression"
    gives_quantiles: ClassVar[bool] = False

    lag: int
    shrinkage: float = 100.0
    coefficients: tuple[tuple[float, ...], ...] | None = field(default=None, repr=False, hash=False)

    def __post_init__(self) -> None:
        check_size(self, "lag")
        check_number(self, "shrinkage", 0, above=True)
        if self.coefficients is not None:
            try:
                table = np.array(self.coefficients, dtype=np.float64)
            except (ValueError, TypeError):
                table = np.empty(0)
            if table.ndim != 2 or len(table) != self.lag + 1 or not table.size or not np.isfinite(table).all():
                raise InvalidInputError(
                    f"PooledAutoregression: coefficients are no table of {self.lag + 1} rows of finite numbers, one for "
                    "each of the changes and one for the constant. Leave them out: they are fitted."
                )
            object.__setattr__(self, "coefficients", tuple(map(tuple, table.tolist())))

    def __str__(self) -> str:
        """Name and parameters, without the coefficients."""
        return super(PooledAutoregression, replace(self, coefficients=None)).__str__()

    @property
    def seconds_to_load(self) -> float:
        """See `LocalSpec.seconds_to_load`."""
        return 0.0 if "sklearn.linear_model" in sys.modules else _SECONDS_TO_LOAD

    def fitted(self, histories: Histories, horizon: int) -> Self:
        """See `LocalSpec.fitted`."""
        if self.coefficients is not None:
            return self
        from sklearn.linear_model import RidgeCV

        own = [SeriesChanges.of(histories, series) for series in range(len(histories.start))]
        total = sum(each.known_windows(self.lag, horizon) for each in own)
        table = np.zeros((self.lag + 1, horizon))
        if total >= FEWEST_WINDOWS:
            every = -(-total // MOST_WINDOWS)
            windows = [each.windows(self.lag, horizon, every) for each in own]
            seen, ahead = (np.concatenate(each) for each in zip(*windows, strict=True))
            for steps, rows in _alike(np.isfinite(ahead)):
                if len(rows) >= FEWEST_WINDOWS:
                    ridge = RidgeCV(alphas=_PENALTIES).fit(seen[rows], ahead[np.ix_(rows, steps)])
                    table[:, steps] = np.vstack(
                        [
                            np.reshape(ridge.coef_, (len(steps), self.lag)).T,
                            np.reshape(ridge.intercept_, (1, len(steps))),
                        ]
                    )
        return replace(self, coefficients=tuple(map(tuple, table.tolist())))

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:  # noqa: ARG002 - it gives none
        """See `LocalSpec.forecast`. A model that is not fitted is fitted to these histories first."""
        table = np.array(self.fitted(histories, horizon).coefficients)
        values = np.full((len(histories.end), horizon), np.nan)
        remarks = {}
        for series, rows in origins_by_series(histories):
            own, known = SeriesChanges.of(histories, series), histories.length[rows]
            last = histories.values[histories.end[rows] - 1, np.newaxis]
            if own.fitted < FEWEST_CHANGES:
                remarks[series] = f"It has {own.fitted + 1} values to learn from: forecast by its last value."
                values[rows] = last
                continue
            coefficients = table + own.correction(table, self.lag, self.shrinkage)
            values[rows] = last + np.cumsum(own.ahead(coefficients, self.lag, known - 1, horizon), axis=1)
        return LocalForecast(values, {}, remarks)


class SeriesChanges(NamedTuple):
    """The changes of one series.

    Attributes:
        scaled: less their mean and divided by their standard deviation, shape (changes,).
        targets: the same, NaN where a value of the change was not measured but filled.
        fitted: the first so many may be learned from.
        mean: of those.
        deviation: of those; 1 if they are all equal.
    """

    scaled: Floats
    targets: Floats
    fitted: int
    mean: float
    deviation: float

    @classmethod
    def of(cls, histories: Histories, series: int) -> "SeriesChanges":
        """The changes of a series by its number."""
        start, stop = int(histories.start[series]), int(histories.stop[series])
        changes, measured = np.diff(histories.values[start:stop]), histories.measured[start:stop]
        are_measured = measured[1:] & measured[:-1]
        fitted = max(0, int(histories.fitted_end[series]) - start - 1)
        known = changes[:fitted][are_measured[:fitted]]
        known = known if len(known) else np.zeros(1)
        mean, deviation = float(known.mean()), float(known.std()) or 1.0
        scaled = (changes - mean) / deviation
        return cls(scaled, np.where(are_measured, scaled, np.nan), fitted, mean, deviation)

    def known_windows(self, lag: int, horizon: int) -> int:
        """Number of its windows that may be learned from."""
        return max(0, self.fitted - _least(lag) - horizon + 1)

    def windows(self, lag: int, horizon: int, every: int = 1) -> tuple[Floats, Floats]:
        """The windows that may be learned from, (windows, lag), and the changes after each, (windows, horizon).

        NaN for changes that were not measured.
        """
        count = self.known_windows(lag, horizon)
        if not count:
            return np.empty((0, lag)), np.empty((0, horizon))
        before = np.zeros(lag - _least(lag))
        seen, ahead = (
            sliding_window_view(np.concatenate([before, each[: self.fitted]]), lag + horizon)[
                (count - 1) % every :: every
            ]
            for each in (self.scaled, self.targets)
        )
        return seen[:, :lag], ahead[:, lag:]

    def known(self, lag: int, known: Ints) -> Floats:
        """The last changes of some numbers of known ones, those before the first the mean ones, shape (origins, lag)."""
        padded = np.concatenate([np.zeros(lag), self.scaled])
        return np.asarray(padded[known[:, np.newaxis] + np.arange(lag)])

    def correction(self, table: Floats, lag: int, shrinkage: float) -> Floats:
        """Part that is added to the coefficients of all series, (lag + 1, steps)."""
        seen, ahead = self.windows(lag, table.shape[1])
        left = ahead - seen @ table[:lag] - table[lag]
        own = np.zeros_like(table)
        for steps, rows in _alike(np.isfinite(left)):
            X, y = seen[rows], left[np.ix_(rows, steps)]
            own[:lag, steps] = np.linalg.solve(X.T @ X + shrinkage * np.eye(lag), X.T @ y)
        return own

    def ahead(self, coefficients: Floats, lag: int, known: Ints, horizon: int) -> Floats:
        """The changes after some numbers of known ones, shape (origins, horizon)."""
        path = self.known(lag, known)
        while path.shape[1] < lag + horizon:
            path = np.hstack([path, path[:, -lag:] @ coefficients[:lag] + coefficients[lag]])
        return np.asarray(path[:, lag : lag + horizon] * self.deviation + self.mean)


def _alike(are_measured: Flags) -> Iterator[tuple[Ints, Ints]]:
    """Steps together with the windows in which they were measured, (windows, steps): all at once where there are no gaps."""
    steps = np.arange(are_measured.shape[1])
    for group in [steps] if are_measured.all() else steps[:, np.newaxis]:
        yield group, np.flatnonzero(are_measured[:, group[0]])


def _least(lag: int) -> int:
    return min(lag, max(_FEWEST_SEEN, lag // 3))


def origins_by_series(histories: Histories) -> Iterator[tuple[int, Ints]]:
    """Each series with the numbers of its origins that know a value."""
    known = np.flatnonzero(histories.length > 0)
    order = known[np.argsort(histories.series[known], kind="stable")]
    owners, first = np.unique(histories.series[order], return_index=True)
    yield from zip(owners.tolist(), np.split(order, first[1:]) if len(order) else (), strict=True)
