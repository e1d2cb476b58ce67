"""Plot of forecasts and the truth."""

import math
from collections.abc import Collection, Mapping

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from endirector.reporting.language import text
from endirector.reporting.plots.canvas import (
    ACCENT,
    DASHES,
    MEMBERS,
    MUTED,
    column,
    dates,
    draw_svg,
    legend_above,
    legend_columns,
    legend_name,
    plot_truth,
    time_axis,
)


def plot_forecasts(
    times_ns: NDArray[np.int64] | NDArray[np.float64],
    truth: ArrayLike,
    forecasts: Mapping[str, ArrayLike],
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Forecasts and truth",
    width: float = 9.0,
) -> str:
    """Draw forecasts and the truth.

    Args:
        times_ns: Times of the targets, ascending, shape (n,); floats are numbers of an integer axis.
        truth: True values, in `unit`, shape (n,); NaN leaves a gap.
        forecasts: Forecasts by name, each of shape (n,). More than four that are not highlighted share one colour.
        unit: Unit of the values, written over the axis.
        highlighted: Names drawn with a thick line: the ensembles.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The shapes differ or there is no point.
    """
    actual = column(truth, len(times_ns), "truth")
    curves = {name: column(curve, len(times_ns), name) for name, curve in forecasts.items()}
    times = dates(times_ns)
    others = [name for name in curves if name not in highlighted]
    strong = [name for name in curves if name in highlighted]
    distinct = len(others) <= len(MEMBERS)
    entries = [text("truth"), *(others if distinct else [text("{n} members", n=len(others))]), *strong]
    labels = [legend_name(entry) for entry in entries]
    columns = legend_columns(labels, width)

    def draw(axes: Axes) -> None:
        lines = plot_truth(axes, times, actual, width)
        for index, name in enumerate(others):
            colour, dash = (MEMBERS[index], DASHES[index]) if distinct else (MUTED, "solid")
            line = axes.plot(times, curves[name], color=colour, linestyle=dash, linewidth=1.0, alpha=0.9)
            if distinct or not index:
                lines += line
        for name in strong:
            lines += axes.plot(times, curves[name], color=ACCENT, linewidth=2.4, zorder=3)
        axes.set_title(unit)
        axes.grid(axis="y")
        time_axis(axes, times)
        legend = legend_above(axes, lines, labels, columns)
        for entry in legend.get_texts()[len(labels) - len(strong) :]:
            entry.set_fontweight("bold")

    return draw_svg(draw, title, width, 3.2 + 0.2 * math.ceil(len(labels) / columns))
