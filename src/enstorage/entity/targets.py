"""The targets of a model: their parts, and their true values in source units."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.entity._known import TRAINED_ON, known_parts_trained_on
from enstorage.entity.data_set import DataSet
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS

if TYPE_CHECKING:
    import polars as pl

    from enstorage.entity.data_preparation import DataPreparation
    from enstorage.entity.model import Model


def known_targets(model: "Model") -> "pl.DataFrame":
    """The targets of a model: the rows of its research's preparation, or of those of its pooled set, or its own targets.

    The targets of the data set are used if they are not such rows: for intervals between events, and for arrays.

    Returns:
        Columns `series` (data source id), `id` (ns), `part` (0 train, 1 valid, 2 test), `truth` (source units; NaN: it was
        not measured; null: it is not known); for a data set also `step`. No rows if the research has no preparation.
    """
    import polars as pl

    data_set = _own(model)
    if data_set is None:
        return _of_preparation(model)
    if _are_rows(data_set):
        return _of_preparations(data_set)
    ids, values = data_set.targets()
    steps = 1 if ids.ndim == 1 else ids.shape[1]
    return pl.DataFrame(
        {
            "series": np.repeat(_series(model, data_set), steps),
            "id": ids.ravel(),
            "step": np.tile(np.arange(1, steps + 1, dtype=np.int32), len(ids)),
            "part": np.repeat(data_set.parts(), steps),
            "truth": values.ravel(),
        }
    )


def known_parts(model: "Model") -> "pl.DataFrame":
    """Columns `series`, `id` and `part` of the targets, with the first of several steps only; builds no samples."""
    import polars as pl

    data_set = _own(model)
    if data_set is None or _are_rows(data_set):
        rows = _of_preparation(model) if data_set is None else _of_preparations(data_set)
        return rows.select("series", "id", "part")
    return pl.DataFrame(
        {"series": _series(model, data_set), "id": data_set.ids(), "part": data_set.parts()},
    )


def parts_trained_on(model: "Model") -> list[str]:
    """The parts that a model was trained on: those known to the store, else its fact `trained_on`, else the train part.

    Raises:
        InvalidInputError: the fact is not a list of parts.
    """
    known = known_parts_trained_on(model)
    parts = model.meta(TRAINED_ON, default=["train"]) if known is None else known
    if not isinstance(parts, list) or not set(parts) <= set(PARTS):
        raise InvalidInputError(
            f"The fact 'trained_on' of {model} is {parts!r}; expected a list of {', '.join(PARTS)}. Correct it by "
            "model.meta('trained_on', […])."
        )
    return parts


def targets_are_values(data_set: DataSet) -> bool:
    """True if the targets are rows of one preparation: not for pooled sets, intervals between events or arrays."""
    return not data_set.is_pooled and _are_rows(data_set)


def _are_rows(data_set: DataSet) -> bool:
    """True if the targets are rows of preparations, each of its own series."""
    if data_set.data_preparation_id is None:
        return False
    adapter = adapter_from_json(data_set.adapter)
    return isinstance(adapter, Adapter) and adapter.targets_are_values


def _own(model: "Model") -> DataSet | None:
    """The data set of the model, if its targets are not rows of the preparation."""
    if model.data_set_id is None:
        return None
    data_set = model.data_set()
    return None if targets_are_values(data_set) else data_set


def _of_preparation(model: "Model") -> "pl.DataFrame":
    import polars as pl

    preparation: DataPreparation | None = model.research.data_preparation
    if preparation is None:
        return pl.DataFrame(schema={"series": pl.Int64, "id": pl.Int64, "part": pl.Int8, "truth": pl.Float64})
    source_id = preparation.data_snapshot.data_source_id
    return preparation.table().select(
        pl.lit(source_id, dtype=pl.Int64).alias("series"), pl.col("time").alias("id"), "part", truth=preparation.truth()
    )


def _of_preparations(data_set: DataSet) -> "pl.DataFrame":
    """The rows of all preparations of a pooled set, also those for which it has no sample."""
    import polars as pl

    inputs = data_set._inputs
    return pl.concat(
        pl.DataFrame({"series": pl.repeat(int(series), len(each.times), dtype=pl.Int64, eager=True)}).with_columns(
            id=each.times, part=each.part, truth=each.truth
        )
        for series, each in zip(inputs.source_ids, inputs.prepared, strict=True)
    )


def _series(model: "Model", data_set: DataSet) -> NDArray[np.int64]:
    series = data_set.series()
    if series is None:
        return np.full(data_set.rows, model.research.project.data_source_id, dtype=np.int64)
    return series
