"""The series of a page: the forecast of each with its history, and the order in which they are shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.reporting.content import on_axis
from endirector.reporting.language import text
from endirector.reporting.plots import same_precision
from enstorage.calendars.calendar import Calendar
from entrainer.forecasting.calibration.levels import Level

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

Floats = NDArray[np.float64]

#: A page shows so many series; all are in the table.
MOST_SERIES = 1000
#: Last values that a small chart has, as a multiple of the horizon, and their least and largest number.
_HORIZONS, _FEWEST, _MOST = 4, 24, 120
#: From here on values are written as powers of ten; and charts, which take differences, go up to the second figure.
_MOST_WITH_DIGITS, _MOST_DRAWN = 1e15, 1e300


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCard:
    """A series with its forecast.

    Attributes:
        key: of the series.
        clock: of it.
        unit: of its values; empty for none.
        times: of the last known values, then of the forecast, ns.
        history: the last known values, shape (n,), NaN in gaps.
        forecast: shape (horizon,).
        bands: lower and upper ends, shape (horizon,) each, by level; NaN where there is none.
        mase: on rolling origins; None where it has none.
    """

    key: str
    clock: Calendar
    unit: str
    times: NDArray[np.int64]
    history: Floats
    forecast: Floats
    bands: Mapping[float, tuple[Floats, Floats]]
    mase: float | None

    @property
    def period(self) -> str:
        """The first and the last time of the forecast."""
        labels = self.labels()
        return labels[0] if len(labels) == 1 else text("{first} to {last}", first=labels[0], last=labels[-1])

    def labels(self) -> list[str]:
        """The times of the forecast, without what is the same for all: seconds, the clock of days, the offset of UTC."""
        texts = [self.clock.label(time).removesuffix("Z") for time in self.times[len(self.history) :].tolist()]
        for end in ("T00:00:00", ":00"):
            if all(text.endswith(end) and "T" in text for text in texts):
                texts = [text.removesuffix(end) for text in texts]
        return [text.replace("T", " ") for text in texts]

    @property
    def next_values(self) -> str:
        """The first forecast, with the narrowest interval."""
        ends = next(((low[0], high[0]) for _, (low, high) in sorted(self.bands.items())), (np.nan, np.nan))
        known = [each for each in (self.forecast[0], *ends) if np.isfinite(each)]
        shown = same_precision(known, 3)
        return (
            shown[0]
            if len(shown) < 3
            else text("{value} ({low} to {high})", value=shown[0], low=shown[1], high=shown[2])
        )

    def on_axis(self) -> NDArray[np.int64] | NDArray[np.float64]:
        """The times as plots take them."""
        return on_axis(self.times, self.clock)

    def rows(self) -> list[list[str]]:
        """The forecast as a table: time, forecast, and the ends of each interval."""
        ends = [each for _, band in sorted(self.bands.items()) for each in band]
        columns = np.stack([self.forecast, *ends])
        sizes = np.abs(columns[np.isfinite(columns)])
        # As many decimals as a usual value needs: the lowest end may be close to zero.
        usual = float(np.median(sizes)) if len(sizes) else 0.0
        decimals = len(same_precision([usual])[0].partition(".")[2])
        shown = [[_shown(value, decimals) for value in column] for column in columns.tolist()]
        return [list(row) for row in zip(self.labels(), *shown, strict=True)]


def _shown(value: float, decimals: int) -> str:
    """A value as text; of very large ones its digits say nothing."""
    text = f"{value:,.{decimals}f}" if abs(value) < _MOST_WITH_DIGITS else f"{value:.4g}"
    return text.replace("-", "−") if np.isfinite(value) else "–"


def cards_of(forecast: "AutoForecast") -> list[SeriesCard]:
    """The series in the order of the table; at most `MOST_SERIES`, evenly taken."""
    sources, tables = forecast.panel.sources(), forecast.table.partition_by("series", as_dict=True)
    errors = dict(forecast.errors.select("series", "mase").rows())
    keys = [key for key in sources if (key,) in tables]
    places = np.unique(np.linspace(0, len(keys) - 1, min(len(keys), MOST_SERIES)).astype(np.intp))
    cards = []
    for key in (keys[place] for place in places):
        table, source = tables[(key,)], sources[key]
        points = table.filter(pl.col("quantile").is_null()).sort("step")
        horizon = points.height
        tail = min(max(_HORIZONS * horizon, _FEWEST), max(_MOST, 2 * horizon))
        times, values = forecast.snapshots[key].read()
        ahead = source.clock.after(int(times[-1]), horizon)
        cards.append(
            SeriesCard(
                key=key,
                clock=source.clock,
                unit=source.unit or "",
                times=np.concatenate([times[-tail:], ahead]),
                history=np.clip(values[-tail:], -_MOST_DRAWN, _MOST_DRAWN),
                forecast=points["value"].cast(pl.Float64).fill_null(np.nan).clip(-_MOST_DRAWN, _MOST_DRAWN).to_numpy(),
                bands={level: _band(table, level, horizon) for level in forecast.request.levels},
                mase=errors.get(key),
            )
        )
    return cards


def notable(cards: Sequence[SeriesCard]) -> list[tuple[str, SeriesCard]]:
    """The series with the best, the median and the worst error, of those that have one; else the first ones."""
    judged = sorted((card for card in cards if card.mase is not None), key=lambda card: card.mase or 0.0)
    if len(judged) < 3:
        return [("", card) for card in cards[:3]]
    return [
        ("smallest error", judged[0]),
        ("median error", judged[len(judged) // 2]),
        ("largest error", judged[-1]),
    ]


def _band(table: pl.DataFrame, level: float, horizon: int) -> tuple[Floats, Floats]:
    found = []
    for end in Level(level).quantiles:
        own = table.filter((pl.col("quantile") - end).abs() < 1e-9)
        values = np.full(horizon, np.nan)
        values[own["step"].to_numpy() - 1] = own["value"].to_numpy()
        found.append(values)
    return found[0], found[1]
