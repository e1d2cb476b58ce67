"""Ridge regression whose penalty is chosen on later rows than it learns from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Penalties that are tried, relative to the variance of a feature.
_PENALTIES = np.geomspace(1e-4, 10.0, 11)
#: Share of the rows that penalties are fitted on, to be judged on the others.
_FITTED = 0.7


@dataclass(frozen=True, slots=True)
class Ridge:
    """A fitted regression.

    Attributes:
        centre: of the features, shape (features,).
        size: of the features, shape (features,).
        coefficients: of the standardised features, shape (features,).
        intercept: of the target.
    """

    centre: Floats
    size: Floats
    coefficients: Floats
    intercept: float

    def predict(self, X: Floats) -> Floats:
        """The predictions, shape (rows,)."""
        return np.asarray((X - self.centre) / self.size @ self.coefficients + self.intercept)


def fit_ridge(X: Floats, y: Floats, known: NDArray[np.int64], target: NDArray[np.int64]) -> Ridge:
    """Fit a regression. Generalised cross-validation was rejected: rows of near origins share targets, so it overfits.

    Args:
        X: features, shape (rows, features).
        y: targets, shape (rows,).
        known: number of values known at the origin of each row.
        target: index of the target of each row.
    """
    cut = np.quantile(target, _FITTED)
    before, after = target < cut, known > cut
    best = len(_PENALTIES) // 2
    if before.sum() > X.shape[1] and after.any():
        path = _path(X[before], y[before])
        errors = [float(np.abs(each.predict(X[after]) - y[after]).mean()) for each in path]
        best = int(np.argmin(errors))
    return _path(X, y)[best]


def _path(X: Floats, y: Floats) -> list[Ridge]:
    """A regression for each penalty."""
    centre, size, intercept = X.mean(axis=0), X.std(axis=0), float(y.mean())
    size = np.where(size > 0, size, 1.0)
    Z = (X - centre) / size
    values, vectors = np.linalg.eigh(Z.T @ Z / len(Z))
    projected = vectors.T @ (Z.T @ (y - intercept) / len(Z))
    return [
        Ridge(centre, size, vectors @ (projected / (np.maximum(values, 0.0) + penalty)), intercept)
        for penalty in _PENALTIES
    ]
