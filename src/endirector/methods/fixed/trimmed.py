"""Trimmed mean: the mean of the members without the lowest and the highest ones of each row (Jose & Winkler 2008)."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from enstorage.parameters.described import refuse


@dataclass(frozen=True)
class Trimmed(Method):
    """The mean of the forecasts in the middle of each row. Nothing is fitted.

    Of three members or more, at least one is left out on each side; so the trimmed mean of three or four members is
    their median, and that of one or two is their mean. `facts` say how many are left out.

    Attributes:
        share: of the members, left out on each side, at least 0 and below 0.5.
    """

    name = "trimmed"
    combines_quantiles = True
    fits = False

    share: float = 0.2

    def __post_init__(self) -> None:
        if type(self.share) not in (int, float) or not 0 <= self.share < 0.5:
            refuse(self, "share", "a number of at least 0 and below 0.5")

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        members = given.rows.forecasts.shape[1]
        cut = self.left_out(members)
        facts: dict[str, Any] = {"left_out_on_each_side": cut, "averaged": members - 2 * cut}

        def predict(rows: Rows) -> Floats:
            forecast: Floats = np.sort(rows.forecasts, axis=1)[:, cut : members - cut].mean(axis=1)
            return forecast

        return Combination(predict=predict, facts=facts)

    def left_out(self, members: int) -> int:
        """Number of members that are left out on each side."""
        if self.share == 0 or members < 3:
            return 0
        return min(max(1, math.floor(self.share * members)), (members - 1) // 2)
