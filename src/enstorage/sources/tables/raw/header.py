"""The header of a table: whether there is one, what stands above it, and the names of the columns."""

import itertools
import re

from enstorage.sources.tables.layout import TIME_NAMES

_NUMBER = re.compile(r"^[+-]?[0-9][0-9.,' \u00a0]*(?:[eE][+-]?[0-9]+)?$")
_DATE = re.compile(r"^[0-9]{1,4}[-./:][0-9]|^[0-9]{8,}$|^[0-9]{4}$|^[0-9]{4}-?[QqWwMm][0-9]")


def find_header(rows: list[list[str]]) -> tuple[int, int]:
    """The number of lines above the header, such as the name of a station, and the number of lines of the header.

    Lines above have fewer cells than the table, or stand above a header right before the first date and do not name a time.
    A header has two lines where that right above the table leaves the first column to the one above it.
    """
    filled = [sum(map(bool, row)) for row in rows]
    first = filled.index(max(filled))  # a header names every column, other lines may have empty cells
    is_data = any(_DATE.match(row[0]) for row in rows[:first])
    dated = next((place for place, row in enumerate(rows) if _DATE.match(row[0])), 0)
    titles = rows[first : max(dated - 1, first)]
    if titles and is_header(rows[dated - 1]) and not any(row[0].lower() in TIME_NAMES for row in titles):
        return (dated - 1, 1) if all(rows[dated - 1]) else (first, 1)
    if is_data:
        return 0, int(is_header(rows[0]))
    if is_header(rows[first]):
        return first, 1
    above = rows[first - 1] if first else []
    if sum(map(bool, above)) > 1:  # not every column has a title, or only one in the line above
        lines = 1 if above[0] or first == 1 else 2
        return first - lines, lines
    return (first, 0) if first and max(filled) > 2 else (0, int(is_header(rows[0])))


def titles_of(lines: list[list[str]]) -> list[str]:
    """The titles of the columns, from the lines of a header; one of the first line is above all up to the next one."""
    *above, line = [[*line, *[""] * (max(map(len, lines)) - len(line))] for line in lines]
    if not above:
        return line
    titles, title = [], ""
    for upper, lower in zip(above[0], line, strict=True):
        title = upper or title
        titles.append(f"{title} {lower}".strip() if lower else upper)
    return titles


def is_header(cells: list[str]) -> bool:
    """True for a header. A first row is data if a cell could be: a bad first value must not be taken for a title."""
    if not cells[0] or cells[0].lower() in TIME_NAMES:  # pandas writes no title for an unnamed index
        return True
    first = next((place for place, cell in enumerate(cells) if _DATE.match(cell)), len(cells))
    texts, dates = cells[:first], [cell for cell in cells[first:] if cell]
    if dates and texts and not any(_NUMBER.match(cell) for cell in texts) and _are_dates(dates):
        return True  # a column for each time
    if len(cells) == 2:
        return re.match("[+-]?[0-9]", cells[0]) is None and _NUMBER.match(cells[1]) is None
    return not any(map(_DATE.match, cells)) and not all(_NUMBER.match(cell) for cell in cells if cell)


def _are_dates(titles: list[str]) -> bool:
    """True for dates, or at least three consecutive years: other numbers of four digits may be values."""
    if all(re.fullmatch("[0-9]{4}", title) for title in titles):
        steps = {int(later) - int(earlier) for earlier, later in itertools.pairwise(titles)}
        return len(titles) > 2 and steps in ({1}, {-1})
    return sum(map(bool, map(_DATE.match, titles))) >= max(2, len(titles) - 1)


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
