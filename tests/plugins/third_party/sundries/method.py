"""A method: the mean of the members without the lowest and the highest."""

import numpy as np

from endirector import Combination, Fitting, Method


class TrimmedMean(Method):
    """The mean of what lies between the lowest and the highest forecast. Nothing is fitted."""

    name = "trimmed_mean"
    fits = False

    def fit(self, given: Fitting) -> Combination:
        return Combination(predict=lambda rows: np.sort(rows.forecasts, axis=1)[:, 1:-1].mean(axis=1))
