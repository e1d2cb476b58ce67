"""Blending: the members' forecasts over one part are the features of a metamodel (Puchkov & Terekhov 2016)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.stacked.classes import as_rows, by_sample, count_of, labels_of


@dataclass(frozen=True)
class Blending(Method):
    """A metamodel on the members' forecasts; linear regressors give weights and an intercept.

    For classes the metamodel is a classifier; its features are the probabilities of all classes by all members.
    """

    name = "blending"
    has_metamodel = True

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        rows, metamodel = given.rows, given.metamodel
        # Copies, because an estimator may change its input in place, and the forecasts of the members are stored.
        if _is_classifier(metamodel):
            metamodel.fit(by_sample(rows).copy(), labels_of(rows, given.truth))
        else:
            metamodel.fit(rows.forecasts.copy(order="F"), given.truth.copy())
        return self.restore(metamodel)

    def restore(self, metamodel: Any) -> Combination:
        """See `Method.restore`."""
        if _is_classifier(metamodel):
            return Combination(predict=lambda rows: _probabilities(metamodel, rows))
        weights = getattr(metamodel, "coef_", None)
        intercept = getattr(metamodel, "intercept_", None)
        # LinearRegression gives a rank: below the number of members, its weights are the least-norm solution.
        rank = getattr(metamodel, "rank_", None)
        return Combination(
            predict=lambda rows: np.asarray(metamodel.predict(rows.forecasts.copy(order="F")), float),
            weights=None if weights is None else np.asarray(weights, float).ravel(),
            intercept=None if weights is None or intercept is None else float(np.ravel(intercept)[0]),
            facts={} if rank is None else {"rank": int(rank)},
        )


def _is_classifier(metamodel: Any) -> bool:
    from sklearn.base import is_classifier

    return bool(is_classifier(metamodel))


def _probabilities(metamodel: Any, rows: Rows) -> Floats:
    if not len(rows.forecasts):
        return np.zeros(0)
    return as_rows(metamodel.predict_proba(by_sample(rows).copy()), metamodel.classes_, count_of(rows))
