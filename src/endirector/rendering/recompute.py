"""Stored forecasts of members against what their objects give now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from endirector.alignment.align import KEY
from endirector.members.member import Member, models_in
from enstorage import Model
from enstorage.entity._known import made_here
from enstorage.errors import EnstorageError

# Forecasts of a part by itself, or of all rows at once, may differ in their last bits.
_TOLERANCE = 1e-9
# Networks compute in single precision, in their group by another program than alone; docs/reference/leakage.md has figures.
_TOLERANCE_OF_NETWORKS = 1e-4
_DOUBLE = {"skops", "refit", "local", "pickle"}


@dataclass(frozen=True, slots=True)
class Different:
    """Stored forecasts of a model for one part that are not those of its object.

    Attributes:
        member: name of the model.
        part: `train`, `valid` or `test`.
        largest_difference: between a stored forecast and that of the object now, in the units of the source.
        allowed: the largest difference that is due to the precision, in the same units.
        made_here: true if the store knows that it made the stored forecasts with this object; false if they were saved, come
            with a bundle or are of an older version.
    """

    member: str
    part: str
    largest_difference: float
    allowed: float
    made_here: bool

    def __str__(self) -> str:
        whose = "They were made here." if self.made_here else "The store did not make them."
        return (
            f"The stored forecasts of {self.member} for {self.part} are not those of its object: they differ by up to "
            f"{self.largest_difference:.3g}; expected at most {self.allowed:.3g}. {whose}"
        )


def compare_with_objects(members: Sequence[Member]) -> tuple[tuple[Different, ...], dict[str, str]]:
    """Compare the forecasts of members that have an object with what it gives.

    Returns:
        The differences; and why the forecasts of a model were not computed again, by the name of the model.
    """
    different, left = list[Different](), dict[str, str]()
    for model in models_in(members):
        if model.object_sha256 is None or model.data_set_id is None:
            left[model.name] = "It has no object with a data set."
            continue
        try:
            different += _differences(model)
        except (EnstorageError, ImportError) as error:
            left[model.name] = str(error)
    return tuple(different), left


def _differences(model: Model) -> Iterator[Different]:
    from entrainer.forecasting.predict import recompute

    stored = model.forecasts().filter(pl.col("quantile").is_null())
    both = stored.join(recompute(model), on=[*KEY, "part"], suffix="_now")
    both = both.with_columns((pl.col("value") - pl.col("value_now")).abs().alias("apart"))
    largest = float(both["value_now"].abs().max() or 0.0)  # type: ignore[arg-type]
    allowed = largest * (_TOLERANCE if model.object_format in _DOUBLE else _TOLERANCE_OF_NETWORKS)
    known = made_here(model)
    for (part,), own in both.group_by("part", maintain_order=True):
        apart = float(own["apart"].max())  # type: ignore[arg-type]
        if not apart <= allowed:
            yield Different(model.name, str(part), apart, allowed, part in known)
