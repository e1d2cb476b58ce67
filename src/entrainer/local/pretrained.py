"""`Pretrained`: models that were trained elsewhere, on many other series, as members: foundation models of time series."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

import numpy as np

from enstorage.errors import InvalidInputError
from entrainer.local.histories import Floats, Histories
from entrainer.local.specification import LocalForecast, LocalSpec

_MEDIAN = 0.5


@dataclass(frozen=True)
class Pretrained(LocalSpec):
    """An adapter of a model that forecasts any history without being fitted to it.

    A subclass loads the model by the model's own package and says in `predict` what it forecasts. It is a frozen dataclass
    with a `name`, registered as an entry point `enstorage.networks`. Of the model nothing is kept but this specification, so
    a field should name its weights. Equal histories must give equal forecasts.

    Attributes:
        fewest: Fewest measured values of a history that the model takes; with fewer the last value is forecast, and said.
        longest: Most values that the model looks at, the latest ones; None for all.
        at_once: Most histories in a call of `predict`.
    """

    fewest: ClassVar[int] = 3
    longest: ClassVar[int | None] = None
    at_once: ClassVar[int] = 256

    @abstractmethod
    def predict(self, histories: Sequence[Floats], horizon: int) -> Mapping[float, Floats]:
        """Forecast the steps 1 … horizon after each history.

        Args:
            histories: Values in source units, the oldest first, each of shape (length,) with a length of its own; NaN where
                a value was not measured.
            horizon: Number of steps.

        Returns:
            Quantiles by level, among them 0.5, the point forecast; each of shape (histories, horizon).
        """

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:
        """See `LocalSpec.forecast`. Levels that the model does not give are interpolated between those that it gives.

        Between levels, and beyond the outermost two, quantiles are linear in those of a normal distribution.

        Raises:
            InvalidInputError: `predict` returns another shape, or no median.
        """
        last = histories.values[np.maximum(histories.end - 1, 0)] if len(histories.values) else np.zeros(0)
        values = np.where(histories.length > 0, last, np.nan)[:, np.newaxis] + np.zeros(horizon)
        found = {level: values.copy() for level in quantiles}
        contexts = {
            origin: self._context(histories, origin) for origin in np.flatnonzero(histories.length > 0).tolist()
        }
        able = [origin for origin, own in contexts.items() if np.isfinite(own).sum() >= self.fewest]
        refused = []
        for first in range(0, len(able), self.at_once):
            rows = able[first : first + self.at_once]
            own = self._checked(self.predict([contexts[row] for row in rows], horizon), len(rows), horizon)
            good = np.flatnonzero(np.isfinite(np.stack(list(own.values()))).all(axis=(0, 2)))
            kept = np.array(rows)[good]
            refused += sorted({*rows} - {*kept.tolist()})
            values[kept] = own[_MEDIAN][good]
            for level in quantiles:
                found[level][kept] = at_level({each: table[good] for each, table in own.items()}, level)
        return LocalForecast(values, found, self._remarks(histories, contexts, refused))

    def _context(self, histories: Histories, origin: int) -> Floats:
        """The history of an origin, with NaN for values that were filled."""
        start, end = int(histories.start[histories.series[origin]]), int(histories.end[origin])
        start = start if self.longest is None else max(start, end - self.longest)
        return np.where(histories.measured[start:end], histories.values[start:end], np.nan)

    def _checked(self, told: Mapping[float, Floats], rows: int, horizon: int) -> dict[float, Floats]:
        own = {float(level): np.asarray(table, np.float64) for level, table in told.items()}
        shapes = {table.shape for table in own.values()}
        if shapes != {(rows, horizon)} or _MEDIAN not in own:
            raise InvalidInputError(
                f"{type(self).__name__}.predict gave the levels {sorted(own)} of the shapes {sorted(shapes)}; expected "
                f"{(rows, horizon)} and the level 0.5. Correct the adapter."
            )
        levels = sorted(own)
        tables = np.sort(np.stack([own[level] for level in levels]), axis=0)  # quantiles never cross
        return dict(zip(levels, tables, strict=True))

    def _remarks(self, histories: Histories, contexts: Mapping[int, Floats], refused: Sequence[int]) -> dict[int, str]:
        remarks: dict[int, str] = {}
        for origin, own in contexts.items():
            if (count := int(np.isfinite(own).sum())) < self.fewest:
                remarks[int(histories.series[origin])] = (
                    f"It has {count} measured values, and {self} needs {self.fewest}: forecast by its last value."
                )
        for origin in refused:
            series = int(histories.series[origin])
            remarks[series] = f"{self} gave no number for it: forecast by its last value."
        return remarks


def at_level(tables: Mapping[float, Floats], level: float) -> Floats:
    """A quantile from others, linear in the quantiles of a normal distribution; beyond them by the slope of the last two.

    Args:
        tables: by level, ascending and each of one shape; of a single level that one is given.
        level: that is wanted.
    """
    if level in tables or len(tables) == 1:
        return tables.get(level, next(iter(tables.values())))
    levels = list(tables)
    place = int(np.clip(np.searchsorted(levels, level), 1, len(levels) - 1))
    low, high = levels[place - 1], levels[place]
    normal = NormalDist()
    share = (normal.inv_cdf(level) - normal.inv_cdf(low)) / (normal.inv_cdf(high) - normal.inv_cdf(low))
    return tables[low] + share * (tables[high] - tables[low])
