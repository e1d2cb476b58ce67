"""Blending: the members' forecasts over one part are the features of a metamodel (Puchkov & Terekhov 2016)."""

from typing import Any

import numpy as np

from endirector.methods.base import Combination, Floats, Method


class Blending(Method):
    """A metamodel on the members' forecasts; linear ones give weights and an intercept."""

    name = "blending"
    has_metamodel = True

    def fit(self, forecasts: Floats, truth: Floats, metamodel: Any) -> Combination:
        """See `Method.fit`."""
        metamodel.fit(forecasts, truth)
        weights = getattr(metamodel, "coef_", None)
        intercept = getattr(metamodel, "intercept_", None)
        return Combination(
            predict=lambda rows: np.asarray(metamodel.predict(rows), float),
            weights=None if weights is None else np.asarray(weights, float).ravel(),
            intercept=None if weights is None or intercept is None else float(np.ravel(intercept)[0]),
        )
