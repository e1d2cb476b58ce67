"""Simple voting: b = 1/T Σ b_t (Puchkov & Terekhov 2016)."""

from typing import Any

import numpy as np

from endirector.methods.base import Combination, Floats, Method


class Voting(Method):
    """The mean of the members. Nothing is fitted."""

    name = "voting"
    fits = False

    def fit(self, forecasts: Floats, truth: Floats, metamodel: Any) -> Combination:  # noqa: ARG002
        """See `Method.fit`."""
        members = forecasts.shape[1]
        return Combination(predict=lambda rows: rows.mean(axis=1), weights=np.full(members, 1 / members))
