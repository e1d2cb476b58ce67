"""The figures of a report."""

from functools import partial
from typing import Any

import polars as pl

from endirector.reporting.content import Content
from endirector.reporting.coverage_by_step import in_words, levels_of
from endirector.reporting.language import text, word
from endirector.reporting.page import at_two_widths

#: Largest number of bars; the most important members are drawn.
BARS = 20


def plots_of(content: Content) -> dict[str, str]:
    """All plots that have data, by name, as markup for wide and for narrow screens."""
    drawn = {
        "forecasts": _forecasts(content),
        "errors": _errors(content),
        "weights": _weights(content),
        "row_weights": _row_weights(content),
        "fan": _fan(content),
        "coverage": _coverage(content),
        "coverage_by_step": _coverage_by_step(content),
        "correlations": _correlations(content),
        "leave_one_out": _leave_one_out(content),
    }
    return {name: at_two_widths(plot) for name, plot in drawn.items() if plot is not None}


def _forecasts(content: Content) -> Any:
    from endirector.reporting.plots import plot_forecasts

    if content.period is None:
        return None
    drawn = content.drawn
    columns = [name for name in drawn.columns if name.startswith("member_")]
    curves = {name: drawn[column].to_numpy() for name, column in zip(content.names, columns, strict=True)}
    return partial(
        plot_forecasts,
        content.on_axis(drawn["id"].to_numpy()),
        drawn["truth"].to_numpy(),
        {**curves, content.shown_label: drawn["ensemble"].to_numpy()},
        unit=content.unit,
        highlighted=(content.shown_label,),
        title=text(
            "Forecasts of the members and of the ensemble, and the truth, on the {part} part",
            part=word(content.judged),
        ),
    )


def _errors(content: Content) -> Any:
    from endirector.reporting.plots import plot_errors

    measured = content.metrics[content.judged]
    errors = {name: measured["members"][name][content.measure] for name in content.names}
    best = sorted(errors, key=lambda name: errors[name])[:BARS]
    errors[content.shown_label] = measured["ensemble"][content.measure]
    names = sorted([*best, content.shown_label], key=lambda name: errors[name])
    return partial(
        plot_errors,
        names,
        [errors[name] for name in names],
        unit=content.unit,
        highlighted=(content.shown_label,),
        title=text("Errors of the members and of the ensemble on the {part} part", part=word(content.judged)),
    )


def _weights(content: Content) -> Any:
    from endirector.reporting.plots import plot_bars

    if content.weights is None:
        return None
    names = _largest(content.weights)
    return partial(
        plot_bars,
        names,
        [content.weights[name] for name in names],
        unit=text("weight"),
        title=text("Weights of the members"),
    )


def _row_weights(content: Content) -> Any:
    from endirector.reporting.plots import plot_weights

    table = content.row_weights
    if table is None or content.period is None:
        return None
    shares = table.select(pl.col("^weight_.*$")).to_numpy()
    return partial(
        plot_weights,
        content.on_axis(table["id"].to_numpy()),
        shares,
        content.names,
        title=text("Weights of the members over the targets"),
    )


def _fan(content: Content) -> Any:
    from endirector.reporting.plots import plot_fan

    if content.intervals is None or content.period is None:
        return None
    drawn = content.intervals.drawn
    bands = {
        share: (drawn[f"low_{share}"].to_numpy(), drawn[f"high_{share}"].to_numpy())
        for share in content.intervals.coverage
    }
    return partial(
        plot_fan,
        content.on_axis(drawn["id"].to_numpy()),
        drawn["truth"].to_numpy(),
        drawn["ensemble"].to_numpy(),
        bands,
        unit=content.unit,
        title=text("Intervals of the ensemble and the truth on the {part} part", part=word(content.judged)),
    )


def _coverage(content: Content) -> Any:
    from endirector.reporting.plots import plot_coverage

    if content.intervals is None:
        return None
    nominal, measured = list(content.intervals.coverage), list(content.intervals.coverage.values())
    return partial(plot_coverage, nominal, measured, title=text("Coverage of the intervals"))


def _coverage_by_step(content: Content) -> Any:
    from endirector.reporting.plots import plot_coverage_by_step

    known = [each for each in content.steps if each.test_rows]
    if len(known) < 2:
        return None
    levels = levels_of(known)
    shares = {in_words(level): [own.shares.get(level) for own in known] for level in levels}
    nominal = {in_words(level): level.level for level in levels}
    title = text("Coverage of the intervals by step")
    return partial(plot_coverage_by_step, [each.step for each in known], shares, nominal, title=title)


def _correlations(content: Content) -> Any:
    from endirector.reporting.plots import plot_correlations

    if len(content.names) == 1:
        return None
    found = content.diagnosis["parts"][content.judged]["correlations"]
    return partial(plot_correlations, content.names, found, title=text("Correlations of the members’ errors"))


def _leave_one_out(content: Content) -> Any:
    from endirector.reporting.plots import plot_bars

    without = content.diagnosis["parts"][content.judged]["leave_one_out"]
    if without is None:
        return None
    changes = {name: own["change"] for name, own in without.items()}
    ordered = sorted(_largest(changes), key=lambda name: -changes[name])
    return partial(
        plot_bars,
        ordered,
        [changes[name] for name in ordered],
        unit=content.squared,
        highlighted=content.diagnosis["suggestion"]["drop"],
        title=text("Change of the ensemble error without each member"),
    )


def _largest(values: dict[str, float]) -> list[str]:
    """All names in their order; if there are more than `BARS`, those with the largest absolute values, sorted."""
    if len(values) <= BARS:
        return list(values)
    return sorted(values, key=lambda name: -abs(values[name]))[:BARS]
