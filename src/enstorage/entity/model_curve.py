"""`ModelCurve`: a stretch of the curves of a model, such as its loss at every epoch."""

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Blob, shown
from enstorage.entity._record import Record
from enstorage.entity._texts import check_name
from enstorage.entity.columns import facts
from enstorage.errors import CorruptError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray


# The usual kinds of numbers, which are tested for first because that is fast.
_NUMBERS = (float, int)
# A bundle and other programs do not know the smallest of the 64-bit integers.
_STEPS = 2**63


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


@dataclass(slots=True)  # neither frozen nor a named tuple: one is made at every step, in half the time
class Points:
    """Values of curves at one step, or at several: then arrays of shape (rows,), where a masked value is missing."""

    step: "int | NDArray[np.int64]"
    values: "Mapping[str, float | NDArray[Any]]"
    rows: int = 1


def points_to_log(step: object, values: "Mapping[str, object]") -> Points | None:
    """The arguments of `Model.log` in the form in which they are collected, sharing no memory with them; None for no points.

    Raises:
        InvalidInputError: they are not valid, see `Model.log`.
    """
    for name in values:
        _check_curve(name)
    try:
        numbers = {name: float(value) for name, value in values.items() if isinstance(value, _NUMBERS)}
        if numbers and len(numbers) == len(values) and type(step) is int and abs(step) < _STEPS:
            return Points(step, numbers)  # the usual case, at every step of a training
        if type(step) is int and not any(isinstance(value, np.ma.MaskedArray) for value in values.values()):
            points = Points(step, {name: _number(value) for name, value in values.items()})
        else:
            steps = _array(step, "iu")
            columns = {name: _array(value, "fiub", steps.shape) for name, value in values.items()}
            points = Points(steps, columns, steps.size)
    except (TypeError, ValueError, OverflowError) as error:
        raise _not_logged(step, values) from error
    if not values or not points.rows:
        return None
    _check_steps(points.step)
    return points


@lru_cache(1024)  # the same few names are logged at every step
def _check_curve(name: str) -> None:
    check_name(name, "name of a curve")


def _number(value: Any) -> float:
    # float() also takes texts, and the real part of a complex number.
    if isinstance(value, str | bytes | bytearray) or (
        isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "USMmc"
    ):
        raise TypeError
    return float(value)


def _array(values: Any, kinds: str, shape: tuple[int, ...] | None = None) -> "NDArray[Any]":
    array: NDArray[Any] = values.copy() if isinstance(values, np.ma.MaskedArray) else np.array(values)
    if array.ndim > 1 or array.dtype.kind not in kinds or shape not in (None, array.shape):
        raise TypeError
    return array


def _check_steps(steps: "int | NDArray[Any]") -> None:
    if np.ma.is_masked(steps):
        raise InvalidInputError(
            "log received masked steps; expected an integer for each value. Leave these steps and their values out."
        )
    largest = steps if isinstance(steps, int) else max(int(steps.max()), int(steps.min()), key=abs)
    if abs(largest) >= _STEPS:
        raise InvalidInputError(
            f"log received the step {shown(largest, 40)}; expected integers whose absolute value is below 2^63. Count "
            "steps from 0."
        )


def _not_logged(step: object, values: "Mapping[str, object]") -> InvalidInputError:
    received = ", ".join([shown(step, 40), *(f"{name}={shown(value, 40)}" for name, value in values.items())])
    return InvalidInputError(
        "log takes an integer and a number for each curve, such as log(3, loss=0.5), or as many numbers as steps; "
        f"received log({received})."
    )
