"""Plot of weights that differ by target."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from endirector.reporting.language import text
from endirector.reporting.plots.canvas import (
    DASHES,
    MEMBERS,
    MUTED,
    NARROW,
    dates,
    draw_svg,
    legend_above,
    legend_name,
    time_axis,
)
from enstorage.errors import InvalidInputError


def plot_weights(
    times_ns: NDArray[np.int64] | NDArray[np.float64],
    weights: ArrayLike,
    names: Sequence[str],
    *,
    title: str = "Weights over time",
    width: float = 9.0,
) -> str:
    """Draw the weights of members over time; only the four members with the largest mean weights have own colours.

    Args:
        times_ns: Times of the targets, ascending, shape (n,); floats are numbers of an integer axis.
        weights: Shape (n, members).
        names: The members.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: There is no point, or the shape is wrong.
    """
    shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (len(times_ns), len(names)) or not shares.size:
        raise InvalidInputError(f"Weights must have the shape ({len(times_ns)}, {len(names)}); got {shares.shape}.")
    times = dates(times_ns)
    ranked = np.argsort(-np.nanmean(shares, axis=0), kind="stable")
    first, rest = ranked[: len(MEMBERS)], ranked[len(MEMBERS) :]

    def draw(axes: Axes) -> None:
        lines, labels = [], []
        for index in rest:
            line = axes.plot(times, shares[:, index], color=MUTED, linewidth=0.7, alpha=0.5)
            if index == rest[0]:
                lines += line
                labels.append(text("{n} more", n=len(rest)) if len(rest) > 1 else names[index])
        for place, index in reversed(list(enumerate(first))):
            colour, dash = MEMBERS[place], DASHES[place]
            lines = [*axes.plot(times, shares[:, index], color=colour, linestyle=dash, linewidth=1.3), *lines]
            labels = [names[index], *labels]
        axes.set_title(text("weight"))
        axes.set_ylim(bottom=min(0.0, float(np.nanmin(shares))))
        axes.grid(axis="y")
        time_axis(axes, times)
        legend_above(axes, lines, [legend_name(label) for label in labels], 2 if width < NARROW else 5)

    return draw_svg(draw, title, width, 3.0)
