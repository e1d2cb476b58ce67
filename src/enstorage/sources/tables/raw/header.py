"""The header of a table: whether there is one, what stands above it, and the names of the columns."""

import re

_NUMBER = re.compile(r"^[+-]?[0-9][0-9.,' \u00a0]*(?:[eE][+-]?[0-9]+)?$")
_DATE = re.compile(r"^[0-9]{1,4}[-./:][0-9]|^[0-9]{8,}$|^[0-9]{4}$|^[0-9]{4}-?[QqWwMm][0-9]")


def lines_above(rows: list[list[str]]) -> int:
    """The number of lines above the header that have fewer cells than the table, such as the name of a station."""
    filled = [sum(map(bool, row)) for row in rows]
    first = filled.index(max(filled))  # a header names every column, other lines may have empty cells
    is_data = any(_DATE.match(row[0]) for row in rows[:first])
    return first if is_header(rows[first]) and not is_data else 0


def is_header(cells: list[str]) -> bool:
    """True for a header. A first row is data if a cell could be: a bad first value must not be taken for a title."""
    if not cells[0]:  # the title that pandas writes for an unnamed index
        return True
    if len(cells) == 2:
        return re.match("[+-]?[0-9]", cells[0]) is None and _NUMBER.match(cells[1]) is None
    return not any(map(_DATE.match, cells)) and not all(_NUMBER.match(cell) for cell in cells if cell)


def filled_width(rows: list[list[str]]) -> int:
    """The number of columns of rows without header, without empty ones at the end."""
    first = len(rows[0])
    return max(index for row in rows for index, cell in enumerate([*row, "end"][:first], start=1) if cell)


def column_names(titles: list[str]) -> list[str]:
    """The titles, each once; the number of the column where there is none."""
    names: dict[str, None] = {}
    for position, title in enumerate(titles, start=1):
        name = title or str(position)
        names[name if name not in names else f"{name} {position}"] = None
    return list(names)
