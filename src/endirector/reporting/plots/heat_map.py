"""Heat map of the correlations of the errors of models."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike

from endirector.reporting.plots.canvas import ACCENT, INK, MEMBERS, MUTED, NARROW, draw_svg
from enstorage.errors import InvalidInputError

_LEVELS = 20  # of colour strength; all cells of one level are one SVG shape
_CELL = 0.55  # inches at most


def plot_correlations(
    names: Sequence[str], correlations: ArrayLike, *, title: str = "Correlations of errors", width: float = 9.0
) -> str:
    """Draw correlations as squares: stronger ones are darker; those below 0 are smaller and of another colour.

    Args:
        names: The models, from top to bottom and from left to right; the columns show their numbers.
        correlations: Shape (models, models), from -1 to 1; NaN or None leaves a cell empty.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: There is no model, or the shape is wrong.
    """
    table = np.asarray(correlations, dtype=np.float64)
    count = len(names)
    if table.shape != (count, count) or not count:
        raise InvalidInputError(
            f"Correlations of {count} models must have the shape ({count}, {count}); got {table.shape}."
        )
    longest = 30 if width >= NARROW else 14
    shown = [name if len(name) <= longest else f"{name[: longest - 1]}…" for name in names]
    labels = [f"{name}  {at}" for at, name in enumerate(shown, 1)]
    cell = min(_CELL, (width - 0.5 - 0.075 * max(map(len, labels))) / count)
    written = cell >= 0.36

    def draw(axes: Axes) -> None:
        levels = np.nan_to_num(np.round(table * _LEVELS)).astype(int)
        for level in np.unique(levels[levels != 0]):
            half = 0.47 if level > 0 else 0.3
            colour = ACCENT if level > 0 else MEMBERS[0]
            strength = abs(level) / _LEVELS * (0.55 if written else 0.9)
            axes.add_patch(PathPatch(_squares(np.argwhere(levels == level), half), color=colour, alpha=strength, lw=0))
        if written:
            for row, column in np.argwhere(np.isfinite(table)):
                axes.text(column, row, _figure(table[row, column]), ha="center", va="center", color=INK, size=8)
        size = min(9.0, max(cell * 72 * 0.85, 4.0))
        every = max(1, round(5.5 / (cell * 72)))
        axes.set_xticks(range(0, count, every), [str(at) for at in range(1, count + 1, every)], size=size)
        axes.set_yticks(range(0, count, every), labels[::every], size=size, color=INK)
        axes.set_xlim(-0.5, count - 0.5)
        axes.set_ylim(count - 0.5, -0.5)
        axes.set_aspect("equal", anchor="W")
        axes.spines["bottom"].set_visible(False)
        axes.tick_params(length=0, labelbottom=False, labeltop=True, colors=MUTED)
        axes.tick_params(axis="y", labelcolor=INK)

    return draw_svg(draw, title, width, 0.45 + cell * count)


def _squares(cells: Any, half: float) -> Path:
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half], [-half, -half]])
    vertices = (cells[:, None, ::-1] + corners).reshape(-1, 2)
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(cells)
    return Path(vertices, codes)


def _figure(value: float) -> str:
    """Format a correlation with two decimals and without the leading 0."""
    text = f"{value:.2f}".replace("-", "−")
    return text if abs(value) >= 0.995 else text.replace("0.", ".", 1)
