"""Plot of a series and its parts."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from endirector.reporting.plots.canvas import ACCENT, INK, MUTED, column, dates, draw_svg, time_axis
from enstorage.preparation.split import Part


def plot_series(
    times_ns: NDArray[np.int64],
    values: ArrayLike,
    part: NDArray[np.integer[Any]],
    *,
    unit: str,
    title: str = "The series and its parts",
    width: float = 9.0,
) -> str:
    """Draw a series with its train, valid and test parts.

    Args:
        times_ns: Times of the points, ascending, shape (n,).
        values: The points in `unit`, shape (n,); NaN leaves a gap.
        part: 0 train, 1 valid, 2 test, shape (n,).
        unit: Unit of the values, written over the axis.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The shapes differ or there is no point.
    """
    points = column(values, len(times_ns), "values")
    codes = column(part, len(times_ns), "part").astype(int)
    times = dates(times_ns)

    def draw(axes: Axes) -> None:
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(codes) - 1], strict=True):
            code = int(codes[start])
            colour, weight = (ACCENT, "bold") if code == Part.TEST else (MUTED, "normal")
            axes.axvspan(times[start], times[end], color=colour, alpha=(0.0, 0.1, 0.12)[code], linewidth=0)
            middle = times[start] + (times[end] - times[start]) / 2
            label = axes.text(middle, 1.03, Part(code).label, transform=axes.get_xaxis_transform(), ha="center")
            label.set(color=colour, fontweight=weight)
            if start:
                axes.axvline(times[start], color=colour, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.plot(times, points, color=INK, linewidth=1.1)
        axes.set_title(unit, y=1.03, pad=0)
        axes.grid(axis="y")
        time_axis(axes, times)

    return draw_svg(draw, title, width, 2.6)
