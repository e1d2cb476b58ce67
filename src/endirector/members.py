"""What the members of an ensemble bring: their stored forecasts, or new ones where there are none."""

from collections.abc import Sequence

import polars as pl

from endirector.alignment import KEY, MemberForecasts
from enstorage import Model
from enstorage.entity.ensemble import member_names
from enstorage.entity.targets import known_targets
from enstorage.preparation.split import PARTS


def gather(models: Sequence[Model]) -> list[MemberForecasts]:
    """The forecasts of all members with the truth that each knows, in the order of the models.

    Raises:
        NotFoundError: a model has neither forecasts nor an object and a data set to make them.
    """
    return [
        MemberForecasts(name, _forecasts(model), _offset(model))
        for name, model in zip(member_names(models), models, strict=True)
    ]


def _forecasts(model: Model) -> pl.DataFrame:
    kept = _up_to_date(model)
    codes = {name: code for code, name in enumerate(PARTS)}
    table = kept.filter(pl.col("quantile").is_null()).select(
        "series", "id", "step", "value", pl.col("part").replace_strict(codes, return_dtype=pl.Int8)
    )
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
