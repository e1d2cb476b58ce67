"""`DataCsv`: the data of a snapshot, preparation, data set or forecast, and nothing else."""

import os
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self

from sqlalchemy import BigInteger, ForeignKey, delete
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonText, JsonValue, ObjectHash
from enstorage.entity._record import Record
from enstorage.entity._saving import save_all
from enstorage.entity.columns import facts
from enstorage.entity.csv_text import csv_text
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa
    from sqlalchemy.orm import Session

    from enstorage.calendars.calendar import Calendar
    from enstorage.connector import Connector

# Number of tables stored at once; progress is reported after each batch.
_PUT_AT_ONCE = 64

#: Prefix of the column of each member of an ensemble, before the key of the member: `3`, or `ensemble_5`.
MEMBER_COLUMNS = ("member", "out_of_fold", "weight")
_MEMBER = re.compile(f"({'|'.join(MEMBER_COLUMNS)})_(ensemble_)?([1-9][0-9]{{0,18}})")


class DataCsv(Record):
    """An immutable table, stored as Parquet bytes under their SHA-256 in the object store.

    The name is that of the paper, where such tables were CSV; `to_csv` still gives that form. Each snapshot, preparation,
    data set, forecast and ensemble owns one; equal bytes are stored once.
    """

    __tablename__ = "data_csv"
    _is_owned = True

    sha256: Mapped[str] = mapped_column(
        ObjectHash, index=True, info=facts("The bytes of the table, by their hash.", listed=False, immutable=True)
    )
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of rows.", immutable=True))
    columns: Mapped[dict[str, str]] = mapped_column(
        JsonValue, info=facts("The types of its columns, by name.", listed=False, immutable=True)
    )
    bytes: Mapped[int] = mapped_column(BigInteger, info=facts("Number of bytes.", immutable=True))
    #: For a table imported from another store: the local ids of the sources, models and ensembles that it names by their
    #: ids there, `{"data_source": {"35": 2}, "model": {"3": 7}}`. The bytes, and so the hash, stay those of that store.
    local_ids: Mapped[dict[str, dict[str, int]] | None] = mapped_column(
        JsonText,
        info=facts("Local ids of the records named in a table from another store.", listed=False, immutable=True),
    )

    @classmethod
    def of(cls, table: "pl.DataFrame", connector: "Connector") -> Self:
        """Put the bytes of a table into the object store and return its record, which is not saved yet.

        So the bytes, which may be many, are written before the transaction that saves the record begins.
        """
        return cls.of_many([table], connector)[0]

    @classmethod
    def of_many(
        cls, tables: "Sequence[pl.DataFrame]", connector: "Connector", report: Callable[[int], None] | None = None
    ) -> list[Self]:
        """The same for several tables; their bytes are put into the object store in parallel.

        Args:
            tables: tables with any columns.
            connector: the store.
            report: called from time to time with the number of stored tables.
        """
        from enstorage.objects.table import to_parquet

        contents: list[bytes] = []
        hashes: list[str] = []
        for start in range(0, len(tables), _PUT_AT_ONCE):
            if report is not None:
                report(start)
            batch = [to_parquet(table) for table in tables[start : start + _PUT_AT_ONCE]]
            hashes += connector.put(batch)
            contents += batch
        made = []
        for table, content, sha256 in zip(tables, contents, hashes, strict=True):
            record = cls(
                sha256=sha256,
                rows=table.height,
                columns={name: str(kind) for name, kind in table.schema.items()},
                bytes=len(content),
                connector=connector,
            )
            record.__dict__["_content"] = content
            made.append(record)
        return made

    def save(self) -> Self:
        """Create the record. See `Record.save`."""
        return self.save_many([self])[0]

    @classmethod
    def save_many(cls, records: "Sequence[Self]") -> list[Self]:
        """Create several records in one transaction; after it, missing bytes are put again."""
        if not records:
            return []
        connector = records[0].connector
        with connector.transaction():
            for record in records:
                content = record.__dict__.pop("_content", None)
                if content is not None:
                    connector.keep_again(record.sha256, content)
            return save_all(records)

    def table(self, columns: list[str] | None = None) -> "pl.DataFrame":
        """The table as a Polars data frame; by default with all columns.

        Raises:
            CorruptError: the bytes are missing or damaged.
        """
        from enstorage.objects.table import from_parquet

        table = from_parquet(self.connector.objects.get(self.sha256), columns)
        return table if self.local_ids is None else _with_local_ids(table, self.local_ids)

    def to_arrow(self) -> "pa.Table":
        """The table as an Arrow table."""
        return self.table().to_arrow()

    def to_csv(self, path: str | os.PathLike[str] | None = None, *, clock: "Calendar | None" = None) -> str:
        """The table as CSV with a header; also written to `path` if one is given.

        Lists become columns `x_0`, `x_1` …, times ISO 8601 in local time with the offset; those of an integer axis stay
        integers. The clock is that of the sources in the column `series`, else `clock`, else UTC.
        """
        import polars as pl

        table = self.table()
        for name, kind in table.schema.items():
            if isinstance(kind, pl.Array):
                names = [f"{name}_{index}" for index in range(kind.size)]
                table = table.with_columns(table[name].arr.to_struct(names)).unnest(name)
        text = csv_text(table, self.connector, clock)
        if path is not None:
            write_whole(path, text.encode(), overwrite=True)
        return text


def named_ids(table: "pl.DataFrame") -> dict[str, set[int]]:
    """The ids in a table: `data_source` in the column `series`, `model` and `ensemble` in the names of other columns."""
    sources = set(table["series"].unique().to_list()) if "series" in table.columns else set()
    members = [match for name in table.columns if (match := _MEMBER.fullmatch(name))]
    named = {"data_source": sources, "model": {int(match[3]) for match in members if not match[2]}}
    layers = {int(match[3]) for match in members if match[2]}
    return named | ({"ensemble": layers} if layers else {})


def _with_local_ids(table: "pl.DataFrame", local_ids: dict[str, dict[str, int]]) -> "pl.DataFrame":
    import polars as pl

    if "series" in table.columns:
        sources = {int(there): here for there, here in local_ids["data_source"].items()}
        table = table.with_columns(pl.col("series").replace_strict(sources, return_dtype=table.schema["series"]))
    names = {}
    for name in table.columns:
        if match := _MEMBER.fullmatch(name):
            kind, layer, there = match.groups()
            names[name] = f"{kind}_{layer or ''}{local_ids['ensemble' if layer else 'model'][there]}"
    return table.rename(names)


class TableOwner(Record):
    """Base of the records that own a table, which is deleted with them; its bytes stay until nothing refers to them."""

    __abstract__ = True

    data_csv_id: Mapped[int] = mapped_column(
        ForeignKey("data_csv.id"),
        sort_order=80,
        info=facts("The table that it owns.", listed=False, immutable=True, owns=True),
    )

    @property
    def data_csv(self) -> DataCsv:
        """The table that the record owns."""
        return DataCsv.get(self.data_csv_id, connector=self.connector)

    def _after_delete(self, session: "Session") -> None:
        session.execute(delete(DataCsv).where(DataCsv.id == self.data_csv_id))
