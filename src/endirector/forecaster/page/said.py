"""Forecasts of a series that were said before, beside the values that came, as a table of texts."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from endirector.forecaster.page.series_cards import SeriesCard
from endirector.reporting.plots import same_precision

#: So many of the last forecasts, and of the last values that came.
_MOST_ISSUES, _MOST_TIMES = 5, 14


@dataclass(frozen=True, slots=True)
class SaidRows:
    """A table of earlier forecasts.

    Attributes:
        heads: when each was said, and by whom where a person adjusted it.
        rows: of each time: its label, the value that came, and what was said, a figure or a dash.
    """

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


def said_of(cards: Sequence[SeriesCard], history: pl.DataFrame) -> dict[str, SaidRows]:
    """The earlier forecasts of some series, by key; only of series where a value came.

    Args:
        cards: the series.
        history: as `AutoForecast.history`.
    """
    tables = {}
    for card in cards:
        met = history.filter(pl.col("series") == card.key).drop_nulls("truth")
        issues = met["issue"].unique().sort().tail(_MOST_ISSUES).to_list()
        met = met.filter(pl.col("issue").is_in(issues))
        if met.is_empty():
            continue
        said = met.unique("issue").sort("issue").select("issued_at", "author").rows()
        wide = met.pivot("issue", index=["time", "truth"], values="value").sort("time").tail(_MOST_TIMES)
        rows = []
        for time, *figures in wide.select("time", "truth", *map(str, issues)).rows():
            shown = iter(same_precision([each for each in figures if each is not None], 3))
            rows.append([_short(time), *("–" if each is None else next(shown) for each in figures)])
        heads = [f"{at:%Y-%m-%d %H:%M}" + (f", {author}" if author else "") for at, author in said]
        tables[card.key] = SaidRows(heads, rows)
    return tables


def _short(label: str) -> str:
    """The label of a time without a clock that says nothing."""
    return label.removesuffix("Z").removesuffix("T00:00:00").replace("T", " ")
