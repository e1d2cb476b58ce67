"""`Scoring`: the error by which `form` compares combinations, on out-of-fold rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.combination.recipe import CombinationRecipe
from endirector.members.member import Member, models_in
from endirector.methods.base import Floats
from enstorage.entity.ensemble_members import classes_of
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import OF_POINTS, OF_QUANTILES, find_metric
from enstorage.metrics.judged import Judged, UndefinedMetricError
from enstorage.metrics.metric import Need
from enstorage.views.scales import scales_of

#: Metrics that a search can go by. Not the width of intervals: the narrowest are not the best.
METRICS = (*OF_POINTS, *OF_QUANTILES, "coverage", "log_loss")


class Scoring:
    """Measures combinations on the rows that are judged.

    Args:
        metric: one of `METRICS`; of a coverage the error is its distance from the level.
        members: the candidates.
        evidence: their common out-of-fold targets.
        stretch: the number of the stretch of time of each target, shape (rows,); the first, 0, is not judged
            unless it is the only one.

    Raises:
        InvalidInputError: the metric has no value on these rows; the message has the reason.
    """

    def __init__(self, metric: str, members: Sequence[Member], evidence: Evidence, stretch: NDArray[np.intp]) -> None:
        self.metric = find_metric(metric, METRICS)
        later: NDArray[np.bool_] = stretch > 0
        self.has_earlier_rows = bool(later.any())
        self.judged = later if self.has_earlier_rows else np.ones_like(later)
        models, series = models_in(members), evidence.keys["series"].to_numpy()
        classes = classes_of(models)
        self._stretch, self._series = stretch, series
        self._facts = Judged(
            evidence.truth,
            evidence.truth,
            series,
            scales_of(models, series) if Need.SCALE in self.metric.needs else {},
            classes=None if classes is None else int(evidence.keys["step"].to_numpy().max(initial=1)),
        )
        self._check(evidence)

    @property
    def is_of_quantiles(self) -> bool:
        """True if quantiles are measured, and not the point forecast."""
        return Need.QUANTILES in self.metric.needs

    def error(self, forecast: Floats, quantiles: Mapping[float, Floats]) -> tuple[float, float]:
        """The error over all judged rows, and its standard error over the stretches.

        Args:
            forecast: shape (rows,); of a metric of quantiles not looked at.
            quantiles: by level, each of shape (rows,).

        Returns:
            Infinity and NaN where one of the measured forecasts has no number.
        """
        looked_at = list(quantiles.values()) if self.is_of_quantiles else [forecast]
        if not looked_at or not all(np.isfinite(each[self.judged]).all() for each in looked_at):
            return np.inf, np.nan
        whole = self._of(self.judged, forecast, quantiles)
        means = [
            value
            for number in np.unique(self._stretch[self.judged])
            if (value := self._of(self._stretch == number, forecast, quantiles)) is not None
        ]
        spread = float(np.std(means, ddof=1) / len(means) ** 0.5) if len(means) > 1 else np.nan
        return (np.inf, np.nan) if whole is None else (self.metric.badness(whole), spread)

    def blocks(self, forecast: Floats, quantiles: Mapping[float, Floats]) -> Floats:
        """The error in each stretch of each series that has judged rows there, shape (blocks,), NaN where it has no value.

        Args:
            forecast: as `error` takes it.
            quantiles: as `error` takes them.
        """
        rows = np.flatnonzero(self.judged)
        keys = np.column_stack([self._series[rows], self._stretch[rows]])
        block = np.unique(keys, axis=0, return_inverse=True)[1].ravel()
        order = np.argsort(block, kind="stable")
        each = np.split(rows[order], np.flatnonzero(np.diff(block[order])) + 1)
        values = [self._of(own, forecast, quantiles) for own in each]
        return np.array([np.nan if value is None else self.metric.badness(value) for value in values])

    def _of(self, rows: NDArray[Any], forecast: Floats, quantiles: Mapping[float, Floats]) -> float | None:
        try:
            return self.metric.measure(self._filled(forecast, quantiles).only(rows))
        except UndefinedMetricError:
            return None

    def _filled(self, forecast: Floats, quantiles: Mapping[float, Floats]) -> Judged:
        facts = self._facts
        return Judged(facts.truth, forecast, facts.series, facts.scales, quantiles, facts.classes)

    def _check(self, evidence: Evidence) -> None:
        if not self.judged.any():
            return
        quantiles = {level: values[:, 0] for level, values in evidence.quantiles.items()}
        try:
            self.metric.measure(self._filled(evidence.truth, quantiles).only(self.judged))
        except UndefinedMetricError as error:
            of = " that all candidates have" if self.is_of_quantiles and not quantiles else ""
            raise InvalidInputError(
                f"{self.metric.label} has no value on the out-of-fold rows{of}: {error} Choose another metric, such as mae."
            ) from error


def combines_quantiles(recipe: CombinationRecipe) -> bool:
    """True if the method of a recipe combines quantiles of the members."""
    return recipe.method.combines_quantiles or recipe.method.fits_quantiles
