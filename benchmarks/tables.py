"""The table that each benchmark prints: our figure, the peer's, the ratio, and how far we are from the limit."""

import os
import platform
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """One piece of work.

    Attributes:
        work: what was done.
        unit: of the three figures, such as "models/s" (more is better) or "ms" (less is better).
        ours: our figure.
        peer: that of the peer; None where it was not run.
        bare: that of the bare library below us, which does the least that could be done; None where there is none.
        goal: what performance is asked for, in words.
    """

    work: str
    unit: str
    ours: float
    peer: float | None = None
    bare: float | None = None
    goal: str = ""

    def times(self, other: float | None) -> str:
        """Our speed as a multiple of another's."""
        if other is None:
            return "–"
        ratio = self.ours / other if self.unit.endswith("/s") else other / self.ours
        return f"{ratio:.1f} ×" if ratio >= 1 else f"{ratio:.2f} ×"


def show(title: str, lines: list[Line], notes: list[str]) -> None:
    """Print the table and what has to be known to read it."""
    table = Table(title=title, title_justify="left")
    for column in ("work", "unit", "ours", "peer", "ours to peer", "bare library", "ours to bare", "goal"):
        table.add_column(column, justify="left" if column in ("work", "unit", "goal") else "right")
    for line in lines:
        ours, peer, bare = map(_figure, (line.ours, line.peer, line.bare))
        table.add_row(line.work, line.unit, ours, peer, line.times(line.peer), bare, line.times(line.bare), line.goal)
    console = Console(width=180)
    console.print(table)
    for note in [
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        *notes,
    ]:
        console.print(f"  {note}")


def _figure(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
