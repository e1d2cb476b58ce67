"""Show the rows that the examples wrote as a table, and write the table into the page of results.

python examples/results.py ROWS [--into docs/reference/results.md]
"""

import argparse
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from rows import RULE, read

BEGIN, END = "<!-- examples: begin -->", "<!-- examples: end -->"
"""The text between these two lines of the page is replaced."""

COLUMNS = ("work", "measured", "the source", "ours, mean ± standard deviation", "beside", "verdict", "seconds")


def main() -> None:
    """Print the table, and write it into the page that `--into` names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="the file of JSON lines that the examples wrote")
    parser.add_argument("--into", type=Path, help="the page in which the table is replaced")
    given = parser.parse_args()
    lines = read(given.rows)
    if not lines:
        raise SystemExit(f"There are no rows in {given.rows}. Run the examples first: make examples")
    table = Table(*COLUMNS)
    for cells in cells_of(lines):
        table.add_row(*cells)
    Console(width=max(Console().width, 160)).print(table)
    if given.into is not None:
        written(given.into, lines)
        print(f"Wrote the table into {given.into}.")


def cells_of(lines: list[dict[str, Any]]) -> list[list[str]]:
    """One list of texts for each row; the seconds of a whole example are in its first row."""
    shown, last = [], None
    for line in lines:
        seconds = "" if line["example"] == last else f"{line['seconds']:,.0f}"
        last = line["example"]
        shown.append([*(line[name] for name in ("work", "figure", "source", "ours", "beside", "verdict")), seconds])
    return shown


def written(page: Path, lines: list[dict[str, Any]]) -> None:
    """Replace the table in the page and nothing else."""
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise SystemExit(
            f"{page} must have one line {BEGIN} followed by one line {END}. Add both lines where the table should be."
        )
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{markdown(lines)}{END}{after}", encoding="utf-8")


def markdown(lines: list[dict[str, Any]]) -> str:
    """The date, the versions of the libraries, the rule and the table."""
    days = sorted({line["day"] for line in lines})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    libraries = ", ".join(f"{name} {version(name)}" for name in ("keras", "jax", "scikit-learn"))
    where = f"{os.cpu_count()} cores, Python {platform.python_version()}, {libraries}"
    rows = [f"| {' | '.join(cells)} |" for cells in cells_of(lines)]
    head = [f"| {' | '.join(COLUMNS)} |", "|---|---|---:|---:|---|---|---:|"]
    return "\n".join([f"Made on {when} with {where}.", "", RULE, "", *head, *rows]) + "\n"


if __name__ == "__main__":
    main()
