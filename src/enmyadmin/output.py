"""All output of commands: lines and tables for people, JSON for machines, one message for an error.

Nothing else prints: names and other free text reach a terminal as `enstorage.terminal.printable` gives them.
"""

import io
import json
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Annotated, Any

import typer

from enstorage.errors import StoreError
from enstorage.terminal import printable, printable_json

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Language = Annotated[str, typer.Option("--language", help="Of the page: en or ru.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Show no progress bar.")]

_UNLIMITED = 10_000


@contextmanager
def safe_output() -> Iterator[None]:
    """Inside the block no character is an error, and a warning of a library is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _print_warning
        yield


def print_line(text: str = "", *, err: bool = False) -> None:
    """Print one line, to standard output or to standard error."""
    stream = sys.stderr if err else sys.stdout
    _write(printable(text, stream), err=err)


def print_lines(text: str) -> None:
    """Print a text of several lines, such as a tree."""
    for line in text.split("\n"):
        print_line(line)


def print_json(value: Any, *, err: bool = False) -> None:
    """Print a JSON value, indented, to standard output or to standard error."""
    _write(printable_json(to_json(value), sys.stderr if err else sys.stdout), err=err)


def confirm(question: str) -> None:
    """Ask a question on standard error.

    Raises:
        Abort: the answer is not yes.
    """
    typer.confirm(printable(question, sys.stderr), abort=True, err=True)


def ask_secret(question: str) -> str:
    """Ask for a new secret twice, on standard error, without showing it.

    Raises:
        Abort: none is given.
    """
    answer: str = typer.prompt(printable(question, sys.stderr), hide_input=True, confirmation_prompt=True, err=True)
    return answer


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
        text = json.dumps({"error": kind, "message": message}, ensure_ascii=False)
        _write(printable_json(text, sys.stderr), err=True)
        return
    first, *further = (f"error: {message}" if is_error else message).split("\n")
    # A line of the message never looks like one of the program.
    lines = [first, *(line if line.startswith(" ") else f"  {line}" for line in further)]
    text = "\n".join(printable(line, sys.stderr) for line in lines)
    _write(typer.style(text, fg=typer.colors.RED) if is_error and _is_coloured() else text, err=True)


def print_table(columns: list[str], rows: list[list[Any]], title: str | None = None) -> None:
    """Print a table; numbers stand to the right, those of one column with equally many decimals."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def text(value: str) -> Text:
        return Text(printable(value, sys.stdout))

    table = Table(
        title=None if title is None else text(title),
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    formatted = []
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        numbers = bool(cells) and all(isinstance(cell, int | float | None) for cell in cells)
        table.add_column(text(column), justify="right" if numbers else "left", overflow="fold")
        form = _number_format([abs(cell) for cell in cells if isinstance(cell, float)])
        formatted.append([format(cell, form) if isinstance(cell, float) else _formatted(cell) for cell in cells])
    for row in zip(*formatted, strict=True):
        table.add_row(*map(text, row))
    # A pipe or a file has no width, so no cell is broken there.
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    has_width = is_terminal or "COLUMNS" in os.environ
    drawn = io.StringIO()
    Console(file=drawn, force_terminal=is_terminal, width=None if has_width else _UNLIMITED).print(table)
    _write(drawn.getvalue().removesuffix("\n"))


def counted(count: int, noun: str) -> str:
    """A number of things: `1 point`, `2 points`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def readable_size(count: int) -> str:
    """A number of bytes with three digits and a unit."""
    size, units = float(count), iter(("bytes", "kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while size >= 999.5:
        size, unit = size / 1000, next(units)
    return f"{count} bytes" if unit == "bytes" else f"{size:.3g} {unit}"


def as_cell(value: Any, length: int = 60) -> Any:
    """A value for a column of values of different kinds: six digits of a number, else as `shortened` gives it."""
    return f"{value:.6g}" if isinstance(value, float) else shortened(value, length)


def shortened(value: Any, length: int = 60) -> Any:
    """A value as it is if it is short, else its beginning."""
    text = _formatted(value)
    return value if len(text) <= length else f"{text[: length - 1]}…"


def _number_format(magnitudes: list[float]) -> str:
    """The number of decimals that gives the largest number five digits; powers of ten where it is very small."""
    largest = max((value for value in magnitudes if math.isfinite(value)), default=0.0)
    if 0 < largest < 1e-3:
        return ".4e"
    return f".{4 if largest == 0 else max(0, 4 - math.floor(math.log10(largest)))}f"


def _formatted(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(value)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _write(text: str, *, err: bool = False) -> None:
    stream = sys.stderr if err else sys.stdout
    if stream is None:  # a shell can close it
        return
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        with suppress(OSError):  # what is left in the buffer would fail again at the end of the process
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not err:
            raise StoreError(
                f"The output could not be written: {error}. What the command stored is kept. Check the disk."
            ) from error


def _is_coloured() -> bool:
    return sys.stderr.isatty() and "NO_COLOR" not in os.environ


def _print_warning(message: Warning | str, *_place: Any, **_more: Any) -> None:
    print_line(f"warning: {message}", err=True)
