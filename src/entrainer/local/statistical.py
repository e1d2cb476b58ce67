"""`Statistical`: models of statsforecast, fitted to each series alone."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_choice, check_size, check_sizes, refuse
from entrainer.local.histories import Histories
from entrainer.local.models_of_statsforecast import (
    KINDS,
    LIBRARY,
    SECONDS_TO_LOAD,
    Request,
    SeriesOrigins,
    forecast_one,
    library_for,
    make,
)
from entrainer.local.naive import check_season, seasons
from entrainer.local.specification import LocalForecast, LocalSpec
from entrainer.local.spread import forecast_spread


@dataclass(frozen=True)
class Statistical(LocalSpec):
    """A statistical model of the library statsforecast, fitted to each series alone.

    Attributes:
        model: Its name there, such as `AutoETS`; see `entrainer.local.models_of_statsforecast.KINDS`.
        season: Number of steps in a season; None for the usual one of the calendar, such as 12 for months. A series shorter
            than two seasons is fitted without. `MSTL` takes several, ascending, such as `(24, 168)` for hours.
        options: Further parameters of its constructor, such as `{"damped": True}`.
        last: Number of last values that it sees at each origin; None for all. Fitting some models takes time that grows with
            the square of it, and values of long ago say little.

    Raises:
        InvalidInputError: There is no such model, it does not take the options, or the season is no integer from 1.
    """

    name: ClassVar[str] = "statistical"

    model: str
    season: int | tuple[int, ...] | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    last: int | None = None

    def __post_init__(self) -> None:
        if self.last is not None:
            check_size(self, "last", 3)
        check_choice(self, "model", KINDS)
        if isinstance(self.season, list | tuple):
            check_sizes(self, "season")
            if not KINDS[self.model].takes_several or list(self.season) != sorted(set(self.season)):
                several = ", ".join(name for name, kind in KINDS.items() if kind.takes_several)
                refuse(self, "season", f"an integer; several, ascending, for {several} alone")
        else:
            check_season(self)
        known = KINDS[self.model].options
        if not isinstance(self.options, Mapping) or not set(self.options) <= set(known):
            refuse(
                self, "options", f"a dictionary with parameters of {self.model}: {', '.join(known) or 'it has none'}"
            )
        if not all(value is None or type(value) in (bool, int, float, str) for value in self.options.values()):
            refuse(self, "options", "numbers, texts, True, False or None as values")
        object.__setattr__(self, "options", dict(self.options))

    @property
    def gives_quantiles(self) -> bool:
        """True for models with a distribution; those for intermittent demand have none."""
        return KINDS[self.model].gives_quantiles

    @property
    def seconds_to_load(self) -> float:
        """See `LocalSpec.seconds_to_load`."""
        return 0.0 if LIBRARY in sys.modules else SECONDS_TO_LOAD

    def check(self) -> None:
        """See `LocalSpec.check`: the model is fitted to a few values."""
        library_for(self.model)
        _try(self.model, tuple(self.options.items()))

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:
        """See `LocalSpec.forecast`. Many series are spread over the cores."""
        usual, *longer = self.season if isinstance(self.season, tuple) else (self.season,)
        seasons_beside = tuple(each for each in longer if each)
        wanted = Request(self.model, self.options, horizon, tuple(quantiles), seasons_beside, self.last)
        values = np.full((len(histories.end), 1 + len(quantiles), horizon), np.nan)
        order = np.argsort(histories.series, kind="stable")
        owners, first = np.unique(histories.series[order], return_index=True)
        places = [rows[histories.length[rows] > 0] for rows in np.split(order, first[1:])] if len(order) else []
        chosen = [(int(owner), rows) for owner, rows in zip(owners, places, strict=True) if len(rows)]
        season = seasons(histories, usual)
        many = [_series(histories, owner, rows, int(season[owner])) for owner, rows in chosen]
        remarks = {}
        seconds = KINDS[self.model].seconds * len(many)
        for (owner, rows), found in zip(chosen, forecast_spread(forecast_one, wanted, many, seconds), strict=True):
            values[rows] = found.values
            if found.remark is not None:
                remarks[owner] = found.remark
        by_level = {level: values[:, number] for number, level in enumerate(quantiles, start=1)}
        return LocalForecast(values[:, 0], by_level, remarks)


def _series(histories: Histories, owner: int, rows: Any, season: int) -> SeriesOrigins:
    start = int(histories.start[owner])
    known = histories.end[rows] - start
    fitted = int(histories.fitted_end[owner]) - start
    return SeriesOrigins(histories.values[start : start + max(fitted, int(known.max()))], season, fitted, known)


@cache
def _try(model: str, options: tuple[tuple[str, Any], ...]) -> None:
    """Fit a model to a few values. Raises as `Statistical.check`."""
    try:
        made = make(model, dict(options), 4)
        made.fit(5 + np.sin(np.arange(30.0) ** 2))
        made.predict(h=1)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise InvalidInputError(
            f"{model} of statsforecast cannot be fitted with the options {dict(options)}: {error}. Correct them, or leave "
            "them out."
        ) from error
