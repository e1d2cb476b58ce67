"""`DataSet`: the final sample for one kind of model, `[id, X, y]`."""

import os
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.adapter.base import Adapter, ArrayAdapter, adapter_from_json
from enstorage.adapter.hashing import samples_sha256
from enstorage.adapter.samples import Samples, only_measured, rows_of
from enstorage.arrays.missing import unmasked
from enstorage.entity._arrays import array_adapter, as_targets, given_samples, kept_samples, steps_of
from enstorage.entity._inputs import Inputs, check_adapter, checked_preparations
from enstorage.entity._saving import save_all
from enstorage.entity.csv_text import csv_text
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_set_columns import DataSetColumns
from enstorage.entity.data_set_input import DataSetInput
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.preparation.split import Part
from enstorage.sources.expected import ExpectedValues
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl

    from enstorage.connector import Connector
    from enstorage.entity.model import Model

PartOrRows = str | NDArray[np.int64] | None
"""A part, the indices of samples, shape (n,), or None for all."""


class DataSet(DataSetColumns):
    """Samples: features X, targets y and **id**, the time of the (first) target in int64 nanoseconds. Immutable.

    A set made by an adapter stores ids, parts and the recipe; X and y are views of the rows of its preparation, or are built
    again from those of its several preparations. A set made by `from_arrays` stores everything. Members of an ensemble are
    aligned by `id`, in a pooled set, which has samples of several series, by series and `id`.
    """

    @classmethod
    def make(
        cls, preparation: DataPreparation, adapter: Adapter, name: str | None = None, description: str = ""
    ) -> Self:
        """Apply an adapter to a preparation and store the result. See `DataPreparation.create_set`."""
        check_adapter(adapter)
        inputs = adapter.inputs(preparation._saved())
        return cls._of(Inputs(inputs, inputs.index(preparation)), adapter, name or str(adapter), description)

    @classmethod
    def from_preparations(
        cls,
        preparations: Iterable[DataPreparation],
        adapter: Adapter,
        name: str | None = None,
        *,
        description: str = "",
    ) -> Self:
        """Apply an adapter to many preparations and store the samples of all in one set, in time order: a pooled set.

        Each series gives its own samples, with its own scale and parts; `series()` gives the source of each sample. A
        series that is too short for one sample is counted in `lost`. To join several series by time in *one* sample, use
        the adapter `Branches`; its targets are those of the first preparation here.

        Args:
            preparations: at least one, each of a different data source. The first one is `data_preparation_id`.
            adapter: such as `Interval(look_back=3)`.
            name: display name; by default the adapter and the number of series.
            description: free text.

        Raises:
            InvalidInputError: two preparations are of one data source, or the adapter can build no sample.
        """
        check_adapter(adapter)
        given = [each._saved() for each in checked_preparations(preparations)]
        named = adapter.inputs(given[0])
        if len(named) > 1 and list(named) != given:
            raise InvalidInputError(
                f"{adapter} has preparations of its own that differ from the given ones: {', '.join(map(str, named))}. "
                "Give them in one place only."
            )
        label = name or (f"{adapter} of {len(given)} series" if len(given) > 1 else str(adapter))
        return cls._of(Inputs(given, 0), adapter, label, description)

    @classmethod
    def from_arrays(
        cls,
        id: ArrayLike,
        X: Any,
        y: ArrayLike,
        part: ArrayLike,
        name: str,
        *,
        adapter: ArrayAdapter | None = None,
        description: str = "",
        connector: "Connector | None" = None,
    ) -> Self:
        """Store samples without a preparation: images, texts, uploads.

        Args:
            id: times (or plain numbers) of the targets, unique, shape (samples,); the samples are stored in their order.
            X: features, shape (samples, …); with an adapter images or texts, as it takes them.
            y: targets, shape (samples, …); with an adapter labels.
            part: `train`, `valid` or `test` for each sample, shape (samples,).
            name: display name.
            adapter: converts the stored arrays to X and y, `Images(classes=10)` or `Sequences(words=5000, length=500)`;
                None: they are X and y.
            description: free text.
            connector: the store; the current one by default.

        Raises:
            InvalidInputError: lengths differ, an id is repeated, a value is not a finite number, or a class is missing
                in the train part.
        """
        import polars as pl

        from enstorage.connector import Connector

        if adapter is not None and not isinstance(adapter, ArrayAdapter):
            raise InvalidInputError(
                f"{adapter} does not take arrays; expected for example Images(classes=10). Use create_set for preparations."
            )
        samples = given_samples(id, X, y, part, adapter)
        rows = len(samples.id)
        table = pl.DataFrame({"id": samples.id, "part": samples.part}).with_columns(
            pl.Series("X", samples.X.reshape(rows, -1)), pl.Series("y", samples.y.reshape(rows, -1))
        )
        recipe = {"name": "arrays"} if adapter is None else adapter.to_json()
        recipe |= {"X": list(samples.X.shape[1:]), "y": list(samples.y.shape[1:])}
        return cls._store(
            connector or Connector.current(), samples, table, (), name=name, adapter=recipe, description=description
        )

    @classmethod
    def _of(cls, inputs: Inputs, adapter: Adapter, name: str, description: str) -> Self:
        import polars as pl

        samples = only_measured(adapter.samples_of(inputs.prepared, inputs.asked), inputs.prepared, inputs.asked)
        table = pl.DataFrame({"id": samples.id, "part": samples.part})
        if samples.taken_from is not None:
            inputs.check_sources()
            table = table.with_columns(series=inputs.source_ids[samples.taken_from])
        asked = inputs.preparations[inputs.asked]
        made = cls._store(
            asked.connector,
            samples,
            table,
            inputs.preparations if len(inputs.preparations) > 1 else (),
            name=name,
            data_preparation_id=asked.id,
            adapter=adapter.to_json(),
            description=description,
        )
        made.__dict__["_inputs"] = inputs
        return made

    @classmethod
    def _store(
        cls,
        connector: "Connector",
        samples: Samples,
        table: "pl.DataFrame",
        inputs: Iterable[DataPreparation],
        **columns: Any,
    ) -> Self:
        data_csv, sha256 = DataCsv.of(table, connector), samples_sha256(samples)
        with connector.transaction():
            made = cls(
                connector=connector,
                data_csv_id=data_csv.save().id,
                rows=len(samples.id),
                lost=dict(samples.lost),
                sha256=sha256,
                **columns,
            ).save()
            save_all(
                DataSetInput(connector=connector, data_set_id=made.id, data_preparation_id=each.id, position=position)
                for position, each in enumerate(inputs)
            )
        made.__dict__["_samples"], made.__dict__["_csv"] = samples, data_csv
        return made

    def arrays(self, part: PartOrRows = None) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[Any]]:
        """The samples `(id, X, y)` of one part, by default of all, in time order.

        Args:
            part: `train`, `valid`, `test`, or the indices of samples, shape (n,); here and in the other methods.

        Returns:
            id (samples,) int64 ns; X (samples, …); y (samples,) or (samples, …), NaN where a target was not measured.
            Read-only views where possible; images are scaled in each call.
        """
        rows = self._rows(part)
        id, X, y = self._samples.id[rows], self._samples.X[rows], self._samples.y[rows]
        adapter = self._array_adapter
        return (id, X, y) if adapter is None else (id, adapter.features(X), adapter.targets(y))

    def parts(self) -> NDArray[np.int8]:
        """The part of each sample: 0 train, 1 valid, 2 test; shape (samples,)."""
        return self._table["part"].to_numpy()

    def ids(self) -> NDArray[np.int64]:
        """The id of each sample, shape (samples,), without building the samples."""
        return self._table["id"].to_numpy()

    def series(self, part: PartOrRows = None) -> NDArray[np.int64] | None:
        """The id of the data source of each sample, shape (samples,); None for a set without preparations."""
        if self.data_preparation_id is None:
            return None
        rows = self._rows(part)
        if self.is_pooled:
            return self._table["series"].to_numpy()[rows]
        source_id = self._inputs.source_ids[self._inputs.asked]
        return np.full(len(self.parts()[rows]), source_id, dtype=np.int64)

    def series_ids(self) -> list[int]:
        """The ids of the data sources of its targets, each once; empty for a set without preparations.

        In a pooled set, series that are too short for a sample are included.
        """
        if self.data_preparation_id is None:
            return []
        ids = self._inputs.source_ids
        return [int(id) for id in (ids if self.is_pooled else ids[[self._inputs.asked]])]

    @property
    def is_pooled(self) -> bool:
        """True if it has samples of several series, so that an id alone does not identify a sample."""
        return "series" in self._csv.columns

    def targets(self, part: PartOrRows = None) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times and true values of the targets in source units.

        Returns:
            id of each step's target (int64 ns) and its value, both (samples,) or (samples, horizon); the value is NaN
            where it was not measured but filled. For classes of `Bins` it is the true value itself, (samples,). For
            one-hot rows of a set from arrays the classes are steps of one id: both (samples, classes).
        """
        rows = self._rows(part)
        if self.data_preparation_id is None:
            y = self._samples.y[rows]
            return as_targets(
                self._samples.id[rows], y if self._array_adapter is None else self._array_adapter.targets(y)
            )
        return self._inputs.targets(rows_of(self._samples, rows))

    @cached_property
    def classes(self) -> int | None:
        """Number of classes of the targets: one-hot rows, or 0 and 1 for two classes; None where they are values."""
        if self.data_preparation_id is not None:
            return None
        _, truth = self.targets()
        if not np.isin(truth, (0.0, 1.0)).all():
            return None
        if truth.ndim == 2:
            return truth.shape[1] if truth.shape[1] > 1 and (truth.sum(axis=1) == 1).all() else None
        return 2 if truth.min() < truth.max() else None

    def invert(self, prepared: NDArray[np.float64], part: PartOrRows = None) -> NDArray[np.float64]:
        """Turn a model's output for the samples of a part, of the shape of y, into source units.

        Returns:
            Values of the shape of `targets()`: that of `prepared`, or for probabilities of `Bins` one expected value for
            each sample. Outputs for samples from arrays are not changed.
        """
        outputs = unmasked(prepared, float)
        if self.data_preparation_id is None:
            return steps_of(outputs)
        return self._inputs.invert(outputs, rows_of(self._samples, self._rows(part)))

    def to_csv(self, path: str | os.PathLike[str] | None = None) -> str:
        """The full `[id, X, y]` with the part, as CSV with a header; also written to `path` if one is given.

        A pooled set has the data source of each sample as `series`. Ids that are times are
        ISO 8601, local to the zone of their source.
        """
        import polars as pl

        id, X, y = self.arrays()
        columns: dict[str, Any] = {"id": id, "part": [Part(code).label for code in self.parts()]}
        if self.is_pooled:
            columns["series"] = self.series()
        for name, array in (("X", X), ("y", y)):
            flat = array.reshape(len(id), -1)
            columns |= {name if flat.shape[1] == 1 else f"{name}_{i}": flat[:, i] for i in range(flat.shape[1])}
        made_of = [] if self.is_pooled else self.preparations()
        clock = made_of[0].data_snapshot.clock if made_of else None
        text = csv_text(pl.DataFrame(columns), self.connector, clock)
        if path is not None:
            write_whole(path, text.encode(), overwrite=True)
        return text

    @property
    def data_preparation(self) -> DataPreparation | None:
        """The preparation from which it was made, the asked one if there are several; None for a set from arrays."""
        if self.data_preparation_id is None:
            return None
        return DataPreparation.get(self.data_preparation_id, connector=self.connector)

    def preparations(self) -> list[DataPreparation]:
        """All preparations from which it was made, in the order given; empty for a set from arrays."""
        inputs = sorted(self._children(DataSetInput.data_set_id), key=lambda each: each.position)
        own = [] if self.data_preparation_id is None else [self.data_preparation_id]
        ids = [each.data_preparation_id for each in inputs] or own
        return DataPreparation.get_list(ids, connector=self.connector)

    def models(self) -> "list[Model]":
        """The models that use it."""
        from enstorage.entity.model import Model

        return self._children(Model.data_set_id)

    def verify(self) -> None:
        """Build the samples again and compare them with what was stored.

        Raises:
            CorruptError: they differ.
        """
        samples = type(self).get(self.id, connector=self.connector)._samples
        if not any(samples_sha256(samples, whole_rows=whole) == self.sha256 for whole in (False, True)):
            raise CorruptError(f"The samples of {self} differ from those that were stored. Run `enstorage check`.")

    def check(self, expected: ExpectedValues) -> dict[str, Any]:
        """Check the values that it was made from, as its snapshots have them, and keep the report with it.

        A data set whose last check failed is blocked: nothing is trained on it until a check passes. The report has
        `passed`, `expected`, `faults` in words, `series`, their number, `facts` by series, and `checked_at`.
        """
        from enstorage.entity._set_check import check_values

        return check_values(self._saved(), expected)

    def refuse_blocked(self) -> None:
        """Refuse a data set whose last check failed.

        Raises:
            InvalidInputError: it is blocked; the message has the reason.
        """
        if self.check_result is not None and not self.check_result["passed"]:
            faults = self.check_result["faults"]
            raise InvalidInputError(
                f"{self} is blocked: its values are not as expected: {faults}. Nothing is trained on it. Correct the "
                "points and make it anew, or check it against other bounds: data_set.check(…)."
            )

    def _rows(self, part: PartOrRows) -> NDArray[np.int64] | slice:
        if part is None:
            return slice(None)
        if isinstance(part, np.ndarray):
            return part
        rows = np.flatnonzero(self.parts() == Part.of(part))
        if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
            return slice(int(rows[0]), int(rows[-1]) + 1)  # a slice is a view, a list of rows would copy
        return rows

    @cached_property
    def _samples(self) -> Samples:
        return self._kept() if self.data_preparation_id is None else self._built()

    def _built(self) -> Samples:
        adapter, inputs = adapter_from_json(self.adapter), self._inputs
        assert isinstance(adapter, Adapter)  # noqa: S101 - sets of preparations have such adapters
        samples = only_measured(adapter.samples_of(inputs.prepared, inputs.asked), inputs.prepared, inputs.asked)
        same = np.array_equal(samples.id, self._table["id"].to_numpy())
        if same and samples.taken_from is not None:
            same = np.array_equal(inputs.source_ids[samples.taken_from], self._table["series"].to_numpy())
        if not same:
            raise CorruptError(f"The ids of {self} differ from those that were stored. Run `enstorage check`.")
        return samples

    def _kept(self) -> Samples:
        table = self._csv.table()
        id, X, y, part = (table[name].to_numpy() for name in ("id", "X", "y", "part"))
        return kept_samples(Samples(id, X, y, part, origin=None, target=None, lost=self.lost), self.adapter)

    @cached_property
    def _inputs(self) -> Inputs:
        preparations = self.preparations()
        (asked,) = (at for at, each in enumerate(preparations) if each.id == self.data_preparation_id)
        return Inputs(preparations, asked)

    @cached_property
    def _array_adapter(self) -> ArrayAdapter | None:
        if self.data_preparation_id is not None or self.adapter["name"] == "arrays":
            return None
        return array_adapter(self.adapter)

    @cached_property
    def _csv(self) -> DataCsv:
        return self.data_csv

    @cached_property
    def _table(self) -> "pl.DataFrame":
        """The index of the samples: id, part, and the series of a pooled set."""
        return self._csv.table(["id", "part", *(["series"] if self.is_pooled else [])])
