"""`DataSet`: the final sample for one kind of model, `[id, X, y]`."""

import hashlib
import os
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.adapter.base import Adapter, Samples, adapter_from_json
from enstorage.database.types import JsonValue, Name
from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.entity.data_preparation import DataPreparation
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.instant import to_ns_array
from enstorage.preparation.split import PARTS, check_part
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl

    from enstorage.connector import Connector
    from enstorage.entity.model import Model

_ROWS_PER_HASH = 65_536


class DataSet(TableOwner):
    """Samples: features X, targets y and **id**, the time of the (first) target in int64 nanoseconds. Immutable.

    A set made by an adapter keeps ids, parts and the recipe; X and y are views of the preparation's rows. A set made by
    `from_arrays` keeps everything. `id` is what members of an ensemble are aligned by.
    """

    __tablename__ = "data_set"
    _immutable = frozenset({"data_preparation_id", "data_csv_id", "adapter", "rows", "lost", "sha256"})
    _upstream = ("data_preparation_id",)

    name: Mapped[str] = mapped_column(Name)
    data_preparation_id: Mapped[int | None] = mapped_column(ForeignKey("data_preparation.id"), index=True)
    #: The adapter's recipe; for a set from arrays the shapes of X and y.
    adapter: Mapped[dict[str, Any]] = mapped_column(JsonValue)
    rows: Mapped[int] = mapped_column(BigInteger)
    #: How many samples were not built, by reason.
    lost: Mapped[dict[str, int]] = mapped_column(JsonValue)
    #: Over id, X, y and part of all samples.
    sha256: Mapped[str] = mapped_column(String(64))

    @classmethod
    def make(
        cls, preparation: DataPreparation, adapter: Adapter, name: str | None = None, description: str = ""
    ) -> Self:
        """Apply an adapter to a preparation and keep the result. See `DataPreparation.create_set`."""
        import polars as pl

        if not isinstance(adapter, Adapter):
            raise InvalidInputError(
                f"{adapter!r} is not an adapter; expected for example enstorage.adapter.Window(lag=7)."
            )
        samples = adapter.samples(preparation._saved().prepared())
        table = pl.DataFrame({"id": samples.id, "part": samples.part})
        return cls._store(
            preparation.connector,
            samples,
            table,
            name=name or str(adapter),
            data_preparation_id=preparation.id,
            adapter=adapter.to_json(),
            description=description,
        )

    @classmethod
    def from_arrays(
        cls,
        id: ArrayLike,
        X: ArrayLike,
        y: ArrayLike,
        part: ArrayLike,
        name: str,
        *,
        description: str = "",
        connector: "Connector | None" = None,
    ) -> Self:
        """Keep samples that come from no preparation: images, texts, uploads.

        Args:
            id: times (or plain numbers) of the targets, unique, shape (samples,); kept in that order.
            X: features, shape (samples, …).
            y: targets, shape (samples, …).
            part: `train`, `valid` or `test` for each sample, shape (samples,).
            name: what people call it.
            description: free text.
            connector: the store; the current one by default.
        """
        import polars as pl

        from enstorage.connector import Connector

        given = Samples(
            id=to_ns_array(id), X=_native(X), y=_native(y), part=_part_codes(part), origin=None, target=None, lost={}
        )
        _check_arrays(given)
        order, rows = np.argsort(given.id), len(given.id)
        features, targets = given.X[order], given.y[order]
        samples = replace(given, id=given.id[order], X=features, y=targets, part=given.part[order])
        table = pl.DataFrame({"id": samples.id, "part": samples.part}).with_columns(
            pl.Series("X", features.reshape(rows, -1)), pl.Series("y", targets.reshape(rows, -1))
        )
        recipe = {"name": "arrays", "X": list(features.shape[1:]), "y": list(targets.shape[1:])}
        return cls._store(
            connector or Connector.current(), samples, table, name=name, adapter=recipe, description=description
        )

    @classmethod
    def _store(cls, connector: "Connector", samples: Samples, table: "pl.DataFrame", **columns: Any) -> Self:
        data_csv, sha256 = DataCsv.of(table, connector), _sha256(samples)
        with connector.transaction():
            made = cls(
                connector=connector,
                data_csv_id=data_csv.save().id,
                rows=len(samples.id),
                lost=dict(samples.lost),
                sha256=sha256,
                **columns,
            ).save()
        made.__dict__["_samples"] = samples
        return made

    def arrays(self, part: str | None = None) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
        """The samples `(id, X, y)` of one part, by default of all, in time order.

        Args:
            part: `train`, `valid`, `test`, or None.

        Returns:
            id (samples,) int64 ns; X (samples, …); y (samples,) or (samples, …). Read-only views where that is possible.
        """
        rows = self._rows(part)
        return self._samples.id[rows], self._samples.X[rows], self._samples.y[rows]

    def parts(self) -> NDArray[np.int8]:
        """The part of each sample: 0 train, 1 valid, 2 test; shape (samples,)."""
        return self._samples.part

    def targets(self, part: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and true values of the targets in source units.

        Returns:
            id of each step's target (int64 ns) and its value, both (samples,) or (samples, horizon).
        """
        rows, samples = self._rows(part), self._samples
        if samples.target is None:
            return samples.id[rows], samples.y[rows]
        table = self._preparation.table()
        steps = samples.target[rows, None] + np.arange(1 if samples.y.ndim == 1 else samples.y.shape[1])
        at = steps[:, 0] if samples.y.ndim == 1 else steps
        return table["time"].to_numpy()[at], table["value"].to_numpy()[at]

    def invert(self, prepared: NDArray[np.float64], part: str | None = None) -> NDArray[np.float64]:
        """Turn a model's output for the samples of a part into source units; same shape as `y`."""
        if self._samples.origin is None:
            return np.asarray(prepared, float)
        return self._preparation.invert(prepared, self._samples.origin[self._rows(part)])

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """The full `[id, X, y]` with the part, as CSV with a header; written to `path` too when one is given."""
        import polars as pl

        samples = self._samples
        columns: dict[str, Any] = {"id": samples.id, "part": [PARTS[code] for code in samples.part]}
        for name, array in (("X", samples.X), ("y", samples.y)):
            flat = array.reshape(len(samples.id), -1)
            columns |= {name if flat.shape[1] == 1 else f"{name}_{i}": flat[:, i] for i in range(flat.shape[1])}
        text = pl.DataFrame(columns).write_csv()
        if path is not None:
            write_whole(path, text.encode(), overwrite=True)
        return text

    @property
    def data_preparation(self) -> DataPreparation | None:
        """The preparation it was made of; None for a set from arrays."""
        if self.data_preparation_id is None:
            return None
        return DataPreparation.get(self.data_preparation_id, connector=self.connector)

    def models(self) -> "list[Model]":
        """The models that use it."""
        from enstorage.entity.model import Model

        return self._children(Model.data_set_id)

    def verify(self) -> None:
        """Build the samples again and compare them with what was stored.

        Raises:
            CorruptError: they differ.
        """
        if _sha256(self._load()) != self.sha256:
            raise CorruptError(f"The samples of {self} are no longer those that were stored. Run `enstorage check`.")

    def _rows(self, part: str | None) -> NDArray[np.int64] | slice:
        if part is None:
            return slice(None)
        rows = np.flatnonzero(self._samples.part == PARTS.index(check_part(part)))
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return slice(int(rows[0]), int(rows[-1]) + 1)  # a slice is a view, a list of rows would copy
        return rows

    @cached_property
    def _samples(self) -> Samples:
        return self._load()

    @cached_property
    def _preparation(self) -> DataPreparation:
        preparation = self.data_preparation
        assert preparation is not None  # noqa: S101 - only asked where samples have an origin
        return preparation

    def _load(self) -> Samples:
        table = self.data_csv.table()
        if self.data_preparation_id is not None:
            samples = adapter_from_json(self.adapter).samples(self._preparation.prepared())
            if not np.array_equal(samples.id, table["id"].to_numpy()):
                raise CorruptError(f"The ids of {self} are no longer those that were stored. Run `enstorage check`.")
            return samples
        return Samples(
            id=table["id"].to_numpy(),
            X=table["X"].to_numpy().reshape(self.rows, *self.adapter["X"]),
            y=table["y"].to_numpy().reshape(self.rows, *self.adapter["y"]),
            part=table["part"].to_numpy(),
            origin=None,
            target=None,
            lost=self.lost,
        )


def _sha256(samples: Samples) -> str:
    digest = hashlib.sha256()
    for name, array in (("id", samples.id), ("X", samples.X), ("y", samples.y), ("part", samples.part)):
        digest.update(f"{name}:{array.dtype.str}:{array.shape};".encode())
        for start in range(0, len(array), _ROWS_PER_HASH):  # a window matrix is never copied whole
            digest.update(np.ascontiguousarray(array[start : start + _ROWS_PER_HASH]).tobytes())
    return digest.hexdigest()


def _part_codes(part: ArrayLike) -> NDArray[np.int8]:
    names = np.asarray(part)
    unknown = sorted({str(name) for name in names.ravel().tolist()} - set(PARTS))
    if unknown:
        raise InvalidInputError(f"Parts are {', '.join(PARTS)}; received {', '.join(unknown[:5])}.")
    return np.array([PARTS.index(name) for name in names.tolist()], dtype=np.int8)


def _native(values: ArrayLike) -> NDArray[Any]:
    """An array in the byte order of this machine, in which tables keep it."""
    array = np.asarray(values)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _check_arrays(samples: Samples) -> None:
    lengths = {"id": len(samples.id), "X": len(samples.X), "y": len(samples.y), "part": len(samples.part)}
    if len(set(lengths.values())) > 1 or not len(samples.id):
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise InvalidInputError(f"id, X, y and part need one row a sample, at least one; received {shown}.")
    if len(np.unique(samples.id)) < len(samples.id):
        raise InvalidInputError("Every sample needs an id of its own; some ids stand twice. Number the samples anew.")
    for name, array in (("X", samples.X), ("y", samples.y)):
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise InvalidInputError(
                f"{name} has to hold numbers of at most 64 bits; received {array.dtype}. Convert it first."
            )
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InvalidInputError(
                f"{name} holds {int((~np.isfinite(array)).sum())} values that are NaN or infinite. Clean the data first."
            )
