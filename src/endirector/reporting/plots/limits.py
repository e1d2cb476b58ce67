"""Plot of statistics beside their limits over time, with marks such as alerts."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from endirector.reporting.language import text
from endirector.reporting.plots.canvas import (
    ACCENT,
    DASHES,
    INK,
    MEMBERS,
    MUTED,
    dates,
    draw_svg,
    gapped_columns,
    legend_above,
    legend_columns,
    legend_name,
    time_axis,
)
from enstorage.errors import InvalidInputError

#: Where a share is larger, the axis is logarithmic, from the smallest share on.
_LINEAR, _SMALLEST = 8.0, 0.02


def plot_limits(
    times_ns: NDArray[np.int64] | NDArray[np.float64],
    shares: Mapping[str, Sequence[float | None]],
    *,
    marks: Mapping[str, int] | None = None,
    phases: Mapping[str, int] | None = None,
    title: str = "Statistics as shares of their limits",
    width: float = 9.0,
) -> str:
    """Draw statistics as shares of their limits; a line at 1 is the limit.

    Args:
        times_ns: Times of the windows, ascending, shape (n,); floats are numbers of an integer axis.
        shares: By name of the statistic, shape (n,), not negative; None leaves a gap.
        marks: Times at which something happened, by a short label that is written there.
        phases: Times from which something holds, such as a version, by a short label that is written there.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, or there is no window or no statistic.
    """
    if not shares:
        raise InvalidInputError("Statistics beside limits need at least one statistic; got none.")
    lines = gapped_columns(shares, len(times_ns))
    times = dates(times_ns)
    marked, begun = ({name: dates(np.asarray([at])) for name, at in (each or {}).items()} for each in (marks, phases))
    highest = max((float(np.nanmax(own)) for own in lines.values() if np.isfinite(own).any()), default=1.0)
    is_wide = highest > _LINEAR
    names = [legend_name(each) for each in lines]
    columns = legend_columns(names, width)

    def draw(axes: Axes) -> None:
        drawn = []
        for place, own in enumerate(lines.values()):
            colour, dash = MEMBERS[place % len(MEMBERS)], DASHES[(place + place // len(MEMBERS)) % len(DASHES)]
            shown = np.maximum(own, _SMALLEST) if is_wide else own
            drawn += axes.plot(
                times, shown, color=colour, linestyle=dash, linewidth=1.4, marker="o", markersize=3, clip_on=False
            )
        axes.axhline(1, color=INK, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(text("limit"), (1, 1), xycoords=("axes fraction", "data"), ha="right", va="bottom", color=INK)
        if is_wide:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
            axes.minorticks_off()
        else:
            axes.set_ylim(bottom=0, top=max(1.15, 1.08 * highest))
        axes.set_title(text("share of the limit"), y=1.06, pad=0)
        axes.grid(axis="y")
        time_axis(axes, times)
        across = axes.get_xaxis_transform()
        for name, at in begun.items():
            axes.axvline(at[0], color=MUTED, linewidth=0.8, linestyle=(0, (3, 2)))
            axes.text(at[0], 0.98, f" {name}", transform=across, va="top", color=MUTED)
        for name, at in marked.items():
            axes.axvline(at[0], color=ACCENT, linewidth=1.2)
            axes.text(at[0], 1.01, name, transform=across, ha="center", color=ACCENT, weight="bold")
        every = np.concatenate([times, *marked.values(), *begun.values()])
        if every.min() < every.max():
            axes.set_xlim(every.min(), every.max())
        legend_above(axes, drawn, names, columns).set_bbox_to_anchor((0, 1.12))

    return draw_svg(draw, title, width, 2.9 + 0.2 * math.ceil(len(names) / columns))
