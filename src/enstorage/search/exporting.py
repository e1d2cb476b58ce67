"""All records that a query finds, as one file."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from enstorage.connector import Connector
from enstorage.entity._record import Record
from enstorage.errors import InvalidInputError
from enstorage.search.listing import LONGEST_PAGE, ListQuery, count_records, list_records

#: The media type of each format.
FORMATS = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "json": "application/json"}


def export_records(
    entity: type[Record], query: ListQuery, form: str, *, most: int, connector: Connector | None = None
) -> bytes:
    """All records that a query finds, each with its columns and facts; values that are JSON are its text.

    Args:
        entity: their class.
        query: the question.
        form: `csv`, `parquet` or `json`.
        most: most records.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: the query is not valid, finds more records, or the format is not known.
    """
    if form not in FORMATS:
        raise InvalidInputError(f"There is no format {form!r:.40}; known are {', '.join(FORMATS)}.", field="format")
    number, is_more = count_records(entity, query, most=most, connector=connector)
    if is_more:
        raise InvalidInputError(
            f"The query finds more than {number} records; expected at most that many. Narrow it.", field="where"
        )
    rows = list(_rows(entity, query, connector))
    if form == "json":
        return json.dumps(rows, ensure_ascii=False, default=_iso).encode()
    heads = list(dict.fromkeys(name for row in rows for name in row))
    flat = [[_cell(row.get(name)) for name in heads] for row in rows]
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(heads)
        writer.writerows(flat)
        return text.getvalue().encode()
    import polars as pl

    content = io.BytesIO()
    columns = {name: _column([row[place] for row in flat]) for place, name in enumerate(heads)}
    pl.DataFrame(columns, strict=False).write_parquet(content)
    return content.getvalue()


def _rows(entity: type[Record], query: ListQuery, connector: Connector | None) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = list_records(entity, query, limit=LONGEST_PAGE, cursor=cursor, connector=connector)
        for item in page.items:
            own = {
                name: value for name, value in item.items() if name not in ("entity", "parents", "facts", "in_trash")
            }
            facts = {f"meta.{key}": item["facts"].get(key) for key in query.facts}
            yield own | facts
        cursor = page.next
        if cursor is None:
            return


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _column(values: list[Any]) -> list[Any]:
    """Values of one type: texts where the types differ."""
    kinds = {
        bool if isinstance(each, bool) else str if isinstance(each, str) else float
        for each in values
        if each is not None
    }
    return values if len(kinds) < 2 else [None if each is None else str(each) for each in values]


def _iso(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
