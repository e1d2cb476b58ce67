"""`RawTable`: the cells of a table, before anybody knows what its columns are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enstorage.parameters.naming import named

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class RawTable:
    """The cells of a table.

    Attributes:
        name: of the file, or the kind of the table, for messages.
        kind: see `TableReport.kind`.
        frame: the cells; texts as they are written, other types as the table has them.
        place: gives the name of a row for messages, such as `line 7`, from its position.
        title: gives the title in the file of a column of the frame, from the position of a row and the name of the column.
        has_header: false where the columns are called 1, 2, 3 … because the file does not name them.
        sheets: of an Excel file, the one that was read first.
        encoding: of a text file.
        separator: of a text file.
        skipped_lines: see `TableReport.skipped_lines`.
        left_out: columns that were left out already.
        rest: position of a column with what stands in rows beyond the last column; None if there is none.
    """

    name: str
    kind: str
    frame: "pl.DataFrame"
    place: Callable[[int], str]
    title: Callable[[int, str], str] = lambda _, name: name
    has_header: bool = True
    sheets: tuple[str, ...] = ()
    encoding: str | None = None
    separator: str | None = None
    skipped_lines: int = 0
    left_out: tuple[str, ...] = ()
    rest: "pl.Series | None" = None

    @property
    def on_sheets(self) -> str:
        """A sentence about the other sheets of the file, for messages; empty if there are none."""
        return on_sheets(self.sheets)


def on_sheets(sheets: Sequence[str]) -> str:
    """A sentence about the sheets that were not read, with a blank before it; empty if there are none.

    Args:
        sheets: the one that was read, and the others.
    """
    read, *others = sheets or ("",)
    if not others:
        return ""
    return f" The sheet {read!r:.60} was read; others are {', '.join(others)[:200]}: name one with {named('sheet')}."
