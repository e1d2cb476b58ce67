"""Plots of prediction intervals: a fan around the forecast, and the coverage."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from endirector.reporting.language import text
from endirector.reporting.plots.canvas import (
    ACCENT,
    DASHES,
    INK,
    MEMBERS,
    MUTED,
    column,
    dates,
    draw_svg,
    gapped_columns,
    legend_above,
    legend_columns,
    plot_truth,
    time_axis,
)
from enstorage.errors import InvalidInputError


def plot_fan(
    times_ns: NDArray[np.int64] | NDArray[np.float64],
    truth: ArrayLike,
    forecast: ArrayLike,
    bands: Mapping[float, tuple[ArrayLike, ArrayLike]],
    *,
    unit: str,
    title: str = "Intervals and truth",
    width: float = 9.0,
) -> str:
    """Draw a forecast with its intervals, narrower ones darker, and the truth.

    Args:
        times_ns: Times of the targets, ascending, shape (n,); floats are numbers of an integer axis.
        truth: True values, in `unit`, shape (n,); NaN leaves a gap.
        forecast: The point forecast, shape (n,).
        bands: Lower and upper end of each interval, each of shape (n,), by its nominal coverage.
        unit: Unit of the values, written over the axis.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The shapes differ, or there is no point or no interval.
    """
    actual, centre = column(truth, len(times_ns), "truth"), column(forecast, len(times_ns), "forecast")
    if not bands:
        raise InvalidInputError("A fan needs at least one interval; got none.")
    ends = {
        share: (column(low, len(times_ns), f"lower {share:g}"), column(high, len(times_ns), f"upper {share:g}"))
        for share, (low, high) in bands.items()
    }
    times = dates(times_ns)

    def draw(axes: Axes) -> None:
        shown = []
        for index, share in enumerate(sorted(ends, reverse=True)):
            alpha = 0.14 + 0.18 * index / max(1, len(ends) - 1)
            axes.fill_between(times, ends[share][0], ends[share][1], color=ACCENT, alpha=alpha, linewidth=0)
            shown.append(Patch(color=ACCENT, alpha=min(0.9, alpha * (index + 1)), linewidth=0))
        (middle,) = axes.plot(times, centre, color=ACCENT, linewidth=2.0, zorder=3)
        (line,) = plot_truth(axes, times, actual, width)
        axes.set_title(unit)
        axes.grid(axis="y")
        time_axis(axes, times)
        names = [text("truth"), text("ensemble"), *(f"{share:.0%}" for share in sorted(ends, reverse=True))]
        legend_above(axes, [line, middle, *shown], names, legend_columns(names, width))

    return draw_svg(draw, title, width, 3.4)


def plot_coverage(
    nominal: ArrayLike, measured: ArrayLike, *, title: str = "Coverage of the intervals", width: float = 9.0
) -> str:
    """Draw the measured coverage of intervals against the nominal coverage; on the dashed line both are equal.

    Args:
        nominal: Shares from 0 to 1, shape (intervals,).
        measured: Shares from 0 to 1, shape (intervals,).
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, there is no interval, or a share is not from 0 to 1.
    """
    wanted = np.asarray(nominal, dtype=np.float64)
    found = column(measured, wanted.size, "measured")
    if not ((wanted >= 0) & (wanted <= 1) & (found >= 0) & (found <= 1)).all():
        raise InvalidInputError(f"Shares are from 0 to 1; got {wanted.tolist()} and {found.tolist()}.")
    order = np.argsort(wanted)
    wanted, found = wanted[order], found[order]

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle=(0, (3, 2)))
        axes.plot(wanted, found, "D-", color=ACCENT, linewidth=1.4, markersize=5.5)
        apart = [True, *(later - sooner > 0.06 for sooner, later in pairwise(wanted))]
        for share, own, is_apart in zip(wanted, found, apart, strict=True):
            if is_apart:
                axes.annotate(f"{own:.0%}", (share, own), (8, -4), textcoords="offset points", va="top", color=INK)
        ticks = np.linspace(0, 1, 6)
        axes.set_xticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set(xlim=(0, 1.08), ylim=(0, 1.05), xlabel=text("nominal coverage"))
        axes.set_title(text("measured"))
        axes.grid()
        axes.set_aspect("equal", anchor="W")

    return draw_svg(draw, title, width, min(width, 3.8))


def plot_coverage_by_step(
    steps: Sequence[int],
    shares: Mapping[str, Sequence[float | None]],
    nominal: Mapping[str, float],
    *,
    title: str = "Coverage of the intervals by step",
    width: float = 9.0,
) -> str:
    """Draw the measured coverage of intervals at each step ahead; dashed lines are the nominal coverage.

    Args:
        steps: Steps ahead, ascending, shape (steps,).
        shares: By name of the interval the measured shares from 0 to 1, shape (steps,); None leaves a gap.
        nominal: By name of the interval the nominal share.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, or there is no step or no interval.
    """
    if not shares:
        raise InvalidInputError("Coverage by step needs at least one interval; got none.")
    found = gapped_columns(shares, len(steps))

    def draw(axes: Axes) -> None:
        lines = []
        for index, (name, own) in enumerate(found.items()):
            colour, dash = MEMBERS[index % len(MEMBERS)], DASHES[index % len(DASHES)]
            axes.axhline(nominal[name], color=colour, linewidth=1.0, linestyle=(0, (3, 2)))
            lines += axes.plot(steps, own, "D", color=colour, linestyle=dash, linewidth=1.4, markersize=4.5)
        ticks = np.linspace(0, 1, 6)
        axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])
        axes.set(ylim=(0, 1.05), xlabel=text("step ahead"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(text("measured"))
        axes.grid(axis="y")
        legend_above(axes, lines, list(found), legend_columns(list(found), width))

    return draw_svg(draw, title, width, 3.0)
