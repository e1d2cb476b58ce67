"""Simple voting: b = 1/T Σ b_t (Puchkov & Terekhov 2016), or the median of all b_t."""

from dataclasses import dataclass

import numpy as np

from endirector.methods.base import Combination, Fitting, Method
from enstorage.parameters.described import check_choice


@dataclass(frozen=True)
class Voting(Method):
    """The mean or the median of the members. Nothing is fitted.

    Attributes:
        average: `mean` or `median`.
    """

    name = "voting"
    combines_quantiles = True
    fits = False

    average: str = "mean"

    def __post_init__(self) -> None:
        check_choice(self, "average", ("mean", "median"))

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        if self.average == "median":
            return Combination(predict=lambda rows: np.median(rows.forecasts, axis=1))
        members = given.rows.forecasts.shape[1]
        return Combination(
            predict=lambda rows: rows.forecasts.mean(axis=1),
            weights=np.full(members, 1 / members),
        )
