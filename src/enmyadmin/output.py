"""Output of commands: tables for people, JSON for machines, one message when something is wrong."""

import json
import math
import os
import sys
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")]


_UNLIMITED = 10_000


def print_json(value: Any) -> None:
    """Print a JSON value, indented."""
    typer.echo(to_json(value))


def to_json(value: Any) -> str:
    """A value as JSON that every reader takes: NaN and ±inf, for which JSON has no form, become null."""
    return json.dumps(_finite(value), indent=2, ensure_ascii=False, default=_plain, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def print_error(kind: str, message: str, *, as_json: bool, is_error: bool = True) -> None:
    """Print the one message of an error, or of another early end, to standard error; as JSON with its kind."""
    if as_json:
        typer.echo(json.dumps({"error": kind, "message": message}, ensure_ascii=False), err=True)
    elif is_error:
        typer.secho(f"error: {message}", fg=typer.colors.RED, err=True)
    else:
        typer.echo(message, err=True)


def print_table(columns: list[str], rows: list[list[Any]], title: str | None = None) -> None:
    """Print a table; numbers stand to the right, those of one column with equally many decimals."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    shown = []
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        numbers = bool(cells) and all(isinstance(cell, int | float | None) for cell in cells)
        table.add_column(column, justify="right" if numbers else "left", overflow="fold")
        form = _number_format([abs(cell) for cell in cells if isinstance(cell, float)])
        shown.append([format(cell, form) if isinstance(cell, float) else _shown(cell) for cell in cells])
    for row in zip(*shown, strict=True):
        table.add_row(*row)
    # A pipe or a file has no width, so no cell is broken there.
    has_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    Console(width=None if has_width else _UNLIMITED).print(table)


def readable_size(count: int) -> str:
    """A number of bytes as people say it: three digits and a unit."""
    size, units = float(count), iter(("bytes", "kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while size >= 999.5:
        size, unit = size / 1000, next(units)
    return f"{count} bytes" if unit == "bytes" else f"{size:.3g} {unit}"


def shortened(value: Any, length: int = 60) -> Any:
    """A value as it is if it is short, else its beginning."""
    text = _shown(value)
    return value if len(text) <= length else f"{text[: length - 1]}…"


def _number_format(magnitudes: list[float]) -> str:
    """The number of decimals that gives the largest number five digits; powers of ten where it is very small."""
    largest = max((value for value in magnitudes if math.isfinite(value)), default=0.0)
    if 0 < largest < 1e-3:
        return ".4e"
    return f".{4 if largest == 0 else max(0, 4 - math.floor(math.log10(largest)))}f"


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)
