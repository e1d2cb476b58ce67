"""Blending: the members' forecasts over one part are the features of a metamodel (Puchkov & Terekhov 2016)."""

from typing import Any

import numpy as np

from endirector.methods.base import Combination, Fitting, Method


class Blending(Method):
    """A metamodel on the members' forecasts; linear ones give weights and an intercept."""

    name = "blending"
    has_metamodel = True

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        given.metamodel.fit(given.rows.forecasts, given.truth)
        return self.restore(given.metamodel)

    def restore(self, metamodel: Any) -> Combination:
        """See `Method.restore`."""
        weights = getattr(metamodel, "coef_", None)
        intercept = getattr(metamodel, "intercept_", None)
        # Of LinearRegression, which takes the shortest of equally good weights.
        rank = getattr(metamodel, "rank_", None)
        return Combination(
            predict=lambda rows: np.asarray(metamodel.predict(rows.forecasts), float),
            weights=None if weights is None else np.asarray(weights, float).ravel(),
            intercept=None if weights is None or intercept is None else float(np.ravel(intercept)[0]),
            facts={} if rank is None else {"rank": int(rank)},
        )
