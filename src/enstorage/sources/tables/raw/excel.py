"""Tables in Excel files, read by `python-calamine`."""

import io
import re
import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enstorage.errors import InvalidInputError
from enstorage.plugins import missing
from enstorage.settings import limit
from enstorage.sources.tables.raw.header import column_names, filled_width, find_header, titles_of
from enstorage.sources.tables.raw.table import RawTable, on_sheets

if TYPE_CHECKING:
    import polars as pl

_SAMPLE_ROWS = 100
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]{0,3})([0-9]{1,9})["']""")
# The library keeps the rectangle of all cells in memory, about 32 bytes a cell.
_BYTES_OF_CELL = 32


def read_excel(path: Path, content: bytes, sheet: str | None) -> RawTable:
    """The cells of a sheet.

    Args:
        path: of the file, for messages.
        content: the bytes of the file.
        sheet: name of the sheet; None: the first one.

    Raises:
        InvalidInputError: it is no Excel file, is too large, or has no such sheet.
        MissingLibraryError: the library is not installed.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise missing(error, "Reading an Excel file", extra="excel") from error
    _check_size(path, content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        if sheet is not None and sheet not in workbook.sheet_names:
            raise InvalidInputError(
                f"{path} has no sheet {sheet!r:.60}; it has {', '.join(workbook.sheet_names)[:200]}. Name one of these."
            )
        first = sheet or workbook.sheet_names[0]
        sheets = (first, *(name for name in workbook.sheet_names if name != first))
        rows = workbook.get_sheet_by_name(first).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError, IndexError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"{path} is not a readable Excel file: {error!s:.120}. Save it again.") from None
    numbered = [(number, row) for number, row in enumerate(rows, start=1) if any(cell != "" for cell in row)]
    if not numbered:
        raise InvalidInputError(f"{path} holds no points; its sheet {first!r:.60} is empty.{on_sheets(sheets)}")
    texts = [[_text(cell) or "" for cell in row] for _, row in numbered[:_SAMPLE_ROWS]]
    above, lines = find_header(texts)
    data = numbered[above + lines :]
    if not data:
        raise InvalidInputError(
            f"{path} holds a header only; expected rows of a time and a value. Check the file.{on_sheets(sheets)}"
        )
    titles = titles_of(texts[above : above + lines]) if lines else [""] * filled_width(texts[above:])
    columns = zip(*(row for _, row in data), strict=True)
    frame = _frame(dict(zip(column_names(titles), columns, strict=False)), titles)
    return RawTable(
        name=str(path),
        kind="Excel",
        frame=frame,
        place=lambda row: f"row {data[row][0]}",
        has_header=lines > 0,
        sheets=sheets,
        skipped_lines=data[-1][0] - len(data) - lines,
    )


def _frame(columns: "dict[str, tuple[Any, ...]]", titles: list[str]) -> "pl.DataFrame":
    """The columns; of times or of numbers where all cells are, else of texts. Empty ones without title are left out."""
    import polars as pl

    found = {}
    for (name, cells), title in zip(columns.items(), titles, strict=True):
        kinds = {type(cell) for cell in cells if cell != ""}
        if not kinds and not title:
            continue
        values = [None if cell == "" else cell for cell in cells]
        if kinds and kinds <= {datetime, date}:
            moments = [None if each is None else datetime.fromisoformat(each.isoformat()) for each in values]
            found[name] = pl.Series(moments, dtype=pl.Datetime("us"))
        elif kinds and kinds <= {int, float}:
            found[name] = pl.Series(values, dtype=pl.Float64, strict=False)
        else:
            found[name] = pl.Series([_text(cell) for cell in values], dtype=pl.String)
    return pl.DataFrame(found)


def _text(cell: Any) -> str | None:
    if cell is None or cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _check_size(path: Path, content: bytes) -> None:
    """Refuse an archive that unpacks to too much, or whose cells lie too far apart."""
    most = limit("max_file_bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if sum(each.file_size for each in members) > most:
                raise InvalidInputError(_too_large(path, f"unpacks to more than {most} bytes"))
            for each in members:
                if each.filename.startswith("xl/worksheets/") and each.filename.endswith(".xml"):
                    with archive.open(each) as file:
                        width, height = _extent(file.read(most))
                    if width * height * _BYTES_OF_CELL > most:
                        raise InvalidInputError(_too_large(path, f"has a sheet of {height} rows and {width} columns"))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise InvalidInputError(f"{path} is not a readable Excel file. Save it again as .xlsx.") from None


def _extent(sheet: bytes) -> tuple[int, int]:
    """The number of columns and rows of a sheet, from the references of its cells."""
    width = height = 1
    for letters, number in set(_REFERENCE.findall(sheet)):
        column = 0
        for letter in letters:
            column = 26 * column + letter - 64
        width, height = max(width, column), max(height, int(number))
    return width, height


def _too_large(path: Path, fault: str) -> str:
    return f"{path} {fault}. If it is right, allow more by the setting ENSTORAGE_MAX_FILE_BYTES."
