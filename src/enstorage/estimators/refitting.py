"""Fit an estimator again that no format keeps as data, and compare it with what it forecast."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.samples import fully_measured
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.estimators.describe import describe
from enstorage.estimators.fitting import estimator_output, fit_samples
from enstorage.estimators.make import make
from enstorage.formats.refit import Refit
from enstorage.preparation.split import Part

# Outputs are the same where they differ by less, relative to the largest.
_SAME = 1e-6
_COMPARED = 256


class Fitted(NamedTuple):
    """A data set that an estimator was fitted on.

    Attributes:
        sha256: of its samples.
        X: of all rows, shape (rows, …).
        y: of all rows, shape (rows,) or (rows, targets); NaN where a target was not measured.
        parts: of all rows, 0 train, 1 valid, 2 test; shape (rows,).
    """

    sha256: str
    X: NDArray[Any]
    y: NDArray[Any]
    parts: NDArray[np.int8]

    @property
    def train(self) -> NDArray[np.bool_]:
        """Mask of the train rows whose targets were all measured, shape (rows,)."""
        mask: NDArray[np.bool_] = (self.parts == Part.TRAIN) & fully_measured(self.y)
        return mask

    @property
    def targets(self) -> int:
        """Values of one sample."""
        return int(np.prod(self.y.shape[1:]))


def refit_of(estimator: Any, data: Fitted, weight: NDArray[np.float64] | None = None) -> Refit:
    """The recipe to fit an estimator again.

    Args:
        estimator: fitted on the train rows of which all targets were measured.
        data: the data set.
        weight: of each of these rows, shape (fitted rows,); None for 1.

    Raises:
        InvalidInputError: the estimator cannot be described.
    """
    from sklearn.base import clone

    name, parameters = describe(clone(estimator))
    rows = (
        np.unique(np.linspace(0, len(data.X) - 1, _COMPARED).astype(np.intp)) if len(data.X) else np.empty(0, np.intp)
    )
    output = estimator_output(estimator, data.X[rows], data.targets)
    weights = None if weight is None else np.asarray(weight, np.float64).tolist()
    return Refit(name, parameters, data.sha256, weights, rows.tolist(), output.tolist(), True)


def fit_again(refit: Refit, data: Fitted, whose: object, most_jobs: int | None = None) -> Any:
    """The estimator, fitted again.

    Args:
        refit: of the estimator.
        data: the data set.
        whose: the model, as messages name it.
        most_jobs: as `make` takes it.

    Raises:
        CorruptError: it cannot be fitted again, or forecasts other values than it did.
    """
    if refit.data_set != data.sha256:
        raise CorruptError(
            f"The {refit.estimator} of {whose} is fitted again on its data set when it is needed, and that is now another "
            "one. Train the model again."
        )
    weight = None if refit.row_weights is None else np.asarray(refit.row_weights, np.float64)
    try:
        fresh = make(refit.estimator, refit.parameters, most_jobs=most_jobs)
        estimator = fit_samples(fresh, data.X[data.train], data.y[data.train], weight, as_labels=refit.as_labels)
        output = estimator_output(estimator, data.X[refit.rows], data.targets)
    except (InvalidInputError, IndexError) as error:
        raise CorruptError(
            f"The {refit.estimator} of {whose} cannot be fitted again: {error} Train the model again."
        ) from error
    check_same(output, np.asarray(refit.output, np.float64), f"{refit.estimator} of {whose}", "prepared scale")
    return estimator


def check_same(now: NDArray[np.float64], then: NDArray[np.float64], what: str, scale: str) -> None:
    """Compare what an estimator forecasts with what it forecast before it was fitted again.

    Args:
        now: forecasts; NaN where there is none for one of `then`.
        then: the same shape.
        what: the estimator, as messages name it.
        scale: of the forecasts, as messages name it.

    Raises:
        CorruptError: they differ.
    """
    apart, allowed = _distance(now, then)
    if not apart <= allowed:
        raise CorruptError(
            f"The {what} is not kept, but fitted again on its data set, and now it forecasts other values than it did: they "
            f"differ by up to {apart:.3g}, expected at most {allowed:.3g} ({scale}). The versions of libraries differ, it "
            "is not deterministic, or its forecasts were made by something else. Train the model again."
        )


def _distance(now: NDArray[np.float64], then: NDArray[np.float64]) -> tuple[float, float]:
    """The largest difference, and the largest that is allowed."""
    if now.shape != then.shape:
        return np.inf, 0.0
    same = (now == then) | (np.isnan(now) & np.isnan(then))
    finite = then[np.isfinite(then)]
    return float(np.abs(now - then, where=~same, out=np.zeros_like(then)).max(initial=0.0)), _SAME * float(
        np.abs(finite).max(initial=0.0)
    )
