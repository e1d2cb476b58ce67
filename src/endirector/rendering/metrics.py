"""Errors of forecasts."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from endirector.alignment.align import Alignment
from enstorage import Model
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.ensemble_result import PartErrors
from enstorage.entity.targets import targets_are_values
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part

Floats = NDArray[np.float64]


def errors(truth: Floats, forecast: Floats) -> dict[str, float]:
    """Mean squared error, its root and mean absolute error.

    Args:
        truth: shape (rows,), finite.
        forecast: shape (rows,), finite, in the same units.

    Returns:
        `mse` (squared units), `rmse` and `mae` (units), all NaN without rows.
    """
    if not len(truth):
        return {"mse": np.nan, "rmse": np.nan, "mae": np.nan}
    difference = forecast - truth
    mse = float(np.mean(difference**2))
    return {"mse": mse, "rmse": mse**0.5, "mae": float(np.mean(np.abs(difference)))}


def class_errors(truth: Floats, forecast: Floats, classes: int) -> dict[str, float]:
    """Accuracy and log loss of probabilities of classes.

    Args:
        truth: 1 for the class of a sample, else 0; the classes of a sample are consecutive rows, shape (rows,).
        forecast: probabilities, the same shape.
        classes: rows of a sample; 1 where only the second of two classes is forecast.

    Returns:
        `accuracy`, the share of samples whose most probable class is the right one, and `log_loss`, the mean of
        −ln of the probability of the right class (of at least 1e-15), both NaN without rows.
    """
    if not len(truth):
        return {"accuracy": np.nan, "log_loss": np.nan}
    right, probabilities = truth.reshape(-1, classes), forecast.reshape(-1, classes)
    if classes == 1:
        right, probabilities = (np.hstack([1 - values, values]) for values in (right, probabilities))
    hit = (probabilities.argmax(axis=1) == right.argmax(axis=1)).mean()
    probability = np.clip((probabilities * right).sum(axis=1), 1e-15, 1)
    return {"accuracy": float(hit), "log_loss": float(np.log(1 / probability).mean())}


def errors_by_part(
    models: Sequence[Model], alignment: Alignment, forecast: Floats, item_ids: Sequence[int]
) -> dict[str, PartErrors]:
    """Errors per part of every member and of the ensemble; scaled ones where all share one pointwise transform.

    Args:
        models: of all members.
        alignment: the common targets.
        forecast: of the ensemble, shape (rows,).
        item_ids: of the members, in the order of the columns.
    """
    scale, classes = _common_scale(models), classes_of(models)
    steps = 1 if classes is None else int(alignment.keys["step"].to_numpy().max(initial=1))

    def measured(rows: NDArray[np.bool_], values: NDArray[np.float64]) -> dict[str, float]:
        found = errors(alignment.truth[rows], values[rows])
        if classes is not None:
            found |= class_errors(alignment.truth[rows], values[rows], steps)
        if scale is not None:
            # A forecast may lie where the transform is not defined, such as below 0 for a root.
            with suppress(InvalidInputError):
                scaled = errors(scale(alignment.truth[rows]), scale(values[rows]))
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


def _common_scale(models: Sequence[Model]) -> Callable[[Floats], Floats] | None:
    """The transform into the prepared scale, if the members share it and it takes each value by itself."""
    if not all(model.data_set_id is None or targets_are_values(model.data_set()) for model in models):
        return None
    preparations = {preparation.id: preparation for model in models if (preparation := model.research.data_preparation)}
    if len(preparations) != 1 or any(model.research.data_preparation_id is None for model in models):
        return None
    (preparation,) = preparations.values()
    transform = preparation.transform
    return None if transform.needs_history else transform.apply
