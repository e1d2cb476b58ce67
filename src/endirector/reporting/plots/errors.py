"""Plots of errors: one error of each model, or the errors of each model over several seeds."""

from collections.abc import Collection, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from endirector.reporting.plots.canvas import (
    ACCENT,
    MUTED,
    bar_axes,
    bars_height,
    column,
    draw_svg,
    font_weight,
    name_axis,
    same_precision,
)
from enstorage.errors import InvalidInputError


def plot_errors(
    names: Sequence[str],
    errors: ArrayLike,
    *,
    unit: str,
    highlighted: Collection[str] = (),
    hollow: Collection[str] = (),
    title: str = "Errors",
    width: float = 9.0,
) -> str:
    """Draw one error per model as a bar, with a dashed line at the smallest highlighted error through larger ones.

    Args:
        names: The models, from top to bottom.
        errors: Their errors in `unit`, finite and not negative, shape (models,).
        unit: Unit of the errors; for squared errors, the squared unit.
        highlighted: Names drawn in the accent colour, with a diamond and in bold: the ensembles.
        hollow: Names drawn as outlines: the baselines.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, there is no model, or an error is negative or not finite.
    """
    heights = column(errors, len(names), "errors")
    if not (np.isfinite(heights) & (heights >= 0)).all():
        raise InvalidInputError(f"Errors must be finite and not negative; got {heights.tolist()}.")

    def draw(axes: Axes) -> None:
        rows = np.arange(len(names))
        for row, name, height, label in zip(rows, names, heights, same_precision(heights), strict=True):
            strong, outline = name in highlighted, name in hollow
            colour = ACCENT if strong else MUTED
            face = "none" if outline else colour
            axes.barh(
                row, height, height=0.6, facecolor=face, edgecolor=colour, linewidth=1.0, alpha=1 if strong else 0.75
            )
            axes.annotate(
                label, (height, row), (6, 0), textcoords="offset points", va="center", weight=font_weight(strong)
            )
        best = min((height for name, height in zip(names, heights, strict=True) if name in highlighted), default=None)
        if best is not None:
            # Shorter bars are left out: the line would cross their labels.
            longer = rows[heights >= best]
            axes.vlines([best] * len(longer), longer - 0.5, longer + 0.5, ACCENT, (0, (3, 2)), linewidth=0.9, zorder=0)
        axes.set_xlim(0, float(heights.max() or 1.0) * 1.02)
        bar_axes(axes, names, highlighted, unit, width)

    return draw_svg(draw, title, width, bars_height(names, width))


def plot_spread(
    names: Sequence[str],
    errors: ArrayLike,
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Errors over seeds",
    width: float = 9.0,
) -> str:
    """Draw the errors of each model over several seeds as dots, with a bar at the median.

    Args:
        names: The models, from top to bottom.
        errors: Their errors in `unit`, shape (seeds, models).
        unit: Unit of the errors.
        highlighted: Names drawn as diamonds in the accent colour: the ensembles.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: There is no seed, or not one column for each name.
    """
    table = np.asarray(errors, dtype=np.float64)
    if table.ndim != 2 or not table.size or table.shape[1] != len(names):
        raise InvalidInputError(
            f"Errors must have the shape (seeds, {len(names)}), one column for each name; got {table.shape}."
        )

    def draw(axes: Axes) -> None:
        # A fixed fan instead of random jitter: equal errors stay apart and the picture stays the same.
        fan = np.linspace(-0.2, 0.2, len(table)) if len(table) > 1 else np.zeros(1)
        for row, name in enumerate(names):
            strong = name in highlighted
            colour, shape, size = (ACCENT, "D", 5.0) if strong else (MUTED, "o", 5.5)
            axes.plot(
                table[:, row], row + fan, shape, color=colour, markersize=size, alpha=0.75, markeredgewidth=0, zorder=3
            )
            median = float(np.median(table[:, row]))
            axes.plot([median, median], [row - 0.36, row + 0.36], color=colour, linewidth=2.6)
        axes.set_title(unit)
        axes.grid(axis="x")
        name_axis(axes, names, highlighted, width)

    return draw_svg(draw, title, width, 0.7 + 0.46 * len(names))
