"""Errors of a rendered ensemble and of its members, by part."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from endirector.alignment.align import Alignment
from enstorage import Model
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.ensemble_result import PartErrors
from enstorage.entity.targets import targets_are_values
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import METRICS, OF_CLASSES, OF_POINTS, measure_all
from enstorage.metrics.judged import Judged
from enstorage.preparation.split import Part
from enstorage.views.scales import scales_of

Floats = NDArray[np.float64]

#: Those that have a value wherever there are rows.
_ALWAYS = ("mse", "rmse", "mae")


def errors(truth: Floats, forecast: Floats) -> dict[str, float]:
    """Mean squared error, its root and mean absolute error.

    Args:
        truth: shape (rows,), finite.
        forecast: shape (rows,), finite, in the same units.

    Returns:
        `mse` (squared units), `rmse` and `mae` (units), all NaN without rows.
    """
    return dict.fromkeys(_ALWAYS, np.nan) | _measured(_ALWAYS, Judged(truth, forecast))


def errors_by_part(
    models: Sequence[Model], alignment: Alignment, forecast: Floats, item_ids: Sequence[int]
) -> dict[str, PartErrors]:
    """Errors per part of every member and of the ensemble; scaled ones where all share one pointwise transform.

    A metric without a value for these rows is left out, as MAPE is where a true value is 0, and MASE where a series is
    constant; `endirector.leaderboard` gives the reason.

    Args:
        models: of all members.
        alignment: the common targets.
        forecast: of the ensemble, shape (rows,).
        item_ids: of the members, in the order of the columns.
    """
    transform, series = _common_transform(models), alignment.keys["series"].to_numpy()
    scales, classes = scales_of(models, series), classes_of(models)
    names = OF_POINTS if classes is None else (*_ALWAYS, *OF_CLASSES)
    rows_of_sample = None if classes is None else int(alignment.keys["step"].to_numpy().max(initial=1))

    def measured(rows: NDArray[np.bool_], values: Floats) -> Mapping[str, float]:
        judged = Judged(alignment.truth, values, series, scales, classes=rows_of_sample).only(rows)
        found = _measured(names, judged)
        if transform is not None:
            # A forecast may lie where the transform is not defined, such as below 0 for a root.
            with suppress(InvalidInputError):
                scaled = errors(transform(judged.truth), transform(judged.forecast))
                found |= {f"{key}_scaled": value for key, value in scaled.items()}
        return {**found, "rows": int(rows.sum())}

    return {
        part.label: PartErrors(
            {id: measured(rows, alignment.forecasts[:, column]) for column, id in enumerate(item_ids)},
            measured(rows, forecast),
        )
        for part in Part
        if (rows := alignment.part == part).any()
    }


def _measured(names: Sequence[str], judged: Judged) -> dict[str, float]:
    return measure_all([METRICS[name] for name in names], judged)[0]


def _common_transform(models: Sequence[Model]) -> Callable[[Floats], Floats] | None:
    """The transform into the prepared scale, if the members share it and it takes each value by itself."""
    if not all(model.data_set_id is None or targets_are_values(model.data_set()) for model in models):
        return None
    preparations = {preparation.id: preparation for model in models if (preparation := model.research.data_preparation)}
    if len(preparations) != 1 or any(model.research.data_preparation_id is None for model in models):
        return None
    (preparation,) = preparations.values()
    transform = preparation.transform
    return None if transform.needs_history else transform.apply
