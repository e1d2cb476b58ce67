"""`evaluate`: the loss and the metrics of a stored model on one part."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataPreparation, DataSet, Model
from enstorage.adapter.samples import partly_measured
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import METRICS as CATALOGUE
from enstorage.metrics.catalogue import OF_POINTS, find_metric, measure_all
from enstorage.metrics.judged import Judged, UndefinedMetricError
from enstorage.metrics.metric import Metric
from enstorage.preparation.split import Part, check_part
from enstorage.views.scales import scales_of
from entrainer.local.rows import forecast_rows
from entrainer.local.specification import LocalSpec
from entrainer.model_output import Output, in_source_units, is_keras, output_of
from entrainer.settings.losses import mean_loss
from entrainer.settings.metrics import METRICS, measured
from entrainer.settings.training import Training

FACT = "evaluation"


def evaluate(model: Model, part: str = "test", metrics: Sequence[str] | None = None) -> dict[str, float]:
    """Measure a model on one part of its data set, and keep it as the fact `evaluation`.

    Args:
        model: with an object and a data set.
        part: `train`, `valid` or `test`.
        metrics: see `docs/reference/metrics.md`; by default those of its training. Losses, `accuracy` and `log_loss` are
            measured in the prepared scale, as in training, and not with quantiles; `rmse`, `mape`, `smape`, `mase`, `rmsse`,
            `wql`, `crps`, `coverage_…`, `width_…` and `pinball_…` in source units.

    Returns:
        `loss`, the one that a network was trained on, of an estimator the mean squared error, in the prepared scale; each
        metric by its name; and `rows`, those of which a target was measured. A local model has no loss, and by default
        `rmse`, `mape`, `smape`, `mase` and `rmsse` where they have a value. The fact has it by part, and leaves what was
        kept of other parts.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: there is no such part or metric, the part has no rows, a metric has no value for them, or the
            object gives another number of values than the targets have.
    """
    check_part(part)
    training = Training.from_json(model.meta("training", default=Training().to_json()))
    chosen = [find_metric(name) for name in (training.metrics if metrics is None else metrics)]
    data_set = model.data_set()
    _, X, y = data_set.arrays(part)
    rows = int(partly_measured(y).sum())
    if not rows:
        raise InvalidInputError(
            f"{data_set} has no {part} rows with a target that was measured. Prepare the data with a larger {part}_part."
        )
    obj = model.load_object()
    if isinstance(obj, LocalSpec):
        found = _of_local(model, obj, data_set, part, training.quantiles, None if metrics is None else chosen)
    else:
        found = _of_object(model, obj, training, part, X, np.asarray(y, np.float64).reshape(len(X), -1), chosen)
    found["rows"] = rows
    with model.connector.transaction():
        model.meta(FACT, model.meta(FACT, default={}) | {part: found})
    return found


def _of_object(
    model: Model,
    obj: Any,
    training: Training,
    part: str,
    X: NDArray[Any],
    truth: NDArray[np.float64],
    chosen: Sequence[Metric],
) -> dict[str, Any]:
    data_set = model.data_set()
    prepared = [each for each in chosen if each.name in METRICS]
    predicted = output_of(obj, X, truth.shape[1]).reshape(len(X), -1)
    if predicted.shape[1] != training.outputs(truth.shape[1]) or (training.quantiles and prepared):
        raise InvalidInputError(
            f"{model} gives {predicted.shape[1]} values for each sample of {data_set}, which has {truth.shape[1]} targets. "
            f"Use the data set that the model is made for, and with quantiles none of {', '.join(METRICS)}."
        )
    loss = mean_loss(training, truth, predicted) if is_keras(obj) else measured("mse", truth, predicted)
    judged = None if len(prepared) == len(chosen) else _judged(model, data_set, part, predicted, training.quantiles)
    found: dict[str, Any] = {"loss": loss}
    for metric in chosen:
        if judged is None or metric in prepared:
            found[metric.name] = measured(metric.name, truth, predicted)
        else:
            found[metric.name] = _value(metric, judged, model)
    return found


def _of_local(
    model: Model,
    spec: LocalSpec,
    data_set: DataSet,
    part: str,
    quantiles: Sequence[float],
    chosen: Sequence[Metric] | None,
) -> dict[str, Any]:
    """The metrics of a local model, which forecasts in source units: by default all of points that have a value."""
    rows = np.flatnonzero(data_set.parts() == Part.of(part))
    judged = _judged(model, data_set, part, forecast_rows(spec, data_set, rows, quantiles), quantiles)
    usual = [CATALOGUE[name] for name in OF_POINTS if name not in METRICS]
    if chosen is None:
        return dict(measure_all(usual, judged)[0])
    if refused := [each.name for each in chosen if each.name in METRICS]:
        raise InvalidInputError(
            f"{model} is the local model {spec}, which forecasts in source units and has no output in the prepared scale, "
            f"in which {', '.join(refused)} is measured. Choose others: {', '.join(each.name for each in usual)}."
        )
    return {each.name: _value(each, judged, model) for each in chosen}


def _judged(model: Model, data_set: DataSet, part: str, predicted: Output, quantiles: Sequence[float]) -> Judged:
    """The forecasts of a part beside the truth in source units, a target a row."""
    rows = np.flatnonzero(data_set.parts() == Part.of(part))
    forecast = in_source_units(data_set, predicted, rows, quantiles)
    truth = data_set.targets(rows)[1]
    series = np.repeat(_series(data_set, rows), truth.size // len(rows))
    return Judged(
        truth.ravel(),
        forecast["values"].ravel(),
        series,
        scales_of([model], series),
        {level: values.ravel() for level, values in (forecast["quantiles"] or {}).items()},
    )


def _series(data_set: DataSet, rows: NDArray[np.intp]) -> NDArray[np.int64]:
    if data_set.is_pooled:
        return np.asarray(data_set.series(rows), np.int64)
    if data_set.data_preparation_id is None:
        return np.zeros(len(rows), np.int64)
    preparation = DataPreparation.get(data_set.data_preparation_id, connector=data_set.connector)
    return np.full(len(rows), preparation.data_snapshot.data_source_id, np.int64)


def _value(metric: Metric, judged: Judged, model: Model) -> float:
    try:
        return metric.measure(judged)
    except UndefinedMetricError as error:
        raise InvalidInputError(f"{metric.label} has no value for {model}: {error} Choose another metric.") from error
