"""`contributions`: the parts of the members in each step of a forecast."""

import numpy as np
import polars as pl

from endirector.combination.kept import as_rendered, stored_combination, stored_evidence
from endirector.forecasting.members_ahead import MemberSteps, Start, gate_history_of, member_steps, steps_of
from endirector.members.member import living_members
from endirector.methods.base import Combination, Floats, Method, Rows, TargetTimes
from endirector.methods.fixed.trimmed import Trimmed
from endirector.methods.fixed.voting import Voting
from enstorage import Ensemble, Model
from enstorage.instant import TimeLike
from enstorage.progress import Progress, listening
from entrainer.forecasting.asked.series import Asked
from entrainer.forecasting.forecast import check_horizon
from entrainer.forecasting.local import histories_of
from entrainer.local import CovariateRegression

CONTRIBUTIONS = pl.Schema(
    {
        "series": pl.Int64,
        "id": pl.Int64,
        "step": pl.Int32,
        "member": pl.String,
        "value": pl.Float64,
        "weight": pl.Float64,
        "contribution": pl.Float64,
    }
)


#: Columns of the parts of covariates: as of contributions, with the covariate of each member.
PARTS = pl.Schema([*CONTRIBUTIONS.items(), ("covariate", pl.String)])


def contributions(
    ensemble: Ensemble,
    horizon: int,
    time_from: TimeLike | None = None,
    *,
    series: Asked = None,
    combination: Combination | None = None,
    progress: bool | Progress = True,
) -> pl.DataFrame:
    """The forecast of each member for each step after the data, its weight, and what it adds to that of the ensemble.

    Args:
        ensemble: a rendered one.
        horizon: number of steps, at least 1.
        time_from: the first time to forecast, see `forecast`.
        series: to forecast, see `forecast`.
        combination: another one than the rendered, see `forecast`.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        Columns `series`, `id`, `step`, `member` (name), `value` (its forecast, units of the source), `weight`, and
        `contribution`, weight times value. The contributions of a step sum to the forecast of a method without a constant.
        Of a median and a trimmed mean the members in the middle have the weight. Both are null for methods that are no
        weighted mean, or whose weights depend on the values before a target.

    Raises:
        CancelledError: the progress function asked to stop.
        NotFoundError: the ensemble was not rendered.
        InvalidInputError: as `forecast`.
    """
    check_horizon(horizon)
    with ensemble.connector as connector, listening(progress) as report, connector.database.remembering():
        report("Forecasts of the members", 0, 1)
        found = member_steps(ensemble, Start(horizon, time_from, None, series, {}))
        table = _weighted(ensemble, found, combination)
        report("Forecasts of the members", 1, 1)
    return table


def parts_of_covariates(
    ensemble: Ensemble, horizon: int, *, series: Asked = None, combination: Combination | None = None
) -> pl.DataFrame:
    """The parts of covariates in the forecasts of the members that see some, and in that of the ensemble.

    Args:
        ensemble: a rendered one.
        horizon: number of steps, at least 1.
        series: to forecast, see `forecast`.
        combination: another one than the rendered, see `forecast`.

    Returns:
        As `contributions`, with `covariate` (name) and its part as `value`, see `CovariateRegression.parts`; of models that
        are members themselves, not of those inside of ensembles.
    """
    with ensemble.connector as connector, connector.database.remembering():
        found = member_steps(ensemble, Start(horizon, None, None, series, {}))
        weights = _weighted(ensemble, found, combination).select("series", "step", "member", "weight")
        tables = [PARTS.to_frame()]
        for member in living_members(ensemble):
            obj = member.entity.load_object() if isinstance(member.entity, Model) and member.entity.network else None
            if not isinstance(obj, CovariateRegression):
                continue
            known = [found.start.known[member.entity.id][source] for source in found.points]
            for name, values in obj.parts(histories_of(known), horizon).items():
                tables += [
                    found.points[source]
                    .select("series", "id", "step")
                    .with_columns(
                        pl.lit(member.name).alias("member"),
                        pl.lit(name).alias("covariate"),
                        pl.Series("value", values[place]),
                    )
                    .join(weights, on=["series", "step", "member"], how="left", maintain_order="left")
                    .with_columns(contribution=pl.col("weight") * pl.col("value"))
                    .select(PARTS.names())
                    .cast(PARTS)
                    for place, source in enumerate(found.points)
                ]
    return pl.concat(tables).sort("series", "step", maintain_order=True)


def _weighted(ensemble: Ensemble, found: MemberSteps, combination: Combination | None) -> pl.DataFrame:
    """The table of contributions."""
    horizon = found.start.horizon
    combination, method = combination or stored_combination(ensemble), as_rendered(ensemble).method
    steps, evidence = steps_of(ensemble, horizon), stored_evidence(ensemble)[0]
    tables = [CONTRIBUTIONS.to_frame()]
    for source, forecasts in found.forecasts.items():
        weights = np.full(forecasts.shape, np.nan)
        if gate_history_of(ensemble, source, found.start, evidence) is None:
            targets = TargetTimes.ahead(source or 0, len(forecasts))
            weights = _weights(method, combination, Rows(forecasts, steps, targets=targets))
        ids = found.points[source].select("series", "id", "step")
        for place, name in enumerate(found.names):
            columns = [
                pl.lit(name).alias("member"),
                pl.Series("value", forecasts[:, place]),
                pl.Series("weight", weights[:, place]).fill_nan(None),
                pl.Series("contribution", weights[:, place] * forecasts[:, place]).fill_nan(None),
            ]
            tables.append(ids.with_columns(columns).cast(CONTRIBUTIONS))
    return pl.concat(tables).sort("series", "step", maintain_order=True)


def _weights(method: Method, combination: Combination, rows: Rows) -> Floats:
    """The weights of each row, shape (rows, members); NaN where the method has none."""
    members = rows.forecasts.shape[1]
    if isinstance(method, Voting) and method.average == "median":
        return _of_middle(rows.forecasts, (members - 1) // 2)
    if isinstance(method, Trimmed):
        return _of_middle(rows.forecasts, method.left_out(members))
    if combination.row_weights is not None:
        return combination.row_weights(rows)
    if combination.step_weights is not None and rows.step is not None:
        return np.stack([combination.step_weights[step] for step in rows.step.tolist()])
    if combination.weights is not None:
        return np.tile(combination.weights, (len(rows.forecasts), 1))
    return np.full(rows.forecasts.shape, np.nan)


def _of_middle(forecasts: Floats, cut: int) -> Floats:
    """Equal weights of the members in the middle, without so many on each side, shape (rows, members)."""
    members = forecasts.shape[1]
    order = np.argsort(forecasts, axis=1, kind="stable")
    weights = np.zeros(forecasts.shape)
    np.put_along_axis(weights, order[:, cut : members - cut], 1 / (members - 2 * cut), axis=1)
    return weights
