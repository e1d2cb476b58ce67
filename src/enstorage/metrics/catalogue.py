"""The list of losses and metrics, by name. `docs/reference/metrics.md` has a row for each."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

from enstorage.errors import InvalidInputError
from enstorage.metrics import classes, interval, point, quantile, scaled
from enstorage.metrics.judged import Judged, UndefinedMetricError
from enstorage.metrics.metric import Better, Metric, Need, RowValues, Unit, mean_of, mean_of_sums

_SCALE, _QUANTILES, _CLASSES = (frozenset({need}) for need in (Need.SCALE, Need.QUANTILES, Need.CLASSES))


def _row_loss(name: str, label: str, unit: Unit, rows: RowValues, *, adds_up: bool = False) -> Metric:
    """A loss of networks that is a mean over rows, and a mean or a sum over the targets of each."""
    return Metric(name, label, unit, (mean_of_sums if adds_up else mean_of)(rows), rows=rows, trains=True)


_LIST = (
    _row_loss("mse", "MSE", Unit.SQUARED, point.squared_error),
    Metric("rmse", "RMSE", Unit.SOURCE, point.rmse),
    _row_loss("mae", "MAE", Unit.SOURCE, point.absolute_error),
    Metric("mape", "MAPE", Unit.SHARE, point.mape),
    Metric("smape", "sMAPE", Unit.SHARE, point.smape),
    Metric("mase", "MASE", Unit.NONE, scaled.mase, needs=_SCALE),
    Metric("rmsse", "RMSSE", Unit.NONE, scaled.rmsse, needs=_SCALE),
    Metric("wql", "WQL", Unit.NONE, quantile.wql, needs=_QUANTILES),
    Metric("crps", "CRPS", Unit.SOURCE, quantile.crps, needs=_QUANTILES),
    Metric("coverage", "coverage", Unit.SHARE, interval.coverage, Better.NOMINAL, _QUANTILES, has_level=True),
    Metric("width", "width", Unit.SOURCE, interval.width, needs=_QUANTILES, has_level=True),
    Metric("accuracy", "accuracy", Unit.SHARE, classes.accuracy, Better.HIGHER, _CLASSES, rows=classes.hits),
    Metric("log_loss", "log loss", Unit.NONE, classes.log_loss, needs=_CLASSES, rows=classes.log_losses),
    _row_loss("huber", "Huber loss", Unit.NONE, point.huber),
    _row_loss("log_cosh", "log-cosh", Unit.NONE, point.log_cosh),
    _row_loss("binary_crossentropy", "binary cross-entropy", Unit.NONE, classes.binary_crossentropy),
    _row_loss(
        "categorical_crossentropy",
        "categorical cross-entropy",
        Unit.NONE,
        classes.categorical_crossentropy,
        adds_up=True,
    ),
    _row_loss(
        "two_sided_crossentropy", "two-sided cross-entropy", Unit.NONE, classes.two_sided_crossentropy, adds_up=True
    ),
    Metric("pinball", "pinball loss", Unit.SOURCE, quantile.pinball, needs=_QUANTILES, trains=True, has_level=True),
)

#: All of them by name.
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _LIST}
#: Names of those that networks can be trained on.
LOSSES = tuple(metric.name for metric in _LIST if metric.trains)
#: Those of point forecasts of values, in the order in which tables have them.
OF_POINTS = ("mse", "rmse", "mae", "mape", "smape", "mase", "rmsse")
OF_CLASSES = ("accuracy", "log_loss")
OF_QUANTILES = ("wql", "crps")
OF_INTERVALS = ("coverage", "width")


def find_metric(name: str, among: Iterable[str] = tuple(METRICS)) -> Metric:
    """The metric of a name; `coverage_0.8`, `width_0.8` and `pinball_0.9` name a level too.

    Args:
        name: upper and lower case are the same.
        among: the names that are allowed, without levels.

    Raises:
        InvalidInputError: there is none, or a level is missing, is not between 0 and 1, or has no place.
    """
    among = tuple(among)
    match = re.fullmatch(r"([a-z_]+?)(?:_([0-9.]+))?", name.lower()) if isinstance(name, str) else None
    metric = METRICS.get(match[1]) if match is not None and match[1] in among else None
    if match is None or metric is None or metric.has_level != (match[2] is not None):
        shown = (f"{each}_0.8" if METRICS[each].has_level else each for each in among)
        raise InvalidInputError(f"There is no metric {name!r:.60}; expected one of {', '.join(shown)}.")
    return at_level(metric, match[2]) if match[2] is not None else metric


def at_level(metric: Metric, level: float | str) -> Metric:
    """The metric of one level of quantiles or intervals.

    Raises:
        InvalidInputError: the level is not a number between 0 and 1.
    """
    try:
        number = float(level)
    except ValueError:
        number = -1.0
    if not 0 < number < 1:
        raise InvalidInputError(
            f"The level of {metric.name} is {level}; expected a number between 0 and 1, such as {metric.name}_0.8."
        )
    return replace(
        metric,
        name=f"{metric.name}_{number:g}",
        label=f"{metric.label} {number:g}",
        of=partial(metric.of, level=number),
        has_level=False,
        level=number,
    )


def measure_all(metrics: Iterable[Metric], judged: Judged) -> tuple[dict[str, float], dict[str, str]]:
    """The values of metrics by their names; and of those that have none the reason, a sentence."""
    values: dict[str, float] = {}
    undefined: dict[str, str] = {}
    for metric in metrics:
        try:
            values[metric.name] = metric.measure(judged)
        except UndefinedMetricError as error:
            undefined[metric.name] = str(error)
    return values, undefined
