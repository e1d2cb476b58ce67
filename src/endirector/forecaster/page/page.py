"""The page about the forecasts of a table, in one file for a browser."""

import warnings
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.resources import files
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from endirector.forecaster.issued.history import scores_of
from endirector.forecaster.page.added import AddedRows, added_to, covariates_of
from endirector.forecaster.page.group_content import GroupContent, content_of
from endirector.forecaster.page.said import SaidRows, said_of
from endirector.forecaster.page.series_cards import SeriesCard, cards_of, notable
from endirector.forecaster.page.small_fans import small_fan
from endirector.reporting.language import in_language, text
from endirector.reporting.page import at_two_widths, render_page
from endirector.reporting.plots import plot_fan, plot_forecasts
from endirector.reporting.report import Report
from enstorage.progress import Progress, listening

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

#: With more series than these the numbers of each step are in the table only.
_MOST_WITH_NUMBERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class PageContent:
    """The parts of the page.

    Attributes:
        forecast: its title, remarks and request.
        groups: the parts about ensembles.
        cards: the series that are shown.
        notable: some of them in large, each with a label and its picture.
        small: the small chart of each card.
        said: the errors of earlier forecasts, as `AutoForecast.scores` has them.
        added: what the members added to the forecasts in large, by key.
        covariates: what single covariates added to them.
        said_before: what was said of them before, and what came.
    """

    forecast: "AutoForecast"
    groups: list[GroupContent]
    cards: list[SeriesCard]
    notable: list[tuple[str, SeriesCard, str]]
    small: list[str]
    said: list[dict[str, Any]]
    added: Mapping[str, AddedRows]
    covariates: Mapping[str, AddedRows]
    said_before: Mapping[str, SaidRows]

    @property
    def series(self) -> int:
        """Number of series that were forecast."""
        return sum(len(group.tier.keys) for group in self.forecast.groups)

    @property
    def horizon(self) -> int:
        """Number of steps."""
        return self.forecast.groups[0].tier.plan.horizon

    @property
    def main(self) -> GroupContent | None:
        """The largest group with an ensemble that has a MASE; None if there is none."""
        return next((group for group in self.groups if group.mase is not None), None)

    @property
    def has_numbers(self) -> bool:
        """True if the numbers of each step stand on the page."""
        return len(self.cards) <= _MOST_WITH_NUMBERS

    @property
    def interval_heads(self) -> list[str]:
        """Heads of the ends of intervals in tables of numbers."""
        return [
            text(end, level=f"{level:.0%}")
            for level in sorted(self.forecast.request.levels)
            for end in ("{level} from", "{level} to")
        ]


def page_of(
    forecast: "AutoForecast", folder_or_file: str | PathLike[str] | None, language: str, progress: bool | Progress
) -> Report:
    """See `AutoForecast.report`."""
    with (
        in_language(language),
        forecast.panel.connector as connector,
        listening(progress) as report,
        connector.database.remembering(),
    ):
        report("Errors", 0, 100)
        board = forecast.leaderboard
        groups = []
        judged = zip(forecast.groups, forecast.backtests, forecast.tried, strict=True)
        for done, (group, backtest, tried) in enumerate(judged):
            report("Intervals", 20 + 40 * done // len(forecast.groups), 100)
            own = board.filter(pl.col("group") == group.tier.name)
            groups.append(content_of(group, backtest, own, tried))
        report("Series", 60, 100)
        cards = cards_of(forecast)
        large = [(label, card, at_two_widths(partial(_large, card))) for label, card in notable(cards)]
        with warnings.catch_warnings():
            # The members forecast again, and what they remark stands among the remarks of the page.
            warnings.simplefilter("ignore", UserWarning)
            added, covariates = (act([card for _, card, _ in large], forecast) for act in (added_to, covariates_of))
        history = forecast.history()
        content = PageContent(
            forecast=forecast,
            groups=groups,
            cards=cards,
            notable=large,
            small=[_small(card) for card in cards],
            said=scores_of(history).to_dicts(),
            added=added,
            covariates=covariates,
            said_before=said_of([card for _, card, _ in large], history),
        )
        report("Drawing", 80, 100)
        script = files("endirector").joinpath("search.js").read_text(encoding="utf-8")
        digest = b64encode(sha256(script.encode()).digest()).decode()
        made = Report(render_page("endirector", "autoforecast.html.j2", content=content, script=script, digest=digest))
        report("Writing", 100, 100)
    return made if folder_or_file is None else made.save(folder_or_file)


def _small(card: SeriesCard) -> str:
    from markupsafe import Markup

    bands = [card.bands[level] for level in sorted(card.bands, reverse=True)]
    return Markup(small_fan(card.history, card.forecast, bands, text("Forecast of {series}", series=card.key)))  # noqa: S704 - it escapes


def _large(card: SeriesCard, *, width: float) -> str:
    known, ahead = len(card.history), len(card.forecast)
    truth = np.append(card.history, np.full(ahead, np.nan))
    # The line of the forecast begins at the last known value.
    last = card.history[-1:]
    forecast = np.concatenate([np.full(known - 1, np.nan), last, card.forecast])
    title = text("Last values of {series}, and their forecast", series=card.key)
    bands = {
        level: tuple(np.concatenate([np.full(known - 1, np.nan), last, end]) for end in ends)
        for level, ends in card.bands.items()
        if np.isfinite(ends[0]).any()
    }
    if not bands:
        name = text("forecast")
        return plot_forecasts(
            card.on_axis(), truth, {name: forecast}, unit=card.unit, highlighted=(name,), title=title, width=width
        )
    return plot_fan(card.on_axis(), truth, forecast, bands, unit=card.unit, title=title, width=width)  # type: ignore[arg-type]
