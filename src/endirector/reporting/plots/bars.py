"""Plot of bars on both sides of zero: weights, and changes of the error without a member."""

import math
from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from endirector.reporting.plots.canvas import (
    ACCENT,
    MUTED,
    NARROW,
    bar_axes,
    bars_height,
    column,
    draw_svg,
    font_weight,
)
from enstorage.errors import InvalidInputError


def plot_bars(
    names: Sequence[str],
    values: ArrayLike,
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Weights",
    width: float = 9.0,
) -> str:
    """Draw one number per model as a bar, to the left of zero if it is below 0.

    Args:
        names: The models, from top to bottom.
        values: Finite, in `unit`, shape (models,).
        unit: Unit of the values, written over the axis.
        highlighted: Names drawn in the accent colour, with a diamond and in bold.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, there is no model, or a value is not finite.
    """
    lengths = column(values, len(names), "values")
    if not np.isfinite(lengths).all():
        raise InvalidInputError(f"Values must be finite; got {lengths.tolist()}.")

    def draw(axes: Axes) -> None:
        for row, (name, length, label) in enumerate(zip(names, lengths, _figures(lengths), strict=True)):
            strong = name in highlighted
            colour = ACCENT if strong else MUTED
            axes.barh(row, length, height=0.6, color=colour, alpha=1 if strong else 0.75, linewidth=0)
            side, way = ("left", 6) if length >= 0 else ("right", -6)
            axes.annotate(
                label,
                (length, row),
                (way, 0),
                textcoords="offset points",
                va="center",
                ha=side,
                weight=font_weight(strong),
            )
        axes.axvline(0, color=MUTED, linewidth=0.8)
        least, most = min(0.0, float(lengths.min())), max(0.0, float(lengths.max()))
        span = (most - least) or 1.0
        # Labels at the left need room in the axis; labels at the right have the margin.
        axes.set_xlim(least - (0.16 if width >= NARROW else 0.32) * span * (least < 0), most + 0.02 * span)
        bar_axes(axes, names, highlighted, unit, width)

    return draw_svg(draw, title, width, bars_height(names, width))


def _figures(values: NDArray[np.float64]) -> list[str]:
    """Format values with equal decimals, enough for four significant digits of the largest."""
    largest = float(np.abs(values).max()) or 1.0
    decimals = min(max(3 - math.floor(math.log10(largest)), 0), 9)
    return [f"{value:,.{decimals}f}".replace("-", "−") for value in (np.round(values, decimals) + 0.0).tolist()]
