"""Common parts of all pictures: the style, the theme, and the conversion of a drawing to an element of a page."""

import io
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from textwrap import fill
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError, MissingLibraryError

try:
    import matplotlib.style
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.legend import Legend
    from matplotlib.lines import Line2D
except ImportError as error:
    raise MissingLibraryError(
        'Plots need Matplotlib, which is not installed. Run: pip install "enstorage[ensemble]"'
    ) from error

# Name: (light, dark). The hues follow Okabe and Ito, adjusted to a contrast of at least 3:1 on the page.
_COLOURS = {
    "ink": ("#1f2328", "#e9e6e0"),
    "muted": ("#6b7078", "#a09c95"),
    "grid": ("#dcdad5", "#3a3936"),
    "accent": ("#cc4a00", "#ff8a47"),
    "member-1": ("#0072b1", "#5cb8ee"),
    "member-2": ("#008a65", "#35c79c"),
    "member-3": ("#a8518a", "#e39bcb"),
    "member-4": ("#8a6d00", "#e0bc3c"),
}
INK, MUTED, GRID, ACCENT, *MEMBERS = (light for light, _ in _COLOURS.values())
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # ships with Matplotlib, so that a layout does not depend on the machine
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a dollar sign in a name begins no formula
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.titlecolor": MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.0,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.left": False,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.columnspacing": 1.6,
}
NARROW = 6.0  # inches: below it names are broken into lines and legends into rows
_LOCK = Lock()  # Matplotlib reads its settings from one place for all threads


def same_precision(values: ArrayLike, digits: int = 4) -> list[str]:
    """Format numbers as one column: equal decimals, enough for `digits` significant digits of the smallest.

    Args:
        values: Finite numbers, shape (n,).
        digits: Significant digits.

    Returns:
        One text for each number, with commas between thousands and a true minus sign.
    """
    numbers = np.asarray(values, dtype=np.float64)
    smallest = float(np.min(np.abs(numbers[numbers != 0]), initial=np.inf))
    decimals = 0 if math.isinf(smallest) else min(max(digits - 1 - math.floor(math.log10(smallest)), 0), 6)
    return [f"{number:,.{decimals}f}".replace("-", "−") for number in numbers.tolist()]


def draw_svg(draw: Callable[[Axes], None], title: str, width: float, height: float) -> str:
    """Run `draw` on new axes and return the themed SVG element."""
    settings = _STYLE | {"svg.hashsalt": f"{title} {width}"}  # ids differ between the pictures of one page
    with _LOCK, matplotlib.style.context(["default", settings]), warnings.catch_warnings():
        # The reader's browser finds a font for every letter; Matplotlib's own only guides the layout.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width, height))
        draw(figure.subplots())
        ConstrainedLayoutEngine().execute(figure)  # once; a figure with a layout engine is drawn twice when it is saved
        text = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=no_metadata)
    return _themed(text.getvalue(), title)


def _themed(svg: str, title: str) -> str:
    """Convert Matplotlib's file to an element of a page: scoped style, colour variables, text for screen readers."""
    label = escape(title)
    dark = ";".join(f"--plot-{name}:{colour}" for name, (_, colour) in _COLOURS.items())
    style = (
        ".enstorage-plot *{stroke-linejoin:round}"
        f"@media screen and (prefers-color-scheme:dark){{.enstorage-plot{{{dark}}}}}"
    )
    svg = svg[svg.index("<svg") :].replace("<svg", f'<svg class="enstorage-plot" role="img" aria-label="{label}"', 1)
    head = f"<title>{label}</title><style>{style}</style>"
    svg = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", lambda _: head, svg, count=1, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # these repeat from picture to picture; nothing refers to them
    svg = re.sub("'DejaVu Sans'[^;\"]*", "var(--plot-font, system-ui, sans-serif)", svg)
    for name, (light, _) in _COLOURS.items():
        svg = svg.replace(light, f"var(--plot-{name}, {light})")
    return svg


def column(values: ArrayLike, length: int, name: str) -> NDArray[np.float64]:
    """Convert the values to float64, and check that there are `length` of them."""
    column = unmasked(values, float)
    if column.shape != (length,) or not length:
        raise InvalidInputError(f"{name!r} must have the shape ({length},) and at least one value; got {column.shape}.")
    return column


def gapped_columns(values: Mapping[str, Sequence[float | None]], length: int) -> dict[str, NDArray[np.float64]]:
    """Convert each of the named values as `column` does; None becomes NaN, which leaves a gap."""
    return {
        name: column([np.nan if each is None else each for each in own], length, name) for name, own in values.items()
    }


#: What a time axis takes: dates, or the numbers of an integer axis.
Times: TypeAlias = NDArray[np.datetime64] | NDArray[np.float64]


def dates(times: NDArray[np.int64] | NDArray[np.float64]) -> Times:
    """Convert nanoseconds since 1970 to the times of a time axis; floats are numbers of an integer axis and stay."""
    if np.asarray(times).dtype.kind == "f":
        return np.asarray(times, dtype=np.float64)
    return np.asarray(times, dtype=np.int64).astype("datetime64[ns]")


def time_axis(axes: Axes, times: Times) -> None:
    """Fit the axis to the data; its ticks are years, months, days or hours, depending on the period."""
    if times.dtype.kind == "M":
        locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    if len(times) > 1:
        axes.set_xlim(times[0], times[-1])
    axes.margins(x=0.01)


def name_axis(axes: Axes, names: Sequence[str], highlighted: Collection[str], width: float) -> None:
    """Write one name per row, the first at the top, highlighted names in bold after a diamond."""
    strong = [name in highlighted for name in names]
    labels = [f"◆ {name}" if mark else name for name, mark in zip(names, strong, strict=True)]
    line = 22 if width < NARROW else 40
    labels = [fill(label, line, max_lines=2, placeholder="…") for label in labels]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for label, mark in zip(axes.get_yticklabels(), strong, strict=True):
        label.set_color(ACCENT if mark else INK)
        label.set_fontweight(font_weight(mark))


def bar_axes(axes: Axes, names: Sequence[str], highlighted: Collection[str], unit: str, width: float) -> None:
    """Label the rows of bars; the values are written beside the bars, so the value axis is hidden."""
    axes.set_title(unit)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    name_axis(axes, names, highlighted, width)


def bars_height(names: Sequence[str], width: float) -> float:
    """Height of a picture with a bar for each name, in inches."""
    return 0.45 + (0.31 if width >= NARROW else 0.46) * len(names)


def plot_truth(axes: Axes, times: Times, truth: NDArray[np.float64], width: float) -> list[Line2D]:
    """Draw the true values in front of all forecasts, with dots if there is room for them."""
    dots = "o" if len(times) * 6 <= width * 72 else ""
    return axes.plot(times, truth, color=INK, linewidth=1.0, marker=dots, markersize=3.2, zorder=4)


def legend_above(axes: Axes, handles: Sequence[Artist], labels: Sequence[str], columns: int) -> Legend:
    """Add a legend above the picture, aligned to the left."""
    return axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1.08), borderaxespad=0, ncols=columns)


def legend_name(name: str) -> str:
    """Shorten a name to 30 letters, and mark a leading underscore, with which Matplotlib would hide the name."""
    shown = name if len(name) <= 30 else f"{name[:29]}…"
    return f"\u200b{shown}" if shown.startswith("_") else shown


def legend_columns(labels: Sequence[str], width: float) -> int:
    """Number of legend entries side by side, such that the legend is no wider than the picture."""
    entry = 0.55 + 0.075 * max(map(len, labels))  # inches: the handle, and letters
    return max(1, min(6, int((width - 0.4) / entry)))


def font_weight(strong: bool) -> str:
    """The font weight: bold for highlighted names."""
    return "bold" if strong else "normal"
