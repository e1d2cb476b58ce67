"""Plot of errors by step ahead."""

from collections.abc import Collection, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from endirector.reporting.language import text
from endirector.reporting.plots.canvas import (
    ACCENT,
    DASHES,
    MEMBERS,
    draw_svg,
    gapped_columns,
    legend_above,
    legend_columns,
    legend_name,
)
from enstorage.errors import InvalidInputError


def plot_by_step(
    steps: Sequence[int],
    errors: Mapping[str, Sequence[float | None]],
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Errors by step ahead",
    width: float = 9.0,
) -> str:
    """Draw the error of each forecaster at each step ahead.

    Args:
        steps: Steps ahead, ascending, shape (steps,).
        errors: By name of the forecaster, shape (steps,); None leaves a gap.
        unit: Unit of the errors, written over the axis.
        highlighted: Names drawn with a thick line: the ensembles.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, or there is no step or no forecaster.
    """
    if not errors:
        raise InvalidInputError("Errors by step need at least one forecaster; got none.")
    found = gapped_columns(errors, len(steps))

    def draw(axes: Axes) -> None:
        lines = []
        others = 0
        for name, own in found.items():
            if name in highlighted:
                lines += axes.plot(steps, own, "D-", color=ACCENT, linewidth=2.4, markersize=4.5, zorder=3)
            else:
                colour, dash = MEMBERS[others % len(MEMBERS)], DASHES[(others + 1) % len(DASHES)]
                lines += axes.plot(steps, own, color=colour, linestyle=dash, linewidth=1.4)
                others += 1
        axes.set_ylim(bottom=0)
        axes.set_xlabel(text("step ahead"))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_title(unit)
        axes.grid(axis="y")
        names = [legend_name(name) for name in found]
        legend_above(axes, lines, names, legend_columns(names, width))

    return draw_svg(draw, title, width, 3.0)
