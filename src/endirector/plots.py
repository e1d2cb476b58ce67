"""Pictures of a series, of errors and of forecasts, each a pure function that returns one SVG as text.

Text stays text, equal input gives equal bytes, and nothing is fetched from anywhere. Every colour is a CSS variable
(`--plot-ink`, `--plot-accent`, …) that changes with the reader's light or dark theme; a page with themes of its own
sets the variables of `.enstorage-plot`. What matters is never told by colour alone: it also has its own shape, width or
weight. Times are int64 nanoseconds since 1970-01-01 UTC.
"""

import io
import math
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from html import escape
from textwrap import fill
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.errors import InvalidInputError, MissingLibraryError

try:
    import matplotlib.style
    from matplotlib.axes import Axes
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine
except ImportError as error:
    raise MissingLibraryError(
        'Plots need Matplotlib, which is not installed. Run: pip install "enstorage[ensemble]"'
    ) from error

__all__ = ["plot_errors", "plot_forecasts", "plot_series", "plot_spread", "same_precision"]

_PARTS = ("train", "valid", "test")

# Name: (light, dark). The hues follow Okabe and Ito, moved until each has a contrast of 3:1 or more on its page.
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
_INK, _MUTED, _GRID, _ACCENT, *_MEMBERS = (light for light, _ in _COLOURS.values())
_DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))

_STYLE = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # ships with Matplotlib, so that a layout does not depend on the machine
    "font.size": 9.0,
    "text.color": _INK,
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _MUTED,
    "axes.titlecolor": _MUTED,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.0,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.axisbelow": True,
    "grid.color": _GRID,
    "grid.linewidth": 0.7,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "ytick.left": False,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "legend.columnspacing": 1.6,
}
_NARROW = 6.0  # inches: below it names are broken into lines and legends into rows
_LOCK = Lock()  # Matplotlib reads its settings from one place for all threads


def plot_series(
    times_ns: NDArray[np.int64],
    values: ArrayLike,
    part: NDArray[np.integer[Any]],
    *,
    unit: str,
    title: str = "The series and its parts",
    width: float = 9.0,
) -> str:
    """Draws a series with its train, valid and test parts.

    Args:
        times_ns: Times of the points, ascending, shape (n,).
        values: The points in `unit`, shape (n,); NaN leaves a gap.
        part: 0 train, 1 valid, 2 test, shape (n,).
        unit: Unit of the values, written over the axis.
        title: What a screen reader says of the picture.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The shapes differ or there is no point.
    """
    points = _column(values, len(times_ns), "values")
    codes = _column(part, len(times_ns), "part").astype(int)
    times = _dates(times_ns)

    def draw(axes: Axes) -> None:
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        for start, end in zip(starts, [*starts[1:], len(codes) - 1], strict=True):
            code = int(codes[start])
            colour, weight = (_ACCENT, "bold") if code == 2 else (_MUTED, "normal")
            axes.axvspan(times[start], times[end], color=colour, alpha=(0.0, 0.1, 0.12)[code], linewidth=0)
            middle = times[start] + (times[end] - times[start]) / 2
            label = axes.text(middle, 1.03, _PARTS[code], transform=axes.get_xaxis_transform(), ha="center")
            label.set(color=colour, fontweight=weight)
            if start:
                axes.axvline(times[start], color=colour, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.plot(times, points, color=_INK, linewidth=1.1)
        axes.set_title(unit, y=1.03, pad=0)
        axes.grid(axis="y")
        _time_axis(axes, times)

    return _svg(draw, title, width, 2.6)


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
    """Draws one error per model as bars, with a dashed line at the best highlighted one through all that are worse.

    Args:
        names: The models, from top to bottom.
        errors: Their errors in `unit`, finite and not negative, shape (models,).
        unit: Unit of the errors (for a squared error, of the square).
        highlighted: Names drawn in the accent colour, with a diamond and in bold: the ensembles.
        hollow: Names drawn as outlines: the baselines.
        title: What a screen reader says of the picture.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The lengths differ, there is no model, or an error is negative or not finite.
    """
    heights = _column(errors, len(names), "errors")
    if not (np.isfinite(heights) & (heights >= 0)).all():
        raise InvalidInputError(f"Errors must be finite and not negative; got {heights.tolist()}.")

    def draw(axes: Axes) -> None:
        rows = np.arange(len(names))
        for row, name, height, label in zip(rows, names, heights, same_precision(heights), strict=True):
            strong, outline = name in highlighted, name in hollow
            colour = _ACCENT if strong else _MUTED
            face = "none" if outline else colour
            axes.barh(
                row, height, height=0.6, facecolor=face, edgecolor=colour, linewidth=1.0, alpha=1 if strong else 0.75
            )
            axes.annotate(label, (height, row), (6, 0), textcoords="offset points", va="center", weight=_weight(strong))
        best = min((height for name, height in zip(names, heights, strict=True) if name in highlighted), default=None)
        if best is not None:
            # Shorter bars are left out: the line would run through their figures.
            longer = rows[heights >= best]
            axes.vlines([best] * len(longer), longer - 0.5, longer + 0.5, _ACCENT, (0, (3, 2)), linewidth=0.9, zorder=0)
        axes.set_xlim(0, float(heights.max() or 1.0) * 1.02)
        axes.set_title(unit)
        axes.xaxis.set_visible(False)
        axes.spines["bottom"].set_visible(False)
        _name_axis(axes, names, highlighted, width)

    row_height = 0.31 if width >= _NARROW else 0.46
    return _svg(draw, title, width, 0.45 + row_height * len(names))


def plot_forecasts(
    times_ns: NDArray[np.int64],
    truth: ArrayLike,
    forecasts: Mapping[str, ArrayLike],
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Forecasts and truth",
    width: float = 9.0,
) -> str:
    """Draws forecasts against the truth.

    Args:
        times_ns: Times of the targets, ascending, shape (n,).
        truth: What happened, in `unit`, shape (n,); NaN leaves a gap.
        forecasts: Forecasts by name, each of shape (n,). More than four that are not highlighted share one colour.
        unit: Unit of the values, written over the axis.
        highlighted: Names drawn strong: the ensembles.
        title: What a screen reader says of the picture.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: The shapes differ or there is no point.
    """
    actual = _column(truth, len(times_ns), "truth")
    curves = {name: _column(curve, len(times_ns), name) for name, curve in forecasts.items()}
    times = _dates(times_ns)
    others = [name for name in curves if name not in highlighted]
    strong = [name for name in curves if name in highlighted]
    distinct = len(others) <= len(_MEMBERS)

    def draw(axes: Axes) -> None:
        dots = "o" if len(times) * 6 <= width * 72 else ""
        lines = axes.plot(times, actual, color=_INK, linewidth=1.0, marker=dots, markersize=3.2, zorder=4)
        labels = ["truth"]
        for index, name in enumerate(others):
            colour, dash = (_MEMBERS[index], _DASHES[index]) if distinct else (_MUTED, "solid")
            line = axes.plot(times, curves[name], color=colour, linestyle=dash, linewidth=1.0, alpha=0.9)
            if distinct or not index:
                lines += line
                labels.append(name if distinct else f"{len(others)} members")
        for name in strong:
            lines += axes.plot(times, curves[name], color=_ACCENT, linewidth=2.4, zorder=3)
            labels.append(name)
        axes.set_title(unit)
        axes.grid(axis="y")
        _time_axis(axes, times)
        columns = 2 if width < _NARROW else 6
        legend = axes.legend(lines, labels, loc="lower left", bbox_to_anchor=(0, 1.08), borderaxespad=0, ncols=columns)
        for text in legend.get_texts()[len(labels) - len(strong) :]:
            text.set_fontweight("bold")

    return _svg(draw, title, width, 3.4)


def plot_spread(
    names: Sequence[str],
    errors: ArrayLike,
    *,
    unit: str,
    highlighted: Collection[str] = (),
    title: str = "Errors over seeds",
    width: float = 9.0,
) -> str:
    """Draws the errors of each model over several seeds as dots, with a bar at the median.

    Args:
        names: The models, from top to bottom.
        errors: Their errors in `unit`, shape (seeds, models).
        unit: Unit of the errors.
        highlighted: Names drawn as diamonds in the accent colour: the ensembles.
        title: What a screen reader says of the picture.
        width: Width in inches; text keeps its size.

    Returns:
        The SVG element.

    Raises:
        InvalidInputError: There is no seed, or not one column for each name.
    """
    table = np.asarray(errors, dtype=np.float64)
    if table.ndim != 2 or not table.size or table.shape[1] != len(names):
        raise InvalidInputError(
            f"Errors must have the shape (seeds, {len(names)}), one column a name; got {table.shape}."
        )

    def draw(axes: Axes) -> None:
        # A fixed fan instead of random jitter: equal errors stay apart and the picture stays the same.
        fan = np.linspace(-0.2, 0.2, len(table)) if len(table) > 1 else np.zeros(1)
        for row, name in enumerate(names):
            strong = name in highlighted
            colour, shape, size = (_ACCENT, "D", 5.0) if strong else (_MUTED, "o", 5.5)
            axes.plot(
                table[:, row], row + fan, shape, color=colour, markersize=size, alpha=0.75, markeredgewidth=0, zorder=3
            )
            median = float(np.median(table[:, row]))
            axes.plot([median, median], [row - 0.36, row + 0.36], color=colour, linewidth=2.6)
        axes.set_title(unit)
        axes.grid(axis="x")
        _name_axis(axes, names, highlighted, width)

    return _svg(draw, title, width, 0.7 + 0.46 * len(names))


def same_precision(values: ArrayLike, digits: int = 4) -> list[str]:
    """Writes numbers as one column: equal decimals, enough for `digits` significant digits of the smallest.

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


def _svg(draw: Callable[[Axes], None], title: str, width: float, height: float) -> str:
    """Runs `draw` on fresh axes and returns the themed SVG element."""
    settings = _STYLE | {"svg.hashsalt": f"{title} {width}"}  # ids differ between the pictures of one page
    with _LOCK, matplotlib.style.context(["default", settings]), warnings.catch_warnings():
        # The reader's browser finds a font for every letter; Matplotlib's own only guides the layout.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(width, height))
        draw(figure.subplots())
        ConstrainedLayoutEngine().execute(figure)  # once; a figure that has a layout draws itself twice to be saved
        text = io.StringIO()
        no_metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(text, format="svg", transparent=True, metadata=no_metadata)
    return _themed(text.getvalue(), title)


def _themed(svg: str, title: str) -> str:
    """Makes Matplotlib's file an element of a page: scoped style, variables for colours, a name for screen readers."""
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


def _column(values: ArrayLike, length: int, name: str) -> NDArray[np.float64]:
    """Returns the values as float64, or says that they are not as many as what they belong to."""
    column = np.asarray(values, dtype=np.float64)
    if column.shape != (length,) or not length:
        raise InvalidInputError(f"{name!r} must have the shape ({length},) and at least one value; got {column.shape}.")
    return column


def _dates(times_ns: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """Turns nanoseconds since 1970 into what a time axis takes."""
    return np.asarray(times_ns, dtype=np.int64).astype("datetime64[ns]")


def _time_axis(axes: Axes, times: NDArray[np.datetime64]) -> None:
    """Fits the axis to the data and picks years, months, days or hours for its ticks by the span."""
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    if len(times) > 1:
        axes.set_xlim(times[0], times[-1])
    axes.margins(x=0.01)


def _name_axis(axes: Axes, names: Sequence[str], highlighted: Collection[str], width: float) -> None:
    """Writes one name a row, the first on top, those highlighted in bold behind a diamond."""
    strong = [name in highlighted for name in names]
    labels = [f"◆ {name}" if mark else name for name, mark in zip(names, strong, strict=True)]
    line = 22 if width < _NARROW else 40
    labels = [fill(label, line, max_lines=2, placeholder="…") for label in labels]
    axes.set_yticks(range(len(names)), labels)
    axes.set_ylim(len(names) - 0.5, -0.5)
    for label, mark in zip(axes.get_yticklabels(), strong, strict=True):
        label.set_color(_ACCENT if mark else _INK)
        label.set_fontweight(_weight(mark))


def _weight(strong: bool) -> str:
    return "bold" if strong else "normal"
