"""Forecasts of local models past the end of the data, and from origins in the past."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from enstorage import DataPreparation, Model
from enstorage.calendars.season import usual_season
from enstorage.preparation.split import Part
from entrainer.forecasting.history import Known
from entrainer.local.histories import Histories, SeriesPlace
from entrainer.local.specification import LocalForecast, LocalSpec

Floats = NDArray[np.float64]
Times = NDArray[np.int64]

#: Forecasts past the end that were made inside of `remembering_forecasts`, by what was asked.
_remembered: ContextVar[dict[tuple[object, ...], LocalForecast] | None] = ContextVar("remembered", default=None)


@contextmanager
def remembering_forecasts() -> Iterator[None]:
    """Inside of the block the same forecasts of a model past the end of the same rows are made once."""
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def local_forecasts(
    spec: LocalSpec, model: Model, known: Sequence[Known], horizon: int, quantiles: Sequence[float] = ()
) -> LocalForecast:
    """Forecast the steps after the last known row of each series, with parameters estimated from all its known rows.

    Args:
        spec: the local model.
        model: the stored one, for messages.
        known: the rows of each series.
        horizon: number of steps.
        quantiles: levels to forecast too, with 0.5, for which the point forecast stands.

    Returns:
        In source units, an origin for each series. A warning says which series were forecast in another way than asked.
    """
    rows = tuple((each.series, each.what, len(each.times)) for each in known)
    asked = (id(model.connector), model.id, rows, horizon, tuple(quantiles))
    kept = _remembered.get()
    if kept is not None and asked in kept:
        found = kept[asked]
    else:
        found = spec.forecast(histories_of(known), horizon, tuple(level for level in quantiles if level != 0.5))
        if kept is not None and model.id is not None:
            kept[asked] = found
    if found.remarks:
        first, remark = next(iter(found.remarks.items()))
        more = (
            f" The same or the like holds for {len(found.remarks) - 1} more series." if len(found.remarks) > 1 else ""
        )
        warnings.warn(f"{model}, {known[first].what}: {remark}{more}", stacklevel=4)
    levels = {**found.quantiles, 0.5: found.values} if quantiles else {}
    return replace(found, quantiles=dict(sorted(levels.items())))


def histories_of(known: Sequence[Known]) -> Histories:
    """The known rows of each series, from whose end is forecast."""
    rows = [len(each.cleaned) for each in known]
    return Histories.of(
        [each.cleaned for each in known],
        [usual_season(each.calendar) for each in known],
        rows,
        range(len(known)),
        rows,
        places=_places(known),
        measured=[each.is_measured for each in known],
    )


def local_hindcasts(
    spec: LocalSpec, preparation: DataPreparation, known: Known, origins: Times, horizon: int
) -> Floats:
    """Forecasts from each origin, with the rows before it known, and parameters estimated from train rows.

    Returns:
        In source units, (origins, horizon); NaN from origins whose last row before has no value.
    """
    table = preparation.table()
    trained = table.filter(table["part"] == Part.TRAIN)["time"].to_numpy()
    fitted = int(np.searchsorted(known.times, trained.max(initial=known.times[0] - 1), side="right"))
    rows = np.searchsorted(known.times, origins)
    has_value = np.zeros(len(origins), np.bool_)
    has_value[rows > 0] = np.isfinite(known.cleaned[rows[rows > 0] - 1])
    season = usual_season(known.calendar)
    forecasts = np.full((len(origins), horizon), np.nan)
    own = rows[has_value]
    histories = Histories.of(
        [known.cleaned],
        [season],
        [fitted],
        np.zeros(len(own), np.int64),
        own,
        places=_places([known]),
        measured=[known.is_measured],
    )
    forecasts[has_value] = spec.forecast(histories, horizon).values
    return forecasts


def _places(known: Sequence[Known]) -> list[SeriesPlace | None]:
    return [
        SeriesPlace(each.series, each.calendar, int(each.calendar.numbers(each.times[:1])[0]))
        if len(each.times)
        else None
        for each in known
    ]
