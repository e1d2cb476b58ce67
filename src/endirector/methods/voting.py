"""Simple voting: b = 1/T Σ b_t (Puchkov & Terekhov 2016), or the median of all b_t."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from endirector.methods.base import Combination, Fitting, Method
from endirector.methods.parameters import Parameter, one_of


class Voting(Method):
    """The mean or the median of the members. Nothing is fitted."""

    name = "voting"
    combines_quantiles = True
    fits = False
    parameters: ClassVar[Mapping[str, Parameter]] = {"average": one_of("mean", "median")}

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        if given.parameters["average"] == "median":
            return Combination(predict=lambda rows: np.median(rows.forecasts, axis=1))
        members = given.rows.forecasts.shape[1]
        return Combination(
            predict=lambda rows: rows.forecasts.mean(axis=1),
            weights=np.full(members, 1 / members),
        )
