"""Plot of the steps of a run over time."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from endirector.reporting.plots.canvas import ACCENT, MUTED, bars_height, draw_svg, name_axis
from enstorage.errors import InvalidInputError

#: In shares of the longest time: shorter bars are drawn as long, so that they are seen.
_SHORTEST = 0.004


def plot_timeline(
    spans: Mapping[str, Sequence[tuple[float, float, bool]]],
    *,
    title: str = "Steps of the run over time",
    width: float = 9.0,
) -> str:
    """Draw when each step was executed; an execution that did not succeed is hollow.

    Args:
        spans: By name of the step, from top to bottom, its executions: start and end in seconds, and true if it succeeded.
        title: Text for screen readers.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: There is no execution, or one ends before it starts.
    """
    every = [span for own in spans.values() for span in own]
    if not every or any(end < start for start, end, _ in every):
        raise InvalidInputError(f"A timeline needs executions that end after they start; got {every[:3]}.")
    last = max(end for _, end, _ in every) or 1.0

    def draw(axes: Axes) -> None:
        for row, own in enumerate(spans.values()):
            for start, end, succeeded in own:
                axes.barh(
                    row,
                    max(end - start, _SHORTEST * last),
                    left=start,
                    height=0.6,
                    color=ACCENT if succeeded else "none",
                    edgecolor=ACCENT if succeeded else MUTED,
                    linewidth=1,
                )
        axes.set_xlim(0, 1.01 * last)
        axes.set_title("seconds")
        axes.grid(axis="x")
        name_axis(axes, list(spans), (), width)

    return draw_svg(draw, title, width, bars_height(list(spans), width))
