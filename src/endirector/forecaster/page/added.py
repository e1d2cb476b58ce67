"""Contributions of the members to the steps of a series, as a table of texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from endirector.forecaster.page.series_cards import SeriesCard
from endirector.reporting.plots import same_precision
from enstorage.errors import InvalidInputError, MissingLibraryError, NotFoundError

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

#: Steps that are shown, evenly taken.
_MOST_STEPS = 14


@dataclass(frozen=True, slots=True)
class AddedRows:
    """A table of contributions.

    Attributes:
        members: heads of the columns.
        is_sum: true if the contributions sum to the forecast; else the forecasts of the members are shown.
        rows: of each step: its number, a figure for each member, and the forecast; of covariates without the forecast.
    """

    members: Sequence[str]
    is_sum: bool
    rows: Sequence[Sequence[str]]


def added_to(cards: Sequence[SeriesCard], forecast: "AutoForecast") -> dict[str, AddedRows]:
    """The contributions to the forecasts of some series, by key.

    Series with one contributor have none, and none has any where a member cannot forecast any more, since it was deleted or
    its library is not installed here.
    """
    try:
        found = forecast.contributions([card.key for card in cards])
    except (InvalidInputError, NotFoundError, MissingLibraryError):
        return {}
    tables = {}
    for card in cards:
        own = found.filter(pl.col("series") == card.key)
        members = own["member"].unique(maintain_order=True).to_list()
        if len(members) < 2:
            continue
        # A median takes the members in the middle: what the others say tells more than their zeros.
        is_sum = not own.filter(pl.col("value").is_not_null())["weight"].is_in([None, 0.0]).any()
        wide = own.pivot("member", index="step", values="contribution" if is_sum else "value").sort("step")
        rows = []
        for place in _steps(wide):
            step, *parts = wide.row(place)
            shown = iter(
                same_precision([each for each in (*parts, float(card.forecast[place])) if each is not None], 3)
            )
            rows.append([str(step), *("–" if each is None else next(shown) for each in parts), next(shown)])
        tables[card.key] = AddedRows(members, is_sum, rows)
    return tables


def covariates_of(cards: Sequence[SeriesCard], forecast: "AutoForecast") -> dict[str, AddedRows]:
    """The parts of covariates in the forecasts of some series, by key; only of series where one has any."""
    try:
        found = forecast.covariate_contributions([card.key for card in cards])
    except (InvalidInputError, NotFoundError, MissingLibraryError):
        return {}
    sums = found.drop_nulls("contribution").group_by("series", "step", "covariate", maintain_order=True)
    by_key = sums.agg(pl.col("contribution").sum()).partition_by("series", as_dict=True)
    tables = {}
    for (key,), own in by_key.items():
        wide = own.pivot("covariate", index="step", values="contribution").sort("step")
        if not own["contribution"].to_numpy().any():  # the members that see them have no weight
            continue
        rows = []
        for place in _steps(wide):
            step, *parts = wide.row(place)
            rows.append([str(step), *same_precision(parts, 3)])
        tables[str(key)] = AddedRows(wide.columns[1:], True, rows)
    return tables


def _steps(wide: pl.DataFrame) -> range:
    """The places of steps that are shown."""
    return range(0, wide.height, max(1, -(-wide.height // _MOST_STEPS)))
