"""Covariates as callers give them: values that are known ahead, or another forecast of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from enstorage import DataSnapshot
from enstorage.entity._rows import rows_of_points
from enstorage.errors import InvalidInputError
from enstorage.series.base import Points
from enstorage.sources.points import as_numbers
from entrainer.forecasting.asked.unseen import points_of
from entrainer.forecasting.history import Known

NAIVE = "naive"


@dataclass(frozen=True, slots=True)
class CovariateForecaster:
    """Another that forecasts a covariate.

    Attributes:
        shown: as messages name it.
        forecast: from the number of steps, the first time (ns) and the id of the data source to a table of forecasts.
    """

    shown: str
    forecast: Callable[[int, int, int | None], pl.DataFrame]

    def __str__(self) -> str:
        return self.shown


@dataclass(frozen=True, slots=True)
class CovariatesAhead:
    """Values of covariates past the end of the data, by the names of their data sources.

    Attributes:
        known: values that are known ahead: a sequence from the first time to forecast on, or a table with times, in the
            units of the source.
        others: who forecasts a covariate where it is not known: `naive` for its last value, or another.
        snapshots: newer ones of covariates.
        is_cut: covariates are not known from the first time to forecast on; else they are up to the end of their data.
    """

    known: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, CovariateForecaster | str] = field(default_factory=dict)
    snapshots: tuple[DataSnapshot, ...] = ()
    is_cut: bool = False

    def check(self, who: str, names: list[str]) -> None:
        """Refuse names that are not those of the covariates.

        Raises:
            InvalidInputError: a name is another, or stands in both; or what forecasts a covariate cannot.
        """
        unknown = [name for name in {**self.known, **self.others} if name not in names]
        if unknown:
            raise InvalidInputError(
                f"Values are given for {', '.join(map(str, unknown))}; {who} sees besides its own series: "
                f"{', '.join(names) or 'none'}. Give the names of these data sources."
            )
        wrong = {
            name: other
            for name, other in self.others.items()
            if other != NAIVE and not isinstance(other, CovariateForecaster)
        }
        for name, other in wrong.items():
            raise InvalidInputError(
                f"others has for {name} {other!r:.60}; expected a model of this series, an ensemble in endirector.forecast, "
                f"or {NAIVE!r}. Values go into known."
            )


def known_points(given: Any, name: str, covariate: Known, like: DataSnapshot, first: int) -> Points:
    """Times and values that are known ahead, in the units of the source.

    Args:
        given: a sequence of numbers from the first time to forecast on; or a table of times and values, such as a table of
            forecasts.
        name: of the covariate.
        covariate: its known rows.
        like: its snapshot, by whose calendar and aggregate a table is grouped.
        first: the first time to forecast, ns.

    Raises:
        InvalidInputError: it is neither, or a value is missing.
    """
    if isinstance(given, pl.DataFrame) and {"id", "value", "quantile"} <= set(given.columns):
        points = given.filter(pl.col("quantile").is_null()).sort("id")
        return points["id"].to_numpy(), points["value"].to_numpy()
    if isinstance(given, list | np.ndarray | pl.Series) or (isinstance(given, tuple) and not _is_pair(given)):
        values = as_numbers(given)
        if not len(values) or not np.isfinite(values).all():
            raise InvalidInputError(
                f"known has for {name} {len(values)} values, {int((~np.isfinite(values)).sum())} of them missing; expected "
                "finite numbers, one for each step from the first time to forecast on."
            )
        before = int(covariate.calendar.floor(np.array([first - 1]))[0])
        return covariate.calendar.after(before, len(values)), values
    rows = rows_of_points(like, *points_of(given, covariate.calendar), keep_partial=True)
    return rows.times, rows.values


def _is_pair(given: tuple[Any, ...]) -> bool:
    return len(given) == 2 and not any(isinstance(each, int | float) for each in given)
