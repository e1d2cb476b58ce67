"""`Forecast`: the forecasts of a model or an ensemble for one part."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sqlalchemy import BigInteger, ForeignKey, Select, String, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from enstorage.arrays.missing import unmasked
from enstorage.entity._record import Record
from enstorage.entity.columns import facts
from enstorage.entity.data_csv import DataCsv, TableOwner
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import check_no_time_is_masked, to_iso, to_ns_array
from enstorage.objects.base import checked_hash
from enstorage.preparation.split import PARTS, check_part

if TYPE_CHECKING:
    import polars as pl


Label = Callable[[int, int], str]
OUT_OF_FOLD = "out_of_fold"
"""Beside the parts: forecasts of train and valid rows by objects that were not trained on them."""


def _in_utc(_: int, time: int) -> str:
    return to_iso(time)


def check_forecast_part(part: str) -> str:
    """The name of a part, or `out_of_fold`, as given.

    Raises:
        InvalidInputError: it is neither.
    """
    return part if part == OUT_OF_FOLD else check_part(part)


class Forecast(TableOwner):
    """The forecasts of one model, or of one ensemble, on one part; immutable, replaced by a newer one.

    Its table has the columns `series` (data source id), `id` (time of that step's target, ns), `step` (from 1), `quantile`
    (null for the point forecast) and `value` (in the units of the source).
    """

    __tablename__ = "forecast"

    model_id: Mapped[int | None] = mapped_column(
        ForeignKey("model.id"),
        index=True,
        info=facts("The model that made it.", immutable=True, part_of=True, made_from=True),
    )
    ensemble_id: Mapped[int | None] = mapped_column(
        ForeignKey("ensemble.id"),
        index=True,
        info=facts("The ensemble that made it.", immutable=True, part_of=True, made_from=True),
    )
    part: Mapped[str] = mapped_column(
        String(16),
        info=facts(
            "The part it is for.",
            immutable=True,
            canonical=check_forecast_part,
            choices=lambda: (*PARTS, OUT_OF_FOLD),
        ),
    )
    rows: Mapped[int] = mapped_column(BigInteger, info=facts("Number of forecasts.", immutable=True))
    object_sha256: Mapped[str | None] = mapped_column(
        String(64),
        info=facts(
            "The object that made it; forecasts of an earlier object are out of date.",
            listed=False,
            immutable=True,
            canonical=checked_hash,
        ),
    )

    @classmethod
    def store(cls, owner: Record, part: str, table: "pl.DataFrame", *, object_sha256: str | None = None) -> Self:
        """Store the forecasts of a model or an ensemble for a part; they replace those stored before.

        Args:
            owner: the model or ensemble.
            part: `train`, `valid` or `test`.
            table: a table with the columns of the class, such as `point_forecasts` returns.
            object_sha256: the object that made them.
        """
        connector = owner.connector
        data_csv = DataCsv.of(table, connector)
        with connector.transaction():
            for older in cls._select(cls._query(owner, part), connector):  # including those in the trash
                older.delete()
            return cls(
                **{_owner_column(owner).key: owner.id},
                data_csv_id=data_csv.save().id,
                part=part,
                rows=table.height,
                object_sha256=object_sha256,
                connector=connector,
            ).save()

    @classmethod
    def parts_of(cls, owner: Record, object_sha256: str | None) -> set[str]:
        """The parts with stored forecasts of that object."""
        return {each.part for each in cls.of(owner) if each.object_sha256 == object_sha256}

    @classmethod
    def read(cls, owner: Record, part: str | None) -> "pl.DataFrame":
        """The stored forecasts. See `Model.forecasts`."""
        import polars as pl

        kept = cls.of(owner, part if part is None else check_forecast_part(part))
        kept = [each for each in kept if part is not None or each.part != OUT_OF_FOLD]
        if not kept:
            what = f"on the part {part!r}" if part else "on any part"
            raise NotFoundError(f"{owner} has no forecasts {what}. Train it, or store them with save_forecasts.")
        tables = [each.table().select(pl.lit(each.part).alias("part"), pl.all()) for each in kept]
        return pl.concat(tables).sort("id", "step", "series", maintain_order=True)

    @classmethod
    def of(cls, owner: Record, part: str | None = None) -> "list[Self]":
        """The stored forecasts of a model or an ensemble, for one part or for all."""
        query = cls._query(owner, part).where(cls.deleted_at.is_(None))
        return cls._select(query, owner.connector, question=(type(owner), owner.id, part))

    @classmethod
    def _query(cls, owner: Record, part: str | None) -> "Select[Self]":
        query = select(cls).where(_owner_column(owner) == owner.id).order_by(cls.id)
        return query if part is None else query.where(cls.part == part)

    def table(self) -> "pl.DataFrame":
        """The rows, see the class."""
        return self.data_csv.table()

    def __repr__(self) -> str:
        return f"Forecast({self.id}, {self.part!r})"


def _owner_column(owner: Record) -> "InstrumentedAttribute[Any]":
    from enstorage.entity.model import Model

    return Forecast.model_id if isinstance(owner, Model) else Forecast.ensemble_id


def point_forecasts(
    series: int | ArrayLike,
    id: ArrayLike,
    values: ArrayLike,
    step: ArrayLike | None = None,
    label: Label = _in_utc,
) -> "pl.DataFrame":
    """The table of point forecasts. See `Model.save_forecasts`; `label` is the text of a time of a series, for messages."""
    import polars as pl

    forecasts = unmasked(values, float)
    check_no_time_is_masked(id)
    ids = np.asarray(id)
    if ids.shape != forecasts.shape or ids.ndim not in (1, 2) or not ids.size:
        raise InvalidInputError(
            f"Forecasts need one id for each value, both (rows,) or (rows, horizon), at least one; received ids {ids.shape} "
            f"and values {forecasts.shape}."
        )
    times = to_ns_array(ids.ravel()).reshape(ids.shape)
    horizon = 1 if ids.ndim == 1 else ids.shape[1]
    sources = each_series(series, len(ids), horizon)
    if not np.isfinite(forecasts).all():
        first = int(np.isfinite(forecasts).ravel().argmin())
        raise InvalidInputError(
            f"{int((~np.isfinite(forecasts)).sum())} of {forecasts.size} forecasts are NaN or infinite, the first for "
            f"{label(int(sources[first]), int(times.ravel()[first]))}. Leave those rows out, or correct the model."
        )
    steps = np.tile(np.arange(1, horizon + 1, dtype=np.int32), len(ids)) if step is None else _steps(step, ids.shape)
    flat: NDArray[np.int64] = times.ravel()
    table = pl.DataFrame(
        {
            "series": sources,
            "id": flat,
            "step": steps,
            "quantile": pl.Series([None] * flat.size, dtype=pl.Float64),
            "value": forecasts.ravel(),
        }
    )
    repeated = table.filter(pl.struct("series", "id", "step").is_duplicated())
    if repeated.height:
        raise InvalidInputError(
            f"{repeated.height} forecasts share a target, the first at {label(repeated['series'][0], repeated['id'][0])}; "
            "expected one forecast for each target and step. Leave the repeated ones out."
        )
    return table


def with_quantiles(
    points: "pl.DataFrame",
    series: int | ArrayLike,
    id: ArrayLike,
    quantiles: Mapping[float, ArrayLike],
    step: ArrayLike | None = None,
    label: Label = _in_utc,
) -> "tuple[pl.DataFrame, int]":
    """The table of point forecasts, followed by those of quantiles, and the number of targets whose quantiles crossed.

    The values of quantiles that cross are sorted, so that a higher level has no lower value: the sorted values are nowhere
    further from the true quantiles (Chernozhukov, Fernández-Val & Galichon 2010, Quantile and Probability Curves Without
    Crossing). See `Model.save_forecasts`.
    """
    import polars as pl

    tables = [points]
    for level, values in quantiles.items():
        if not isinstance(level, float) or not 0 < level < 1:
            raise InvalidInputError(f"The level of a quantile must be a number between 0 and 1; received {level!r}.")
        table = point_forecasts(series, id, values, step, label).with_columns(quantile=pl.lit(level))
        if table.height != points.height:
            raise InvalidInputError(
                f"There are {table.height} forecasts of the quantile {level} and {points.height} point forecasts; expected "
                "equal numbers."
            )
        tables.append(table)
    levels = sorted(quantiles)
    given = np.array([tables[1 + place]["value"].to_numpy() for place in np.argsort(list(quantiles))])
    ascending = np.sort(given, axis=0)
    crossed = int((given != ascending).any(axis=0).sum()) if len(levels) > 1 else 0
    if crossed:
        tables[1:] = [
            points.with_columns(quantile=pl.lit(level), value=pl.Series(values))
            for level, values in zip(levels, ascending, strict=True)
        ]
    return pl.concat(tables), crossed


def _steps(given: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int32]:
    steps = np.asarray(given)
    if steps.dtype.kind not in "iu" or steps.shape != shape or len(shape) != 1 or steps.min() < 1:
        raise InvalidInputError(
            f"The steps of forecasts are whole numbers from 1, one for each value, (rows,); received steps of {steps.dtype} "
            f"and shape {steps.shape} for values {shape}. Give id, values and step as flat arrays, or leave step out."
        )
    return steps.astype(np.int32)


def each_series(series: int | ArrayLike, rows: int, horizon: int) -> NDArray[np.int64]:
    """The id of the source of each forecast, shape (rows · horizon,).

    Raises:
        InvalidInputError: there is neither one id nor one for each row.
    """
    given = unmasked(series)
    if given.dtype.kind not in "iu" or given.shape not in ((), (rows,)):
        raise InvalidInputError(
            f"Forecasts need the id of one data source, or one for each row; received series of {given.dtype} and shape "
            f"{given.shape} for {rows} rows."
        )
    return np.repeat(np.broadcast_to(given.astype(np.int64), (rows,)), horizon)
