"""`evaluate`: the loss and the metrics of a stored model on one part."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from enstorage import Model
from enstorage.adapter.samples import partly_measured
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import check_part
from entrainer.model_output import is_keras, output_of
from entrainer.settings.losses import mean_loss
from entrainer.settings.metrics import METRICS, measured
from entrainer.settings.training import Training

FACT = "evaluation"


def evaluate(model: Model, part: str = "test", metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Measure a model on one part of its data set, in the prepared scale, and keep it as the fact `evaluation`.

    Args:
        model: with an object and a data set.
        part: `train`, `valid` or `test`.
        metrics: of `mse`, `mae`, and for classes `accuracy` and `log_loss`; by default those of its training; none with
            quantiles.

    Returns:
        `loss`, the one that a network was trained on, of an estimator the mean squared error; each metric by its name; and
        `rows`, those of which a target was measured. The fact has it by part, and leaves what was kept of other parts.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: there is no such part or metric, the part has no rows, or the object gives another number of
            values than the targets have.
    """
    check_part(part)
    training = Training.from_json(model.meta("training", default=Training().to_json()))
    metrics = training.metrics if metrics is None else metrics
    strange = sorted(set(metrics) - METRICS.keys())
    if strange:
        raise InvalidInputError(f"{strange[0]!r} is no metric; expected {', '.join(METRICS)}.")
    data_set = model.data_set()
    _, X, y = data_set.arrays(part)
    rows = int(partly_measured(y).sum())
    if not rows:
        raise InvalidInputError(
            f"{data_set} has no {part} rows with a target that was measured. Prepare the data with a larger {part}_part."
        )
    obj = model.load_object()
    truth = np.asarray(y, np.float64).reshape(len(X), -1)
    predicted = output_of(obj, X, truth.shape[1]).reshape(len(X), -1)
    if predicted.shape[1] != training.outputs(truth.shape[1]) or (training.quantiles and metrics):
        raise InvalidInputError(
            f"{model} gives {predicted.shape[1]} values for each sample of {data_set}, which has {truth.shape[1]} targets. "
            "Use the data set that the model is made for, and no metrics with quantiles."
        )
    is_network = is_keras(obj)
    loss = mean_loss(training, truth, predicted) if is_network else measured("mse", truth, predicted)
    found: dict[str, Any] = {"loss": loss, **{name: measured(name, truth, predicted) for name in metrics}}
    found["rows"] = rows
    with model.connector.transaction():
        model.meta(FACT, model.meta(FACT, default={}) | {part: found})
    return found
