"""`CovariateRegression`: a regression of each series on its own last values, its covariates and the calendar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from enstorage.calendars.calendar import Calendar
from enstorage.parameters.described import check_choice, is_whole, refuse
from enstorage.progress import checkpoint
from entrainer.local.covariates.features import Floats, Ints, SeriesInputs, features
from entrainer.local.covariates.panels import covariate_of, keys_of, panel_of
from entrainer.local.covariates.ridge import fit_ridge
from entrainer.local.histories import Flags, Histories
from entrainer.local.naive import check_season, seasons
from entrainer.local.specification import LocalForecast, LocalSpec

#: A regression learns from at most so many rows, of evenly taken origins.
_MOST_ROWS = 20_000
#: With fewer rows for each feature a series is forecast by its last season.
_ROWS_PER_FEATURE = 2
_LEARNERS = ("ridge", "boosting")
#: Trees of boosting, and so many of them between two looks whether to stop.
_TREES, _TREES_AT_ONCE = 200, 20


@dataclass(frozen=True)
class CovariateRegression(LocalSpec):
    """A regression of the next values of each series on its last values, covariates and the calendar, direct for every step.

    The covariates are read from the store, as they are when the model forecasts: each is a panel with a source for each
    series, by the same keys as those of the panel of the series, or with one source for all. One that is `known` ahead has
    values at the times to forecast too; where it ends early its last value is kept, and a remark says so. Of one that is
    `past` the values up to an origin are seen. A series without covariates is forecast from its own values.

    Attributes:
        panel: Id and name of the panel of the series, `{"id": 1, "name": "Sales"}`.
        known: The same of each covariate that is known ahead, by its name.
        past: The same of each covariate that is known up to now.
        learner: `ridge`, or `boosting` for long series.
        season: Number of steps in a season; None for the usual one of the calendar.
    """

    name: ClassVar[str] = "covariate-regression"
    gives_quantiles = False

    panel: Mapping[str, Any]
    known: Mapping[str, Any] = field(default_factory=dict, hash=False)
    past: Mapping[str, Any] = field(default_factory=dict, hash=False)
    learner: str = "ridge"
    season: int | None = None

    def __post_init__(self) -> None:
        check_choice(self, "learner", _LEARNERS)
        check_season(self)
        for name in ("panel", "known", "past"):
            given = getattr(self, name)
            entries = [given] if name == "panel" else list(given.values()) if isinstance(given, Mapping) else [None]
            if not all(_is_reference(each) for each in entries):
                refuse(self, name, 'the id and name of a panel, such as {"id": 1, "name": "Sales"}')
            object.__setattr__(self, name, dict(given))

    def forecast(self, histories: Histories, horizon: int, quantiles: Sequence[float] = ()) -> LocalForecast:  # noqa: ARG002 - it gives none
        """See `LocalSpec.forecast`."""
        return self._forecast(histories, horizon, None)

    def parts(self, histories: Histories, horizon: int) -> dict[str, Floats]:
        """The part of each covariate in the forecasts, beside a usual one: as in the mean of the rows that are learned from.

        Args:
            histories: as of `forecast`.
            horizon: the same.

        Returns:
            By the name of the covariate, in source units, shape (origins, horizon); 0 where the model does not see it.
        """
        parts = {name: np.zeros((len(histories.end), horizon)) for name in (*self.known, *self.past)}
        self._forecast(histories, horizon, parts)
        return parts

    def _forecast(self, histories: Histories, horizon: int, parts: dict[str, Floats] | None) -> LocalForecast:
        values = np.full((len(histories.end), horizon), np.nan)
        remarks: dict[int, str] = {}
        season = seasons(histories, self.season)
        covariates = _Covariates(self, histories)
        for owner in np.unique(histories.series).tolist():
            checkpoint()
            rows = np.flatnonzero((histories.series == owner) & (histories.length > 0))
            if not len(rows):
                continue
            start = int(histories.start[owner])
            end = (histories.end[rows] - start).astype(np.int64)
            fitted = int(histories.fitted_end[owner]) - start
            own = histories.values[start : start + max(fitted, int(end.max()))]
            measured = histories.measured[start : start + fitted]
            inputs, remark = covariates.inputs(owner, own, fitted, int(season[owner]), horizon)
            found = _forecast_one(inputs, end, measured, horizon, self.learner)
            values[rows], why = found.values, found.remark
            if parts is not None:
                for name, columns in inputs.columns.items():
                    parts[name][rows] = found.part(columns)
            if told := why or remark:
                remarks[owner] = told
        return LocalForecast(values, {}, remarks)


def _is_reference(given: Any) -> bool:
    return isinstance(given, Mapping) and set(given) == {"id", "name"} and is_whole(given["id"])


class _Covariates:
    """The covariates of the series of histories, read at once."""

    def __init__(self, spec: CovariateRegression, histories: Histories) -> None:
        self._places = histories.places
        keys = keys_of(panel_of(spec.panel["id"], spec.panel["name"])) if spec.known or spec.past else {}
        self._keys = [None if each is None or each.source is None else keys.get(each.source) for each in self._places]
        calendars: dict[str, Calendar] = {
            key: each.calendar
            for key, each in zip(self._keys, self._places, strict=True)
            if key is not None and each is not None
        }
        self._known, self._past = (
            {name: covariate_of(panel_of(each["id"], each["name"]), calendars) for name, each in given.items()}
            for given in (spec.known, spec.past)
        )

    def inputs(
        self, owner: int, values: Floats, fitted: int, season: int, horizon: int
    ) -> tuple[SeriesInputs, str | None]:
        """The series with its covariates, and a remark on those that end early or are missing."""
        place = self._places[owner] if self._places else None
        key = self._keys[owner] if self._places else None
        first, length = 0 if place is None else place.first, len(values)
        known: dict[str, Floats] = {}
        past: dict[str, Floats] = {}
        told = []
        for given, found, width in ((self._known, known, length + horizon), (self._past, past, length)):
            for name, by_key in given.items():
                buckets = None if key is None else by_key.get(key)
                if buckets is None or not len(buckets.values):
                    told.append(f"{name} has no values for it")
                    continue
                found[name] = _standardised(buckets.until(first, width), fitted)
                if (lacking := first + length - 1 - buckets.last + (horizon if given is self._known else 0)) > 0:
                    told.append(f"{name} is not known at the last {lacking} times, and its last value is kept")
        remark = f"Of its covariates {'; '.join(told)}." if told else None
        changes = np.diff(values[: max(fitted, 2)])
        scale = float(np.abs(changes).mean()) if len(changes) else 0.0
        return (
            SeriesInputs(values=values, season=season, first=first, scale=scale or 1.0, known=known, past=past),
            remark,
        )


def _standardised(values: Floats, fitted: int) -> Floats:
    learned = values[: max(fitted, 1)]
    size = float(learned.std())
    return np.asarray((values - learned.mean()) / (size if size > 0 else 1.0))


@dataclass(frozen=True, slots=True)
class _Regressed:
    """Forecasts of a series, and the regression that made them.

    Attributes:
        values: shape (origins, horizon).
        asked: features of each forecast, shape (origins · horizon, features).
        usual: their mean in the rows learned from, shape (features,).
        predict: from features to forecasts less their level, in source units; None where nothing was learned.
        remark: why nothing was.
    """

    values: Floats
    asked: Floats
    usual: Floats
    predict: Callable[[Floats], Floats] | None
    remark: str | None = None

    def part(self, columns: slice) -> Floats:
        """The difference to forecasts with some features as usual, shape (origins, horizon)."""
        if self.predict is None:
            return np.zeros(self.values.shape)
        usual = self.asked.copy()
        usual[:, columns] = self.usual[columns]
        return (self.predict(self.asked) - self.predict(usual)).reshape(self.values.shape)


def _forecast_one(inputs: SeriesInputs, end: Ints, measured: Flags, horizon: int, learner: str) -> _Regressed:
    """The forecasts of a series; by its last season where it is too short to learn from.

    Parameters are estimated from the first values, as many as `measured` has; those that were not are no targets.
    """
    fitted, step = len(measured), np.arange(1, horizon + 1)
    asked, level = features(inputs, np.repeat(end, horizon), np.tile(step, len(end)), fitted)
    ends = np.arange(inputs.lead, fitted)
    apart = max(1, -(-len(ends) * horizon // _MOST_ROWS))
    ends = ends[(len(ends) - 1) % apart :: apart] if len(ends) else ends
    learned_end, learned_step = np.repeat(ends, horizon), np.tile(step, len(ends))
    has_target = learned_end + learned_step <= fitted
    has_target[has_target] = measured[(learned_end + learned_step - 1)[has_target]]
    learned_end, learned_step = learned_end[has_target], learned_step[has_target]
    if len(learned_end) < _ROWS_PER_FEATURE * asked.shape[1]:
        # The first feature is the value of a season before.
        seasonal = level + asked[:, 0] * inputs.scale
        too_short = "It is too short for a regression: forecast by its last season."
        return _Regressed(seasonal.reshape(len(end), horizon), asked, np.zeros(asked.shape[1]), None, too_short)
    X, base = features(inputs, learned_end, learned_step, fitted)
    y = (inputs.values[learned_end + learned_step - 1] - base) / inputs.scale
    made = fit_ridge(X, y, learned_end, learned_end + learned_step - 1) if learner == "ridge" else boosted(X, y)

    def predict(features: Floats) -> Floats:
        return np.asarray(made.predict(features)) * inputs.scale

    values = (level + predict(asked)).reshape(len(end), horizon)
    return _Regressed(values, asked, X.mean(axis=0), predict)


def boosted(X: Floats, y: Floats) -> Any:
    """Boosted trees, fitted some at a time, so that the call can be stopped in between.

    Args:
        X: features, shape (rows, features).
        y: targets, shape (rows,).

    Raises:
        CancelledError: the progress function of the call around this asked to stop.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    made = HistGradientBoostingRegressor(learning_rate=0.05, max_leaf_nodes=15, random_state=0, warm_start=True)
    for trees in range(_TREES_AT_ONCE, _TREES + 1, _TREES_AT_ONCE):
        checkpoint()
        made.set_params(max_iter=trees).fit(X, y)
        if made.n_iter_ < trees:  # more trees do not help
            break
    return made
