"""`Backtest`: forecasts of a group from rolling origins, against the values that came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
import polars as pl

from endirector.combination.cross_fit import cross_fitted
from endirector.combination.gather import out_of_fold
from endirector.combination.kept import as_rendered
from endirector.forecaster.group import Group
from endirector.members.member import Member, models_in
from enstorage import Ensemble, Forecast, Panel
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import METRICS, measure_all
from enstorage.metrics.judged import Floats, Judged
from enstorage.metrics.metric import Metric
from enstorage.metrics.scale import NaiveScale
from enstorage.views.scales import scales_of

#: The name of the ensemble among the forecasts.
ENSEMBLE = "ensemble"
#: Of the leaderboard, and of the errors of each series.
_SHOWN = tuple(METRICS[name] for name in ("mase", "rmsse", "mae", "smape"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """Forecasts that were judged: of the ensemble, and of all members that were trained.

    Attributes:
        targets: `series` (key), `source` (id), `id` (time of the target, ns) and `step`, a row for each.
        truth: values in source units, shape (rows,); NaN where none was measured.
        forecasts: by name, shape (rows,) each; `ensemble` by weights that were fitted on earlier rows, NaN where there were
            none.
        scales: of MASE and RMSSE, by the id of the source.
        combined: names of the members that the ensemble combines.
    """

    targets: pl.DataFrame
    truth: Floats
    forecasts: Mapping[str, Floats]
    scales: Mapping[int, NaiveScale]
    combined: tuple[str, ...]

    def leaderboard(self) -> pl.DataFrame:
        """The errors of all on the same rows: `name`, `is_ensemble`, `is_combined`, `rows`, `mase`, `rmsse`, `mae`, `smape`.

        The best by MASE comes first, by the mean absolute error where there is no MASE. An error without value is null.
        """
        judged = np.isfinite(self.forecasts[ENSEMBLE]) & np.isfinite(self.truth)
        rows = [
            {
                "name": name,
                "is_ensemble": name == ENSEMBLE,
                "is_combined": name in self.combined,
                "rows": int(judged.sum()),
                **self._measured(name, judged),
            }
            for name in self.forecasts
        ]
        table = pl.DataFrame(rows, schema=BOARD)
        return table.sort("mase", "mae", nulls_last=True, maintain_order=True)

    def by_series(self) -> pl.DataFrame:
        """The errors of the ensemble for each series: `series`, `rows`, `mase`, `rmsse`, `mae`, `smape` and `bias`.

        `bias` is the mean of forecast minus truth, in source units. An error without value is null.
        """
        judged = np.isfinite(self.forecasts[ENSEMBLE]) & np.isfinite(self.truth)
        places = self.targets.select("series").with_row_index("place").filter(judged)
        rows = []
        for (key,), own in places.group_by("series", maintain_order=True):
            chosen = own["place"].to_numpy().astype(np.intp)
            bias = float(np.mean(self.forecasts[ENSEMBLE][chosen] - self.truth[chosen]))
            rows.append({"series": key, "rows": len(chosen), **self._measured(ENSEMBLE, chosen), "bias": bias})
        return pl.DataFrame(rows, schema=BY_SERIES)

    def by_step(self, name: str, metric: str) -> dict[int, float]:
        """The error of a forecaster at each step, of the steps where it has a value."""
        steps = self.targets["step"].to_numpy()
        found = {int(step): self._measured(name, steps == step)[metric] for step in np.unique(steps)}
        return {step: value for step, value in found.items() if value is not None}

    def error(self, metric: str) -> float | None:
        """The error of the ensemble by a metric of points, in source units where it has units; None without a value."""
        judged = np.isfinite(self.forecasts[ENSEMBLE]) & np.isfinite(self.truth)
        return self._measured(ENSEMBLE, judged, (METRICS[metric],))[metric]

    def _measured(self, name: str, chosen: Any, metrics: Sequence[Metric] = _SHOWN) -> dict[str, float | None]:
        series = self.targets["source"].to_numpy()
        judged = Judged(self.truth, self.forecasts[name], series, self.scales).only(chosen)
        values, _ = measure_all(metrics, judged)
        known = {metric: value for metric, value in values.items() if isfinite(value)}
        return {metric.name: known.get(metric.name) for metric in metrics}


_ERRORS = {metric.name: pl.Float64 for metric in _SHOWN}
BOARD = pl.Schema(
    {"name": pl.String, "is_ensemble": pl.Boolean, "is_combined": pl.Boolean, "rows": pl.Int64, **_ERRORS}
)
BY_SERIES = pl.Schema({"series": pl.String, "rows": pl.Int64, **_ERRORS, "bias": pl.Float64})


def backtest_of(group: Group, panel: Panel) -> Backtest | None:
    """The out-of-fold forecasts of a group; None where nothing was judged.

    Args:
        group: with or without an ensemble.
        panel: of its series.
    """
    ensemble = group.ensemble
    if ensemble is None or group.project is None:
        return None
    with panel.connector as connector, connector.database.remembering():
        models = [model for model in group.project.models() if Forecast.of(model, OUT_OF_FOLD)]
        members, recipe = [Member.of(model.name, model) for model in models], as_rendered(ensemble)
        combined = _combined(ensemble, members)
        if not combined:
            return None
        try:
            _, evidence = out_of_fold(members, recipe)
        except InvalidInputError:  # the members share no row
            return None
        forecasts = {member.name: evidence.rows.forecasts[:, place] for place, member in enumerate(members)}
        together = cross_fitted(recipe, evidence.of_members(combined))
        source = evidence.keys["series"]
        targets = panel.with_keys(evidence.keys).select(
            pl.col("key").alias("series"), source.alias("source"), "id", "step"
        )
        return Backtest(
            targets=targets,
            truth=evidence.truth,
            forecasts={ENSEMBLE: together, **forecasts},
            scales=scales_of(models_in(members), source.to_numpy()),
            combined=tuple(members[place].name for place in combined),
        )


def _combined(ensemble: Ensemble, members: list[Member]) -> list[int]:
    """The places of the members of an ensemble, in its order; none if one has no out-of-fold forecasts."""
    places = {member.key: place for place, member in enumerate(members)}
    keys = [item.key for item in ensemble.items() if item.dropped is None]
    return [places[key] for key in keys] if all(key in places for key in keys) else []
