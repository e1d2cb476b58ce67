"""`Model`: a model with its data set, facts, object and forecasts."""

import os
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

import numpy as np
from numpy.typing import ArrayLike
from sqlalchemy import BigInteger, ForeignKey, Index, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.arrays.missing import unmasked
from enstorage.database.types import TABLE_OPTIONS, JsonText, Name, ObjectHash
from enstorage.entity._labels import label_at
from enstorage.entity._network import network_json
from enstorage.entity._record import Record
from enstorage.entity._sorted_quantiles import note_sorted_quantiles
from enstorage.entity._stamps import ids_of
from enstorage.entity.columns import facts
from enstorage.entity.data_set import DataSet
from enstorage.entity.forecast import OUT_OF_FOLD, Forecast, check_forecast_part, point_forecasts, with_quantiles
from enstorage.entity.model_curve import ModelCurve, joined, points_to_log
from enstorage.entity.model_meta import ModelMeta, check_key
from enstorage.entity.research import Research
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.preparation.split import Part

if TYPE_CHECKING:
    import polars as pl

    from enstorage.exchange.exporting import ExportedModel

D = TypeVar("D")
_ABSENT: Any = object()


class Model(Record):
    """Any model: neural network, random forest, regression, or only its forecasts.

    Args:
        research: the group it belongs to.
        name: display name.
        network: specification for training it here (an object with `to_json`, its JSON form, or an estimator of
            scikit-learn that is not fitted); None for models that are built elsewhere.
        description: free text.
    """

    __tablename__ = "model"
    __table_args__ = (
        *(Index(None, column, "id") for column in ("name", "created_at", "updated_at")),  # lists are sorted by these
        TABLE_OPTIONS,
    )

    name: Mapped[str] = mapped_column(Name, info=facts("Display name."))
    research_id: Mapped[int] = mapped_column(
        ForeignKey("research.id"),
        index=True,
        info=facts("The research it belongs to.", immutable=True, belongs_to=True),
    )
    network: Mapped[dict[str, Any] | None] = mapped_column(
        JsonText,
        info=facts(
            "Specification for training it here: a network or an estimator with its parameters.",
            listed=False,
            canonical=network_json,
        ),
    )
    data_set_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_set.id"),
        index=True,
        info=facts("The data set it is trained on.", made_from=True, written_later=True),
    )
    object_sha256: Mapped[str | None] = mapped_column(
        ObjectHash,
        index=True,
        info=facts("The bytes of the trained object, by their hash.", listed=False, written_later=True),
    )
    object_format: Mapped[str | None] = mapped_column(
        String(32), info=facts("The format of these bytes.", listed=False, written_later=True)
    )
    object_bytes: Mapped[int | None] = mapped_column(
        BigInteger, info=facts("Number of bytes of the object.", listed=False, written_later=True)
    )

    def __init__(
        self, *, research: Research, name: str, network: Mapping[str, Any] | Any | None = None, description: str = ""
    ) -> None:
        super().__init__(
            connector=research.connector,
            name=name,
            research_id=research._saved().id,
            network=network_json(network),
            description=description,
        )

    @overload
    def data_set(self) -> DataSet: ...
    @overload
    def data_set(self, created_data_set: DataSet) -> None: ...
    def data_set(self, created_data_set: DataSet | None = None) -> DataSet | None:
        """Set the data set of the model; without argument, return it.

        Raises:
            InvalidInputError: the set is of another preparation than the other models of the research, or the model
                was already trained on another set.
            NotFoundError: on reading, the model has none.
        """
        if created_data_set is None:
            if self.data_set_id is None:
                raise NotFoundError(f"{self} has no data set. Set one: model.data_set(created_data_set).")
            return DataSet.get(self.data_set_id, connector=self.connector)
        if not isinstance(created_data_set, DataSet):
            raise InvalidInputError(
                f"{created_data_set!r:.80} is not a DataSet. Make one with preparation.create_set(adapter)."
            )
        if self.data_set_id not in (None, created_data_set.id) and (
            self.object_sha256 is not None or Forecast.of(self)
        ):
            raise InvalidInputError(
                f"{self} was trained on data set {self.data_set_id}; received data set {created_data_set.id}. Make a new "
                "model for it: research.create_model(name)."
            )
        with self.connector.transaction():
            research = self.research
            preparation = created_data_set.data_preparation
            if preparation is None or created_data_set.is_pooled:
                research.project.check_data_set(created_data_set)
            if preparation is not None:
                research.use(preparation)
                research.save()
            elif research.data_preparation_id is not None:
                raise InvalidInputError(
                    f"All models of {research} use data of preparation {research.data_preparation_id}; {created_data_set} "
                    "has no preparation. Make a new research for it."
                )
            self.data_set_id = created_data_set.id
            self.save()
        return None

    @overload
    def meta(self, key: str) -> Any: ...
    @overload
    def meta(self, key: str, *, default: D) -> Any | D: ...
    @overload
    def meta(self, key: str, value: Any) -> None: ...
    def meta(self, key: str, value: Any = _ABSENT, *, default: Any = _ABSENT) -> Any:
        """Record a fact about the model; without value, return it.

        Args:
            key: case-sensitive, at most 255 characters.
            value: any JSON value or NumPy scalar, including NaN and ±inf. It replaces an earlier value.
            default: value to return when there is no such fact.

        Raises:
            NotFoundError: on reading, there is no such fact and no default.
            InvalidInputError: the key is not valid, the value has no JSON form, or the store knows the fact by itself:
                `trained_on` of a model that was trained here, `backtest` of one that was backtested here.
        """
        check_key(key)
        if value is not _ABSENT:
            self._refuse_known([key])
            self.connector.recorder.record([(self._saved().id, key, value)])
            return None
        kept = self._fact(key)
        if kept is not None:
            return kept.value
        if default is not _ABSENT:
            return default
        raise NotFoundError(
            f"{self} has no fact {key!r}; known are {', '.join(sorted(self.metas())) or 'none'}. "
            "Give a default for missing facts: model.meta(key, default=…)."
        )

    def _refuse_known(self, keys: Collection[str]) -> None:
        from enstorage.entity._known import RESERVED, refuse_known

        if not set(RESERVED).isdisjoint(keys):
            refuse_known(self._saved(), keys)

    def _fact(self, key: str) -> ModelMeta | None:
        own = ModelMeta.model_id == self._saved().id
        query = select(ModelMeta).where(own, ModelMeta.key == key, ModelMeta.deleted_at.is_(None))
        found: list[ModelMeta] = self._select(query, self.connector, question=(ModelMeta, self.id, key))
        return found[0] if found else None

    @overload
    def metas(self) -> dict[str, Any]: ...
    @overload
    def metas(self, facts: Mapping[str, Any]) -> None: ...
    def metas(self, facts: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """Record several facts, all or none, faster than one by one; without argument, return all.

        Args:
            facts: keys and values as `meta` takes them.

        Raises:
            InvalidInputError: a key or a value is not valid, see `meta`; nothing was recorded then.
        """
        if facts is None:
            return {fact.key: fact.value for fact in self._children(ModelMeta.model_id)}
        for key in facts:
            check_key(key)
        self._refuse_known(facts)
        id = self._saved().id
        self.connector.recorder.record([(id, key, value) for key, value in facts.items()])
        return None

    def log(self, step: int | ArrayLike, **values: float | ArrayLike) -> None:
        """Record points of the model's curves: `model.log(epoch, loss=0.5, val_loss=0.7)`, or many steps at once.

        Logged values are collected and written once a second, and at the latest when it is read, when the connector is
        closed or the process ends; a killed process loses at most the last second.

        Args:
            step: epoch, batch or another counter: an integer below 2^63, also a negative one, or several, shape (n,). If
                a value is logged twice for a step, the later one counts.
            **values: a number for each curve, or for several steps shape (n,); NaN and ±inf are allowed. A masked value
                is missing. The name of a curve is a text as the key of a fact.

        Raises:
            InvalidInputError: steps are not such integers, values are not numbers, their shapes differ, or a name is not
                valid; nothing of the call was recorded then.
        """
        recorder, id = self.connector.recorder, self.__dict__.get("id") or self._saved().id
        points = points_to_log(step, values)
        if points is not None:
            recorder.log(id, points)

    def curves(self) -> "pl.DataFrame":
        """Logged curves: the column `step`, sorted, and one for each curve, null at steps where it has no value."""
        self.connector.recorder.flush()
        stretches: list[ModelCurve] = self._children(ModelCurve.model_id)
        return joined(each.table() for each in stretches)

    def clear_curves(self) -> None:
        """Delete all logged values, as before the model is trained again."""
        with self.connector.transaction() as session:
            session.execute(delete(ModelCurve).where(ModelCurve.model_id == self._saved().id))

    def save_object(self, obj: Any) -> None:
        """Store the trained object itself.

        Keras models are stored as `.keras`, scikit-learn estimators by skops, an `OnnxModel` as its bytes; anything else by
        cloudpickle, and only in a store opened with `Connector(allow_pickle=True)`. An estimator that skops cannot store
        is fitted again on the train rows of the data set on each load, if fitting it again now gives the same forecasts.

        Raises:
            UntrustedError: the object could be stored only by pickle, which this store does not allow.
        """
        from enstorage.entity.trained_object import keep_object

        keep_object(self, obj)

    def load_object(self) -> Any:
        """The trained object. Loading it runs no code from the file, unless pickle is allowed for this store.

        Raises:
            NotFoundError: the model has none.
            CorruptError: the bytes are missing or damaged; or an estimator that is fitted again forecasts other values.
            UntrustedError: the bytes could run code.
        """
        from enstorage.entity.trained_object import load_object

        return load_object(self)

    def export(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> "ExportedModel":
        """Write the trained object as files that other programs read, with a `model.json` that describes it.

        A Keras model becomes `architecture.json`, `model.weights.h5` and `model.safetensors`, an estimator `model.skops`
        unless it is fitted again on each load; both also `model.onnx`, if that can be made and gives the same output.
        `Research.import_model` reads the folder.

        Args:
            folder: a new or an empty folder; it is written completely or not at all.
            overwrite: replace a folder that was written by this method.

        Returns:
            The files that were written, and the reason for each that was left out.

        Raises:
            NotFoundError: the model has no object.
            NotSupportedError: the object was stored by pickle.
            InvalidInputError: the folder cannot be used.
        """
        from enstorage.exchange.exporting import export_model

        return export_model(self, folder, overwrite=overwrite)

    def save_forecasts(
        self,
        part: str,
        id: ArrayLike,
        values: ArrayLike,
        *,
        series: ArrayLike | None = None,
        quantiles: Mapping[float, ArrayLike] | None = None,
        step: ArrayLike | None = None,
    ) -> Forecast:
        """Store forecasts for a part, made here or elsewhere; they replace those stored before for that part.

        Args:
            part: `train`, `valid`, `test`; or `out_of_fold`, for train and valid rows forecast by models that were not
                trained on them, as by `entrainer.backtest`.
            id: time of each step's target in any form, unique; shape (rows,) or (rows, horizon). As with points, times
                without an offset are local to the time zone of the source, and a time stands for the bucket in which it
                lies, such as the last day of a month for the month.
            values: forecasts in the units of the source, finite; the same shape.
            series: id of the data source of each row, shape (rows,), as `data_set.series(part)` gives it; needed if the data
                set has samples of several, else by default the source of the project. Ids are unique within a series.
            quantiles: forecasts of quantiles in addition to the point forecast, by level, such as 0.9; the same shape.
                Values that cross are sorted; a warning and the fact `sorted_quantiles` say for how many targets.
            step: steps ahead of each value, from 1, shape (rows,), for flat arrays of rows that lack some steps; by default
                1, or the number of the column.

        Raises:
            InvalidInputError: shapes differ, a value is not finite, a target is repeated, a series is not in the data
                set, a target is in another part, or a level is not between 0 and 1.
        """
        check_forecast_part(part)
        data_set = None if self._saved().data_set_id is None else self.data_set()
        # The ids of a set from arrays may be plain numbers, which may look like years.
        is_numbered = data_set is not None and data_set.data_preparation_id is None
        sources = self._checked_series(series, data_set)
        ids = id if is_numbered else ids_of(self, id, sources, data_set)
        label = partial(label_at, self.connector)
        points = point_forecasts(sources, ids, values, step, label)
        table, crossed = with_quantiles(points, sources, ids, quantiles or {}, step, label)
        self._check_forecast_part(part, table)
        with self.connector.transaction():
            note_sorted_quantiles(self, part, crossed)
            return Forecast.store(self, part, table, object_sha256=self.object_sha256)

    def _checked_series(self, series: ArrayLike | None, data_set: DataSet | None) -> ArrayLike:
        project = self.research.project
        is_pooled = data_set is not None and data_set.is_pooled
        known = set(project.source_ids() if data_set is None or project.panel_id is None else data_set.series_ids())
        if data_set is not None and is_pooled:
            known |= set(data_set.series_ids())
        if series is None and (is_pooled or len(known) != 1):
            raise InvalidInputError(
                f"{data_set if is_pooled else project} has samples of several series; expected the series of each forecast. "
                "Give series=data_set.series(part)."
            )
        if series is None:
            return known.pop()
        unknown = sorted(set(np.unique(unmasked(series)).tolist()) - known)
        if unknown:
            raise InvalidInputError(
                f"Data source {unknown[0]} is not one of those of {self}; expected ids from series() of the data set. "
                "Set a data set that has it: model.data_set(created_data_set)."
            )
        return series

    def _check_forecast_part(self, part: str, table: "pl.DataFrame") -> None:
        """Refuse a forecast whose part is not that of its target: an ensemble could be fitted on test rows."""
        import polars as pl

        from enstorage.entity.targets import known_parts

        names = pl.col("part").replace_strict({int(part): part.label for part in Part}, return_dtype=pl.String)
        others = [
            kept.table().select("series", "id", pl.lit(kept.part).alias("part"))
            for kept in Forecast.of(self)
            if kept.part not in (part, OUT_OF_FOLD)
        ]
        known = pl.concat([known_parts(self).with_columns(names), *others])
        foreign = pl.col("part") == "test" if part == OUT_OF_FOLD else pl.col("part") != part
        wrong = table.select("series", "id").join(known.filter(foreign), on=["series", "id"])
        wrong = wrong.unique().sort("id")
        if wrong.height:
            first = label_at(self.connector, wrong["series"][0], wrong["id"][0])
            raise InvalidInputError(
                f"{wrong.height} of the forecasts for {part!r} have targets of the part {wrong['part'][0]!r}, the first at "
                f"{first}. Save each forecast for the part of its target."
            )

    def has_forecasts(self) -> bool:
        """True if forecasts of the current object are stored for every part of the data set."""
        parts = {Part(code).label for code in set(self.data_set().parts().tolist())}
        return parts <= Forecast.parts_of(self, self.object_sha256)

    def forecasts(self, part: str | None = None) -> "pl.DataFrame":
        """The stored forecasts for a part, or for `out_of_fold`; by default for all parts.

        Returns:
            Columns `part`, `series` (data source id), `id` (ns), `step` (from 1), `quantile` (null for the point
            forecast), `value` (source units); sorted by id, step and series.

        Raises:
            NotFoundError: there are none.
        """
        return Forecast.read(self, part)

    @property
    def research(self) -> Research:
        """The research it belongs to."""
        return Research.get(self.research_id, connector=self.connector)
