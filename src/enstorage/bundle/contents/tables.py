"""The tables of a bundle: whether the bytes are what the records say of them.

Bytes of strangers are read by Arrow first, which is made for that. Polars, which reads them later, ends the process at some
of the bytes that Arrow refuses.
"""

import io
import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage.bundle.contents.closure import Kind
from enstorage.bundle.contents.relations import owners, sources_of_sets
from enstorage.bundle.contents.rows import Row
from enstorage.entity import DataPreparation, DataSet, DataSnapshot, Ensemble, EnsembleItem, Forecast
from enstorage.entity.data_csv import MEMBER_COLUMNS, named_ids
from enstorage.entity.data_preparation import MEASURED
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.instant import MIN_NS
from enstorage.objects.table import content_sha256, from_parquet
from enstorage.settings import limit

if TYPE_CHECKING:
    import polars as pl

    from enstorage.bundle.contents.relations import Rows
    from enstorage.series.base import Points

_COLUMNS: dict[Kind, dict[str, str]] = {
    DataSnapshot: {"time": "Int64", "value": "Float64"},
    DataPreparation: {"position": "Int64", "time": "Int64", "value": "Float64", "prepared": "Float64", "part": "Int8"},
    DataSet: {"id": "Int64", "part": "Int8"},
    Forecast: {"series": "Int64", "id": "Int64", "step": "Int32", "quantile": "Float64", "value": "Float64"},
    Ensemble: {"series": "Int64", "id": "Int64", "step": "Int32", "part": "Int8", "fitted": "Boolean"}
    | dict.fromkeys(("truth", "ensemble"), "Float64"),
}
# Of the description of a table: bytes of its texts, and entries of its lists. Each page may have a head beside its values.
_MOST_TEXT, _MOST_ENTRIES = 4 << 20, 200_000
_FREE = 1 << 20
_POINTS = {"time": "Int64", "value": "Float64"}


class Tables:
    """Knows what the records say of every table.

    Args:
        rows: all records of the bundle.
        max_bytes: limit of the memory of all tables.

    Raises:
        InvalidInputError: a table has no owner or several.
    """

    def __init__(self, rows: "Rows", max_bytes: int) -> None:
        self._left: float = max_bytes
        self._owners = owners(rows)
        self._known = {entity.__tablename__: records for entity, records in rows.items()}
        self._members: dict[int, dict[str, set[int]]] = defaultdict(lambda: {"model": set(), "ensemble": set()})
        self._sources = sources_of_sets(rows)
        for item in rows.get(EnsembleItem, {}).values():
            if "dropped" not in item.values["properties"]:
                kind = "ensemble" if item.values["model_id"] is None else "model"
                own = self._members[item.values["ensemble_id"]]
                own[kind].add(item.values["member_id" if kind == "ensemble" else "model_id"])

    def check(self, content: bytes, row: Row) -> dict[str, set[int]]:
        """Refuse bytes that are not the table of which a `DataCsv` and its owner speak.

        Args:
            content: of the object.
            row: the `DataCsv`.

        Returns:
            The ids that the bytes name, as the store where they were made knew them.

        Raises:
            CorruptError: the bytes are no whole Parquet file.
            InvalidInputError: the table is another.
        """
        values, owner = row.values, self._owners[row.id]
        table = read_table(content, values["rows"], self._left)
        self._left -= table.estimated_size()
        columns = {name: str(kind) for name, kind in table.schema.items()}
        _check(
            columns == values["columns"] and len(content) == values["bytes"], row, "has other columns or another size"
        )
        _check(owner.values.get("rows", table.height) == table.height, row, f"has another number of rows than {owner}")
        named = named_ids(table)
        here = {entity: self._in_bundle(row, entity, ids) for entity, ids in named.items()}
        expected = dict(_COLUMNS[owner.entity])
        if owner.entity is DataPreparation and MEASURED in columns:
            expected[MEASURED] = "Boolean"
        if owner.entity is Ensemble:
            members = {kind: here.get(kind, set()) for kind in ("model", "ensemble")}
            _check(members == self._members[owner.id], row, f"has not the members of {owner}")
            keys = [str(id) for id in named["model"]] + [f"ensemble_{id}" for id in named.get("ensemble", ())]
            kinds = [
                kind for kind in MEMBER_COLUMNS if kind == "member" or any(f"{kind}_{key}" in columns for key in keys)
            ]
            expected |= {f"{kind}_{key}": "Float64" for kind in kinds for key in keys}
        elif owner.entity is DataSet and len(self._sources.get(owner.id, ())) > 1 and "series" in columns:
            _check(here["data_source"] <= self._sources[owner.id], row, f"names other sources than those of {owner}")
            expected["series"] = "Int64"
        elif owner.entity is DataSet and owner.values["data_preparation_id"] is None:
            expected |= {name: columns.get(name, "") for name in ("X", "y")}
            same = all(_size(table.schema.get(name)) == math.prod(owner.values["adapter"][name]) for name in ("X", "y"))
            _check(same, row, f"has not the shapes of {owner}")
        _check(columns == expected, row, f"has other columns than the table of {owner}")
        if owner.entity in (DataSnapshot, DataPreparation):
            _check(content_sha256(table) == owner.values["sha256"], row, f"has not the content of {owner}")
        return named

    def check_points(self, content: bytes) -> None:
        """Refuse bytes that are not the points of a source. Raises as `read_points`."""
        times, values = read_points(content, self._left)
        self._left -= times.nbytes + values.nbytes

    def _in_bundle(self, row: Row, entity: str, ids: set[int]) -> set[int]:
        """The ids in the store that the bundle was made in."""
        kept = None if row.values["local_ids"] is None else row.values["local_ids"][entity]
        here = {id if kept is None else kept.get(str(id)) for id in ids}
        _check(here <= self._known.get(entity, {}).keys(), row, f"names a {entity} that is not in the bundle")
        return here


def read_points(content: bytes, max_bytes: float) -> "Points":
    """The points of a source: times that ascend, and finite values.

    Raises:
        CorruptError: the bytes are no whole Parquet file.
        InvalidInputError: they are no such points.
    """
    table = read_table(content, None, max_bytes)
    if {name: str(kind) for name, kind in table.schema.items()} != _POINTS or any(each.has_nulls() for each in table):
        raise InvalidInputError("The points are no table of times and values.")
    times, values = table["time"].to_numpy(), table["value"].to_numpy()
    if not np.isfinite(values).all() or (np.diff(times) <= 0).any() or (len(times) and times[0] < MIN_NS):
        raise InvalidInputError("The points are not finite, or their times do not ascend.")
    return times, values


def read_table(content: bytes, rows: int | None, max_bytes: float) -> "pl.DataFrame":
    """The table in Parquet bytes that may be anything.

    Args:
        content: the bytes.
        rows: expected number of rows; None: any number.
        max_bytes: limit of its memory.

    Raises:
        CorruptError: the bytes are no whole Parquet file.
        InvalidInputError: it has another number of rows or takes more.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    _check_footer(content)
    try:
        file = pq.ParquetFile(
            io.BytesIO(content), thrift_string_size_limit=_MOST_TEXT, thrift_container_size_limit=_MOST_ENTRIES
        )
        declared, width = file.metadata.num_rows, sum(_bytes(field.type) for field in file.schema_arrow)
        if rows not in (None, declared) or declared * width > max_bytes:
            expected = "any number of" if rows is None else rows
            raise InvalidInputError(
                f"A table has {declared} rows of {width:g} bytes; expected {expected} rows that take at most "
                f"{max_bytes:.0f} bytes."
            )
        groups = (file.metadata.row_group(at) for at in range(file.metadata.num_row_groups))
        unpacked = sum(group.column(at).total_uncompressed_size for group in groups for at in range(group.num_columns))
        if unpacked > max_bytes + _FREE:
            raise InvalidInputError(f"A table unpacks to {unpacked} bytes; expected at most {max_bytes:.0f}.")
        arrow = file.read(use_threads=False)
        arrow.validate(full=True)
    except (pa.ArrowException, OSError, OverflowError, MemoryError, UnicodeDecodeError) as error:
        raise CorruptError(
            f"A table cannot be read as Parquet: {(str(error) or repr(error)).splitlines()[0]}."
        ) from error
    table = from_parquet(content)
    if arrow.num_rows != declared or table.height != declared or table.columns != arrow.column_names:
        raise CorruptError("A table has not the rows and columns that it declares.")
    return table


def _check_footer(content: bytes) -> None:
    """Refuse a table whose description, which becomes many times as large in memory, has more bytes than allowed."""
    size, most = int.from_bytes(content[-8:-4], "little"), limit("max_table_footer")
    if content[-4:] == b"PAR1" and most < size <= len(content):
        raise InvalidInputError(
            f"The description of a table has {size} bytes; expected at most {most}. If you trust whoever made it, raise the "
            "limit in the settings: max_table_footer in enstorage.toml, or ENSTORAGE_MAX_TABLE_FOOTER."
        )


def _bytes(kind: Any) -> float:
    """Number of bytes of a value in memory; texts and lists of any length are in no table."""
    import pyarrow as pa

    if pa.types.is_fixed_size_list(kind):
        return float(kind.list_size * _bytes(kind.value_type))
    return kind.bit_width / 8 if pa.types.is_primitive(kind) else math.inf


def _size(kind: Any) -> int | None:
    """Number of values in a row of a column of lists; None for any other column."""
    import polars as pl

    return kind.size if isinstance(kind, pl.Array) and len(kind.shape) == 1 else None


def _check(holds: object, row: Row, fact: str) -> None:
    if not holds:
        raise InvalidInputError(f"The table of {row} {fact}.")
