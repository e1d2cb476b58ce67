"""The members of an ensemble: models, or ensembles with models inside."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from enstorage import DataSource, Ensemble, EnsembleItem, Forecast, Model
from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.entity._labels import label_at
from enstorage.entity.ensemble_item import item_key
from enstorage.entity.ensemble_members import member_names
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_parts
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part

TARGET = ["series", "id"]


@dataclass(frozen=True, slots=True)
class Member:
    """One member.

    Attributes:
        name: in messages and tables.
        key: of its columns in the ensemble's table, see `EnsembleItem.key`.
        entity: the model or the ensemble itself.
        models: the model, or those inside of the ensemble.
        item_id: of its `EnsembleItem`; None for a candidate, which is in no ensemble.
    """

    name: str
    key: str
    entity: Model | Ensemble
    models: tuple[Model, ...]
    item_id: int | None = None

    @classmethod
    def of(cls, name: str, entity: Model | Ensemble, item: EnsembleItem | None = None) -> "Member":
        """The member for a model or an ensemble; a candidate has no item."""
        item_id = None if item is None else item.id
        if isinstance(entity, Model):
            return cls(name, item_key(entity.id, None), entity, (entity,), item_id)
        return cls(name, item_key(None, entity.id), entity, tuple(entity.models()), item_id)

    def offset(self) -> int | None:
        """Offset of the first target from the end of the window; None if unknown, or if its members differ."""
        offsets = {
            None if model.data_set_id is None else model.data_set().adapter.get("offset") for model in self.models
        }
        return offsets.pop() if len(offsets) == 1 else None


def members_of(ensemble: Ensemble) -> list[Member]:
    """The members in the given order, including those that were dropped in rendering.

    Raises:
        InvalidInputError: there is none.
    """
    entities = ensemble.members()
    if not entities:
        raise InvalidInputError(
            f"{ensemble} has no members. Make it with models: project.create_ensemble(method, models=[…])."
        )
    return [
        Member.of(name, entity, item)
        for name, item, entity in zip(member_names(entities), ensemble.items(), entities, strict=True)
    ]


def living_members(ensemble: Ensemble) -> list[Member]:
    """The members that the ensemble was rendered with, in the order of their columns."""
    return [member for member, item in zip(members_of(ensemble), ensemble.items(), strict=True) if item.dropped is None]


def models_in(members: Iterable[Member]) -> list[Model]:
    """The models of all members, each once."""
    return list({model.id: model for member in members for model in member.models}.values())


def require_out_of_fold(members: Sequence[Member]) -> None:
    """Check that all members have out-of-fold forecasts.

    Raises:
        InvalidInputError: some have none; the message names them.
    """
    missing = [
        member.name if model is member.entity else f"{model.name} in {member.name}"
        for member in members
        for model in member.models
        if not Forecast.of(model, OUT_OF_FOLD)
    ]
    if missing:
        raise InvalidInputError(
            f"The ensemble is to be fitted on out-of-fold forecasts, and {', '.join(missing)} have none. Make them for "
            "all members at once with entrainer.backtest(ensemble.models()), keep your own with "
            "model.save_forecasts('out_of_fold', id, values), or choose fit_on 'train' or 'valid'."
        )


def refuse_test_rows(keys: pl.DataFrame, members: Sequence[Member]) -> None:
    """Refuse targets to fit on that are test rows of a member: an out-of-fold forecast of one may be a test row of another.

    Raises:
        InvalidInputError: a target is a test row; the message names the first and the member.
    """
    for member in members:
        for model in member.models:
            test = keys.join(parts_of(model).filter(pl.col("part") == Part.TEST), on=TARGET, how="semi")
            if test.height:
                first = label_at(model.connector, test["series"][0], test["id"][0])
                raise InvalidInputError(
                    f"{test.height} of the common out-of-fold targets are test rows of {member.name}, the first at "
                    f"{first}. Test rows decide nothing. Make out-of-fold forecasts of all members at "
                    "once with entrainer.backtest(ensemble.models())."
                )


def refuse_mixed_units(keys: pl.DataFrame, models: Sequence[Model]) -> None:
    """Refuse targets of series in different units: an error over both has no meaning. Intervals between events are days.

    Raises:
        InvalidInputError: the units differ; the message names them.
    """
    if keys["series"].n_unique() == 1 or not all(map(_forecasts_values, models)):
        return
    sources = DataSource.get_list(sorted(keys["series"].unique().to_list()), connector=models[0].connector)
    if len({source.unit for source in sources}) > 1:
        shown = ", ".join(f"{source} in {source.unit or 'no unit'}" for source in sources)
        raise InvalidInputError(
            f"The members forecast series in different units, and no weight or error is meant for both: {shown}. Make an "
            "ensemble for each unit, of models for those series."
        )


def parts_of(model: Model) -> pl.DataFrame:
    """The part of each target that a model knows, or has a forecast for: columns `series`, `id` and `part`."""
    codes = {part.label: part for part in Part}
    kept = [
        each.table().select(*TARGET, pl.lit(codes[each.part], dtype=pl.Int8).alias("part"))
        for each in Forecast.of(model)
        if each.part != OUT_OF_FOLD
    ]
    return pl.concat([known_parts(model).select(*TARGET, pl.col("part").cast(pl.Int8)), *kept])


def _forecasts_values(model: Model) -> bool:
    """True if the targets are in the units of the series: the default, unless its data set says otherwise."""
    if model.data_set_id is None:
        return True
    data_set = model.data_set()
    if data_set.data_preparation_id is None:  # from arrays
        return False
    adapter = adapter_from_json(data_set.adapter)
    return isinstance(adapter, Adapter) and adapter.targets_are_values
