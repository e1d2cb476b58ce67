"""Small charts of one series each, as SVG of few bytes, so that a page may have a thousand of them."""

from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_WIDTH, _HEIGHT, _MARGIN = 300, 110, 4


def small_fan(history: Floats, forecast: Floats, bands: Sequence[tuple[Floats, Floats]], title: str) -> str:
    """Draw the last values of a series, their forecast, and its intervals.

    The page gives the colours by the classes `history`, `ahead`, `band` and `now`.

    Args:
        history: the last values, shape (n,), NaN in gaps.
        forecast: shape (horizon,).
        bands: lower and upper ends of intervals, the widest first, shape (horizon,) each; NaN where there is none.
        title: for screen readers.

    Returns:
        An SVG element.
    """
    known = np.concatenate([history, forecast, *(end for band in bands for end in band)])
    known = known[np.isfinite(known)]
    lowest, highest = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    rows = len(history) + len(forecast)
    reach = highest - lowest or 1.0

    def points(first: int, values: Floats) -> list[str]:
        x = _MARGIN + (np.arange(len(values)) + first) * (_WIDTH - 2 * _MARGIN) / max(rows - 1, 1)
        y = _HEIGHT - _MARGIN - (values - lowest) / reach * (_HEIGHT - 2 * _MARGIN)
        return [f"{a:.0f},{b:.0f}" if np.isfinite(b) else "" for a, b in zip(x, y, strict=True)]

    now = len(history)
    shapes = []
    for lower, upper in bands:
        is_known = np.isfinite(lower) & np.isfinite(upper)
        if is_known.any():
            around = [*points(now, lower), *reversed(points(now, upper))]
            shapes.append(f'<polygon class="band" points="{" ".join(filter(None, around))}"/>')
    pieces = " ".join(each or "|" for each in points(0, history)).split("|")
    for piece in filter(None, map(str.strip, pieces)):
        line = piece if " " in piece else f"{piece} {piece}"  # a dot
        shapes.append(f'<polyline class="history" points="{line}"/>')
    joined = points(now - 1, np.append(history[-1:], forecast)) if now else points(0, forecast)
    shapes.append(f'<polyline class="ahead" points="{" ".join(filter(None, joined))}"/>')
    rule = _MARGIN + (now - 0.5) * (_WIDTH - 2 * _MARGIN) / max(rows - 1, 1)
    shapes.append(f'<line class="now" x1="{rule:.0f}" x2="{rule:.0f}" y1="0" y2="{_HEIGHT}"/>')
    head = f'<svg class="small" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
    return f"{head}{''.join(shapes)}</svg>"
