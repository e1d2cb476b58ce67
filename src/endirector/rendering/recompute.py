"""Stored forecasts of members against what their objects give now."""

from collections.abc import Iterator, Sequence

import polars as pl

from endirector.alignment.align import KEY
from endirector.members.member import Member, models_in
from enstorage import Model
from enstorage.entity._known import made_here
from enstorage.errors import CorruptError, EnstorageError

# Forecasts of a part by itself, or of all rows at once, may differ in their last bits.
_TOLERANCE = 1e-9
# Networks compute in single precision, in their group by another program than alone.
_TOLERANCE_OF_NETWORKS = 1e-4
_DOUBLE = {"skops", "refit", "pickle"}


def check_forecasts(members: Sequence[Member]) -> dict[str, str]:
    """Compare the forecasts of members that have an object with what it gives.

    Returns:
        Why the forecasts of a model were not computed again, by the name of the model.

    Raises:
        CorruptError: stored forecasts are not those of the object.
    """
    left, wrong = {}, list[str]()
    for model in models_in(members):
        if model.object_sha256 is None or model.data_set_id is None:
            left[model.name] = "It has no object with a data set."
            continue
        try:
            wrong += _differences(model)
        except (EnstorageError, ImportError) as error:
            left[model.name] = str(error)
    if wrong:
        raise CorruptError(
            f"Stored forecasts are not those of the objects that they stand beside: {' '.join(wrong)} Make them with "
            "entrainer.predict(model), or keep the model without its object, and render the ensemble again."
        )
    return left


def _differences(model: Model) -> Iterator[str]:
    from entrainer.forecasting.predict import recompute

    stored = model.forecasts().filter(pl.col("quantile").is_null())
    both = stored.join(recompute(model), on=[*KEY, "part"], suffix="_now")
    both = both.with_columns((pl.col("value") - pl.col("value_now")).abs().alias("apart"))
    size = max(1.0, float(both["value_now"].abs().max() or 0.0))  # type: ignore[arg-type]
    allowed = size * (_TOLERANCE if model.object_format in _DOUBLE else _TOLERANCE_OF_NETWORKS)
    for (part,), own in both.group_by("part", maintain_order=True):
        apart = float(own["apart"].max())  # type: ignore[arg-type]
        if apart > allowed:
            whose = "which were made here" if part in made_here(model) else "which were saved by a person"
            yield f"{model}, {part}: by up to {apart:.3g}, {whose}."
