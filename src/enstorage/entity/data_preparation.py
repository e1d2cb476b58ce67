"""`DataPreparation`: a cleaned, transformed and split snapshot, with its recipe."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ForeignKey, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.adapter.base import Adapter
from enstorage.adapter.samples import Prepared
from enstorage.arrays.missing import unmasked
from enstorage.database.types import JsonValue, Name
from enstorage.entity._saving import save_all
from enstorage.entity.columns import facts
from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.objects.base import checked_hash
from enstorage.preparation.clean import parse_clean
from enstorage.preparation.fit import fit_on_measured
from enstorage.preparation.split import METHODS, Part, check_parts, rest_of, split_rows
from enstorage.preparation.transform import FittedTransform, Transform
from enstorage.progress import Listener, listening

if TYPE_CHECKING:
    import polars as pl

    from enstorage.entity.data_set import DataSet


# The number of measured train rows, in the state; preparations of earlier versions, which were fitted on filled rows too,
# have none.
FITTED_ON = "fitted_on"
# What the state says of the rows.
_COUNTED = ("parts", "dropped_rows", "filled_rows", "unfilled_rows", FITTED_ON)
# The column of a table that is false for rows that were filled or have no value.
MEASURED = "measured"


class DataPreparation(TableOwner):
    """A prepared series with the recipe that made it; immutable once prepared.

    Args:
        data_snapshot: the snapshot that is prepared.
        clean_method: treatment of rows without value: `drop`, `forward`, `backward`, `linear`, `mean`, `median`,
            `constant(v)` or `seasonal(n)`. A filled value is seen by models, but is never a target: it enters no loss, error
            or weight. A fill never uses a value of a later part; a gap that cannot be filled stays NaN, and no window
            spans it. `backward` and `linear` use later values of the same part, so that the errors of forecasts near a gap
            are too small; `forward` does not.
        transform_method: `none`, `minmax`, `standard`, `robust`, `log`, `log1p`, `sqrt`, `yeojohnson`, `difference`,
            `seasonal_difference(n)`, or a chain such as `log+difference+minmax`. Fitted on measured train rows, stored,
            invertible.
        train_part: share of the rows, in time order, that models are trained on.
        valid_part: share of the rows after those, for model selection.
        test_part: share of the rows at the end, for the final evaluation; None: the rest. The three sum to 1.
        split: `time`, or `random`, which leaks the future into training for series.
        seed: seed of the random split.
        description: free text.
        name: display name; may be None.

    Raises:
        InvalidInputError: a method is not known, the parts do not sum to 1, the transform cannot take the values.
    """

    __tablename__ = "data_preparation"

    name: Mapped[str | None] = mapped_column(Name, info=facts("Display name; may be left out."))
    data_snapshot_id: Mapped[int] = mapped_column(
        ForeignKey("data_snapshot.id"),
        index=True,
        info=facts("The snapshot that is prepared.", immutable=True, made_from=True),
    )
    clean_method: Mapped[str] = mapped_column(
        String(64),
        info=facts(
            "Treatment of rows without value: drop, forward, backward, linear, mean, median, constant(v) or seasonal(n).",
            immutable=True,
            canonical=lambda method: str(parse_clean(method)),
        ),
    )
    transform_method: Mapped[str] = mapped_column(
        String(255),
        info=facts(
            "Transform of the values, fitted on measured train rows: none, minmax, standard, log, difference or a chain.",
            immutable=True,
            canonical=lambda method: str(Transform.parse(method)),
        ),
    )
    train_part: Mapped[float] = mapped_column(info=facts("Share of the rows to train on.", immutable=True))
    valid_part: Mapped[float] = mapped_column(
        info=facts("Share of the rows after those, to choose by.", immutable=True)
    )
    test_part: Mapped[float] = mapped_column(
        info=facts("Share of the rows at the end, to test on; by default the rest.", immutable=True)
    )
    split: Mapped[str] = mapped_column(
        String(16),
        info=facts(
            "How the rows are split: by time, or at random, which leaks the future of a series into training.",
            listed=False,
            immutable=True,
            choices=lambda: METHODS,
        ),
    )
    seed: Mapped[int] = mapped_column(BigInteger, info=facts("Seed of the random split.", listed=False, immutable=True))
    #: The fitted transform (`transform`), the number of measured train rows that it was fitted on (`fitted_on`), the rows of
    #: each part (`parts`), rows dropped, filled and left without value, and whether models can see what comes after their
    #: origin (`leaks`): a random split, or gaps filled from later values. A preparation of an earlier version has no
    #: `fitted_on`: it was fitted on filled train rows too.
    state: Mapped[dict[str, Any]] = mapped_column(
        JsonValue, info=facts("The fitted transform, and the rows of each part.", listed=False, immutable=True)
    )
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of rows.", immutable=True))
    sha256: Mapped[str] = mapped_column(
        String(64),
        info=facts(
            "Hash over every time, value, prepared value and part.",
            listed=False,
            immutable=True,
            canonical=checked_hash,
        ),
    )

    def __init__(
        self,
        *,
        data_snapshot: DataSnapshot,
        clean_method: str = "drop",
        transform_method: str = "none",
        train_part: float = 0.7,
        valid_part: float = 0.0,
        test_part: float | None = None,
        split: str = "time",
        seed: int = 0,
        description: str = "",
        name: str | None = None,
    ) -> None:
        test_part = rest_of(train_part, valid_part) if test_part is None else test_part
        check_parts(train_part, valid_part, test_part, split, seed)
        super().__init__(
            connector=data_snapshot.connector,
            name=name,
            data_snapshot_id=data_snapshot.id,
            clean_method=str(parse_clean(clean_method)),
            transform_method=str(Transform.parse(transform_method)),
            train_part=train_part,
            valid_part=valid_part,
            test_part=test_part,
            split=split,
            seed=seed,
            description=description,
        )
        self.__dict__["_snapshot"] = data_snapshot

    def save(self) -> Self:
        """Store it; a new preparation is prepared first. See `Record.save`."""
        return self.prepare() if self._is_new else super().save()

    def prepare(self) -> Self:
        """Compute and store the prepared series; if it is stored already, compute it again and compare.

        Raises:
            CorruptError: the computed series differs from the stored one.
        """
        from enstorage.objects.table import content_sha256

        if self._is_new:
            with listening(progress=False) as report:
                return self.prepare_all([self], report)[0]
        snapshot = self.data_snapshot
        table, state = self._compute(snapshot, fitted_on_filled=FITTED_ON not in self.state)
        sha256 = content_sha256(table)
        if sha256 != self.sha256 and MEASURED not in self.data_csv.columns:  # earlier versions did not keep this column
            sha256 = content_sha256(table := table.drop(MEASURED, strict=False))
        if sha256 != self.sha256:
            raise CorruptError(
                f"{self} cannot be reproduced: preparing {snapshot} gave the hash {sha256[:12]}…; expected the stored hash "
                f"{self.sha256[:12]}…. Run `enstorage check`, and compare the versions of the libraries."
            )
        other = [name for name in _COUNTED if self.state.get(name) != state.get(name)]
        if other or table.height != self.rows:
            raise CorruptError(
                f"{self} cannot be reproduced: its {', '.join(other) or 'rows'} differ from those stored. "
                "Restore the database from a backup, or prepare the snapshot again."
            )
        return self

    @classmethod
    def prepare_all(cls, preparations: Sequence[Self], report: Listener) -> list[Self]:
        """Compute and store many new preparations of one store, all or none. See `enstorage.create_preparations`.

        All is computed before the transaction begins. Snapshots that `DataSnapshot._fix_all` made are stored with them.
        """
        from enstorage.objects.table import content_sha256

        connector, count = preparations[0].connector, len(preparations)
        computed = []
        for done, each in enumerate(preparations):
            report("Preparing", done, 2 * count)
            try:
                computed.append(each._compute(each._snapshot))
            except InvalidInputError as error:
                if len(preparations) == 1:
                    raise
                what = f"The snapshot of {each._snapshot.data_source}" if each._snapshot._is_new else each._snapshot
                raise InvalidInputError(f"{what} cannot be prepared: {error}") from error
        hashes = [content_sha256(table) for table, _ in computed]
        tables = [table for table, _ in computed]
        kept = DataCsv.of_many(tables, connector, lambda done: report("Storing rows", count + done, 2 * count))
        report("Storing preparations", 2 * count, 2 * count)
        with connector.transaction():
            new = [each._snapshot for each in preparations if each._snapshot._is_new]
            if new:
                DataSnapshot._keep_all(new)
            DataCsv.save_many(kept)
            for each, (table, state), data_csv, sha256 in zip(preparations, computed, kept, hashes, strict=True):
                each.data_snapshot_id = each._snapshot.id
                each.data_csv_id, each.sha256 = data_csv.id, sha256
                each.state, each.rows = state, table.height
            made: list[Self] = save_all(preparations)
        for each, (table, _) in zip(preparations, computed, strict=True):
            each.__dict__["_table"] = table
        return made

    def create_set(self, adapter: Adapter, name: str | None = None, description: str = "") -> "DataSet":
        """Make the samples `[id, X, y]` of one kind of model, by default named after the adapter.

        The targets are those of this preparation, even if the adapter uses other preparations too, as `Branches` does.

        Raises:
            InvalidInputError: the adapter can build no sample.
        """
        from enstorage.entity.data_set import DataSet

        return DataSet.make(self, adapter, name, description)

    def table(self) -> "pl.DataFrame":
        """The rows: `position` in the snapshot, `time` (ns), cleaned `value` (source units), `prepared`, `part` (0 to 2).

        If some rows were not measured but filled, or have no value, the column `measured` is false for them.
        """
        return self._table

    @property
    def measured_rows_known(self) -> bool:
        """False for a preparation of an earlier version that filled rows: it did not keep which."""
        return bool(self.state["filled_rows"] == 0 or MEASURED in self.data_csv.columns)

    def truth(self) -> "pl.Series":
        """The measured values of the rows in source units, shape (rows,).

        NaN: the value was not measured. Null, in preparations of earlier versions: it is not known.
        """
        import polars as pl

        table = self.table()
        if MEASURED not in table.columns:
            return table["value"].fill_nan(None)
        return table.select(pl.when(MEASURED).then("value").otherwise(float("nan")).alias("value"))["value"]

    def prepared(self) -> Prepared:
        """The rows as adapters take them."""
        table, transform = self.table(), self.transform
        filled_from_train = parse_clean(self.clean_method).is_fitted and self.state["filled_rows"] > 0
        position, measured, from_measured = table["position"].to_numpy(), None, None
        if MEASURED in table.columns:
            measured = table[MEASURED].to_numpy()
            grid = _on_grid(position, self.truth().to_numpy(), int(position[-1]) + 1)
            from_measured = np.isfinite(transform.apply(grid))[position]
        return Prepared(
            times=table["time"].to_numpy(),
            values=table["prepared"].to_numpy(),
            position=position,
            part=table["part"].to_numpy(),
            needs_history=transform.needs_history,
            what=str(self),
            cleaned=table["value"].to_numpy(),
            interval=self._snapshot.time_interval,
            is_fitted=transform.is_fitted or filled_from_train,
            time_zone=self._snapshot.time_zone,
            measured=measured,
            from_measured=from_measured,
        )

    @property
    def transform(self) -> FittedTransform:
        """The transform as fitted on the train rows; `apply` applies it to new values."""
        return FittedTransform.from_json(self.state["transform"])

    def invert(self, prepared: NDArray[np.float64], origin: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """Turn forecasts in the prepared scale into source units.

        Args:
            prepared: shape (samples,) or (samples, horizon), the steps 1 … horizon after the origin.
            origin: row of the last known value of each forecast, shape (samples,); needed only after differencing.
        """
        forecasts, transform = unmasked(prepared, float), self.transform
        if not transform.needs_history:
            return transform.invert(forecasts)
        table = self.table()
        position = table["position"].to_numpy()
        history = _on_grid(position, table["value"].to_numpy(), int(position[-1]) + 1)
        return transform.invert(forecasts, history, None if origin is None else position[origin])

    @property
    def data_snapshot(self) -> DataSnapshot:
        """The snapshot from which it was made."""
        return DataSnapshot.get(self.data_snapshot_id, connector=self.connector)

    def data_sets(self) -> "list[DataSet]":
        """The data sets made of it, alone or with others."""
        from enstorage.entity.data_set import DataSet
        from enstorage.entity.data_set_input import DataSetInput

        joined = select(DataSetInput.data_set_id).where(DataSetInput.data_preparation_id == self.id)
        own = or_(DataSet.data_preparation_id == self.id, DataSet.id.in_(joined))
        query = select(DataSet).where(own, DataSet.deleted_at.is_(None)).order_by(DataSet.id)
        return self._select(query, self.connector)

    def _compute(
        self, snapshot: DataSnapshot, *, fitted_on_filled: bool = False
    ) -> "tuple[pl.DataFrame, dict[str, Any]]":
        """The table and the state; with `fitted_on_filled` as earlier versions computed them."""
        import polars as pl

        times, values = snapshot.read()
        clean = parse_clean(self.clean_method)
        position = np.flatnonzero(clean.kept_rows(values))
        if not np.isfinite(values[position]).any():
            raise InvalidInputError(f"{snapshot} has no row with a value. Take a snapshot of a period that has points.")
        part = split_rows(
            len(position), self.train_part, self.valid_part, self.test_part, method=self.split, seed=self.seed
        )
        cleaned = clean.fill(values[position], part)
        # On the grid of the snapshot, so that no difference is taken across dropped rows.
        grid = _on_grid(position, cleaned, len(times))
        train = np.zeros(len(times), bool)
        train[position] = part == Part.TRAIN
        transform, fitted_on = fit_on_measured(self.transform_method, grid, grid if fitted_on_filled else values, train)
        table = pl.DataFrame(
            {
                "position": position.astype(np.int64),
                "time": times[position],
                "value": cleaned,
                "prepared": transform.apply(grid)[position],
                "part": part,
            }
        )
        measured = np.isfinite(values[position])
        if not measured.all():  # the table of a series without gaps is as in earlier versions, bit for bit
            table = table.with_columns(pl.Series(MEASURED, measured))
        state = {
            "transform": transform.to_json(),
            "parts": {each.label: int((part == each).sum()) for each in Part},
            "dropped_rows": len(times) - len(position),
            "filled_rows": (filled := int((np.isnan(values[position]) & ~np.isnan(cleaned)).sum())),
            "unfilled_rows": int(np.isnan(cleaned).sum()),
            "leaks": self.split == "random" or (clean.looks_ahead and filled > 0),
        }
        return table, state if fitted_on_filled else state | {FITTED_ON: fitted_on}

    @cached_property
    def _snapshot(self) -> DataSnapshot:
        return self.data_snapshot

    @cached_property
    def _table(self) -> "pl.DataFrame":
        return self.data_csv.table()


def _on_grid(position: NDArray[np.int64], values: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Values at their positions in the snapshot, NaN where a row was dropped; shape (rows,)."""
    grid = np.full(rows, np.nan)
    grid[position] = values
    return grid
