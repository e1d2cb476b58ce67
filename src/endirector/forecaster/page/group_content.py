"""The part of a page about one ensemble: leaderboard, weights, errors by step, coverage of intervals."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from endirector.forecaster.group import Group
from endirector.forecaster.results.backtested import ENSEMBLE, Backtest
from endirector.forecaster.results.coverage import COVERAGE, TriedIntervals
from endirector.reporting.language import text, word
from endirector.reporting.page import at_two_widths
from endirector.reporting.plots import (
    plot_bars,
    plot_by_step,
    plot_coverage,
    plot_coverage_by_step,
    plot_errors,
    same_precision,
)
from endirector.selection.form import method_in_words
from enstorage import Ensemble
from enstorage.errors import NotFoundError

_HEADS = {"mase": "MASE", "rmsse": "RMSSE", "mae": "MAE", "smape": "sMAPE", "seconds": "Seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupContent:
    """A group on the page.

    Attributes:
        group: with its series.
        board: rows of the leaderboard, as `AutoForecast.leaderboard` has them.
        coverage: as of `TriedIntervals.coverage`.
        yardstick: name and MASE of the best naive forecast; None where there is none.
        mase: of the ensemble; None where there is none.
        plots: by name, markup.
    """

    group: Group
    board: pl.DataFrame
    coverage: pl.DataFrame
    yardstick: tuple[str, float] | None
    mase: float | None
    plots: dict[str, str]

    @property
    def method(self) -> str:
        """The method of the ensemble in words; empty without an ensemble."""
        ensemble = self.group.ensemble
        return "" if ensemble is None else method_in_words(ensemble.method, None, ensemble.parameters or {})

    @property
    def heads(self) -> list[str]:
        """The heads of the leaderboard."""
        return [word(head) for head in _HEADS.values()]

    def board_rows(self) -> list[dict[str, Any]]:
        """The leaderboard as texts: `name`, `is_ensemble`, `is_combined`, `figures`."""
        columns = [_figures(self.board[name].to_list()) for name in _HEADS]
        return [
            {**row, "figures": figures}
            for row, figures in zip(
                self.board.select("name", "is_ensemble", "is_combined").iter_rows(named=True),
                zip(*columns, strict=True),
                strict=True,
            )
        ]

    def coverage_rows(self) -> list[dict[str, Any]]:
        """The coverage of each level over all steps: `level`, `share`, `rows`."""
        found = self.coverage.group_by("level", maintain_order=True).agg(pl.col("inside", "rows").sum()).sort("level")
        return [{"level": level, "share": inside / rows, "rows": rows} for level, inside, rows in found.rows() if rows]


def content_of(
    group: Group, backtest: Backtest | None, board: pl.DataFrame, tried: TriedIntervals | None
) -> GroupContent:
    """Gather what the page shows of a group.

    Args:
        group: with or without an ensemble.
        backtest: of it; None where nothing was judged.
        board: its rows of the leaderboard.
        tried: its intervals, tried on the past; None where there are none.
    """
    naive = {member.name for member in group.tier.plan.members if member.is_yardstick}
    judged = board.drop_nulls("mase")
    yardsticks = judged.filter(pl.col("name").is_in(naive)).select("name", "mase").rows()
    own = judged.filter("is_ensemble")["mase"].to_list()
    yardstick = min(yardsticks, key=lambda each: each[1]) if yardsticks else None
    ensemble, coverage = group.ensemble, pl.DataFrame(schema=COVERAGE) if tried is None else tried.coverage()
    drawn = {
        "errors": _errors(judged, naive),
        "weights": _weights(ensemble),
        "by_step": _by_step(backtest, yardstick),
        "coverage": _coverage(coverage),
        "coverage_by_step": _coverage_by_step(coverage),
    }
    return GroupContent(
        group=group,
        board=board,
        coverage=coverage,
        yardstick=yardstick,
        mase=own[0] if own else None,
        plots={name: at_two_widths(plot) for name, plot in drawn.items() if plot is not None},
    )


def _errors(judged: pl.DataFrame, naive: set[str]) -> Any:
    if judged.height < 2:
        return None
    names = [word(name) for name in judged["name"].to_list()]
    return partial(
        plot_errors,
        names,
        judged["mase"].to_list(),
        unit="MASE",
        highlighted=(word(ENSEMBLE),),
        hollow={word(name) for name in naive},
        title=text("Errors of the ensemble and its members from rolling origins"),
    )


def _weights(ensemble: Ensemble | None) -> Any:
    if ensemble is None:
        return None
    try:
        weights = ensemble.weights()
    except NotFoundError:  # a median, or weights that differ by step
        return None
    return partial(
        plot_bars,
        [word(name) for name in weights],
        list(weights.values()),
        unit=text("weight"),
        title=text("Weights of the members"),
    )


def _by_step(backtest: Backtest | None, yardstick: tuple[str, float] | None) -> Any:
    if backtest is None:
        return None
    names = [ENSEMBLE, *([yardstick[0]] if yardstick else [])]
    found = {name: backtest.by_step(name, "mase") for name in names}
    steps = sorted(found[ENSEMBLE])
    if len(steps) < 2:
        return None
    curves = {word(name): [own.get(step) for step in steps] for name, own in found.items()}
    return partial(
        plot_by_step, steps, curves, unit="MASE", highlighted=(word(ENSEMBLE),), title=text("Errors by step ahead")
    )


def _coverage(coverage: pl.DataFrame) -> Any:
    found = coverage.group_by("level", maintain_order=True).agg(pl.col("inside", "rows").sum()).sort("level")
    if not found.height:
        return None
    measured = (found["inside"] / found["rows"]).to_list()
    return partial(plot_coverage, found["level"].to_list(), measured, title=text("Coverage of the intervals"))


def _coverage_by_step(coverage: pl.DataFrame) -> Any:
    steps = coverage["step"].unique().sort().to_list()
    if len(steps) < 2:
        return None
    shares, nominal = {}, {}
    for level in coverage["level"].unique().sort().to_list():
        own = dict(coverage.filter(level=level).select("step", pl.col("inside") / pl.col("rows")).rows())
        shares[f"{level:.0%}"], nominal[f"{level:.0%}"] = [own.get(step) for step in steps], level
    return partial(plot_coverage_by_step, steps, shares, nominal, title=text("Coverage of the intervals by step"))


def _figures(values: list[float | None]) -> list[str]:
    known = iter(same_precision([value for value in values if value is not None], 3))
    return ["–" if value is None else next(known) for value in values]
