"""`ModelCurve`: a stretch of the curves of a model, such as its loss at every epoch."""

import io
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Blob
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.errors import CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl
    import pyarrow as pa


class ModelCurve(Record):
    """The values of many steps in one row: written by `Model.log`, read by `Model.curves`."""

    __tablename__ = "model_curve"

    model_id: Mapped[int] = mapped_column(ForeignKey("model.id"), index=True, info=facts("The model.", part_of=True))
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of steps."))
    data: Mapped[bytes] = mapped_column(
        Blob,
        info=facts("A table with the column `step` and one for each curve, as Arrow IPC.", listed=False),
    )

    def table(self) -> "pl.DataFrame":
        """Column `step` and one for each curve, null where it has no value at a step.

        Raises:
            CorruptError: the bytes are not such a table.
        """
        import polars as pl

        try:
            return pl.read_ipc_stream(io.BytesIO(self.data))
        except (pl.exceptions.PolarsError, OSError) as error:
            raise CorruptError(f"{self} cannot be read: {str(error).splitlines()[0]}. Restore a backup.") from error


def packed(table: "pa.Table") -> dict[str, Any]:
    """The columns of a row that holds the table."""
    import pyarrow as pa

    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, table.schema) as stream:
        stream.write_table(table)
    return {"rows": table.num_rows, "data": buffer.getvalue()}


def joined(tables: "Iterable[pl.DataFrame]") -> "pl.DataFrame":
    """The curves of several stretches, sorted by step; of two values at one step the later one counts."""
    import polars as pl

    stretches = list(tables)
    if not stretches:
        return pl.DataFrame(schema={"step": pl.Int64})
    by_step = pl.concat(stretches, how="diagonal").group_by("step", maintain_order=True)
    return by_step.agg(pl.exclude("step").drop_nulls().last()).sort("step")


def not_logged(step: object, values: "Mapping[str, object]") -> InvalidInputError:
    """The error for arguments that `Model.log` cannot take."""
    received = ", ".join([f"{step!r:.40}", *(f"{name}={value!r:.40}" for name, value in values.items())])
    return InvalidInputError(
        "log takes an integer and a number for each curve, such as log(3, loss=0.5), or as many numbers as steps; "
        f"received log({received})."
    )
