"""What the members of an ensemble bring: their stored forecasts, or new ones where there are none."""

from collections.abc import Sequence

import polars as pl

from endirector.alignment import KEY, MemberForecasts
from enstorage import DataSource, Forecast, Model
from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.entity.ensemble import member_names
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.entity.targets import known_parts, known_targets
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso
from enstorage.preparation.split import PARTS

_TEST = PARTS.index("test")
_TARGET = ["series", "id"]


def gather(models: Sequence[Model]) -> list[MemberForecasts]:
    """The forecasts of all members with the truth that each knows, in the order of the models.

    Raises:
        NotFoundError: a model has neither forecasts nor an object and a data set to make them.
    """
    codes = {name: code for code, name in enumerate(PARTS)}
    part = pl.col("part").replace_strict(codes, return_dtype=pl.Int8)
    return [
        MemberForecasts(name, _with_truth(model, _up_to_date(model).with_columns(part)), _offset(model))
        for name, model in zip(member_names(models), models, strict=True)
    ]


def require_out_of_fold(models: Sequence[Model]) -> None:
    """See that all members have out-of-fold forecasts.

    Raises:
        InvalidInputError: some have none; all of these are named.
    """
    names = member_names(models)
    missing = [name for name, model in zip(names, models, strict=True) if not Forecast.of(model, OUT_OF_FOLD)]
    if missing:
        raise InvalidInputError(
            f"The ensemble is to be fitted on out-of-fold forecasts, and {', '.join(missing)} brought none. Make them for "
            "all members at once with entrainer.backtest(ensemble.models()), keep your own with "
            "model.save_forecasts('out_of_fold', id, values), or choose fit_on 'train' or 'valid'."
        )


def gather_out_of_fold(models: Sequence[Model]) -> list[MemberForecasts]:
    """The out-of-fold forecasts of all members, which have some, as `gather` gives those of the parts."""
    parts = [_parts(model) for model in models]
    latest = pl.concat(parts).group_by(_TARGET).agg(pl.col("part").max())
    brought = []
    for name, model in zip(member_names(models), models, strict=True):
        rows = model.forecasts(OUT_OF_FOLD).drop("part").join(latest, on=_TARGET, how="left", maintain_order="left")
        table = _with_truth(model, rows.with_columns(pl.col("part").fill_null(0)))
        brought.append(MemberForecasts(name, table, _offset(model)))
    return brought


def refuse_test_rows(keys: pl.DataFrame, models: Sequence[Model]) -> None:
    """Refuse targets to fit on that are test rows of a member: an out-of-fold forecast of one may be a test row of another.

    Raises:
        InvalidInputError: there are some; the first and whose they are is told.
    """
    for name, model in zip(member_names(models), models, strict=True):
        test = keys.join(_parts(model).filter(pl.col("part") == _TEST), on=_TARGET, how="semi")
        if test.height:
            raise InvalidInputError(
                f"{test.height} of the common out-of-fold targets are test rows of {name}, the first at "
                f"{to_iso(int(test['id'][0]))}. Test rows decide nothing. Make out-of-fold forecasts of all members at once "
                "with entrainer.backtest(ensemble.models())."
            )


def refuse_mixed_units(keys: pl.DataFrame, models: Sequence[Model]) -> None:
    """Refuse targets of series in different units: an error over both means nothing. Intervals between events are days.

    Raises:
        InvalidInputError: there are some; the units are told.
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


def _forecasts_values(model: Model) -> bool:
    """Whether the targets are in the units of the series, as they are unless its data set says otherwise."""
    if model.data_set_id is None:
        return True
    data_set = model.data_set()
    if data_set.data_preparation_id is None:  # from arrays
        return False
    adapter = adapter_from_json(data_set.adapter)
    return isinstance(adapter, Adapter) and adapter.targets_are_values


def _parts(model: Model) -> pl.DataFrame:
    """The part of each target that a member knows, or has a forecast for: columns `series`, `id` and `part`."""
    codes = {name: code for code, name in enumerate(PARTS)}
    kept = [
        each.table().select(*_TARGET, pl.lit(codes[each.part], dtype=pl.Int8).alias("part"))
        for each in Forecast.of(model)
        if each.part != OUT_OF_FOLD
    ]
    return pl.concat([known_parts(model).select(*_TARGET, pl.col("part").cast(pl.Int8)), *kept])


def _with_truth(model: Model, forecasts: pl.DataFrame) -> pl.DataFrame:
    table = forecasts.filter(pl.col("quantile").is_null()).select("series", "id", "step", "value", "part")
    known = known_targets(model).drop("part").drop_nans("truth")
    return table.join(known, on=[name for name in KEY if name in known.columns], how="left", maintain_order="left")


def _offset(model: Model) -> int | None:
    if model.data_set_id is None:
        return None
    offset: int | None = model.data_set().adapter.get("offset")
    return offset


def _up_to_date(model: Model) -> pl.DataFrame:
    if model.object_sha256 is not None and model.data_set_id is not None and not model.has_forecasts():
        from entrainer import predict

        predict(model)
    return model.forecasts()
