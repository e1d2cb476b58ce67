"""The models of statsforecast that can be named, and the forecasts of one series by such a model."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import MissingLibraryError
from enstorage.progress import checkpoint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Forecasts of h steps from n values further from the last value than 1 + this · h / n ranges of all values are not kept: of
#: M1 they were wrong by 5 to 20 times as much as those that took their place, and a trend goes h / n ranges.
MOST_RANGES = 2.0


@dataclass(frozen=True, slots=True)
class ModelKind:
    """One model of statsforecast.

    Attributes:
        options: names of the parameters of its constructor that may be given.
        is_seasonal: true if it takes the length of a season.
        gives_quantiles: true if it has a distribution of its own.
        seconds: rough time of fitting it to 100 monthly values.
        defaults: values of parameters that the library does not give.
        stand_in: model and its parameters for series without a season, where the model itself needs one.
        takes_several: true if it takes the lengths of several seasons.
        fewest: number of values below which estimating it takes seconds and says nothing: then it is `few`.
        few: model for fewer values.
    """

    options: tuple[str, ...] = ()
    is_seasonal: bool = True
    gives_quantiles: bool = True
    seconds: float = 0.01
    defaults: tuple[tuple[str, Any], ...] = ()
    stand_in: tuple[str, tuple[tuple[str, Any], ...]] | None = None
    takes_several: bool = False
    fewest: int = 0
    few: str = "DynamicOptimizedTheta"


_THETA = ("decomposition_type",)
_ARIMA = (
    *("d", "D", "max_p", "max_q", "max_P", "max_Q", "max_order", "max_d", "max_D", "start_p", "start_q", "start_P"),
    *("start_Q", "stationary", "seasonal", "ic", "stepwise", "nmodels", "approximation", "method", "truncate", "test"),
    *("seasonal_test", "allowdrift", "allowmean", "blambda", "biasadj"),
)
_INTERMITTENT = ModelKind(is_seasonal=False, gives_quantiles=False, seconds=0.0005)

KINDS: Mapping[str, ModelKind] = {
    "ADIDA": _INTERMITTENT,
    "AutoARIMA": ModelKind(_ARIMA, seconds=1.0),
    "AutoCES": ModelKind(("model",), seconds=0.03, fewest=12),
    "AutoETS": ModelKind(("model", "damped", "phi"), seconds=0.08),
    "AutoTheta": ModelKind(("model", *_THETA), seconds=0.02),
    "CrostonClassic": _INTERMITTENT,
    "CrostonOptimized": _INTERMITTENT,
    "CrostonSBA": _INTERMITTENT,
    "DynamicOptimizedTheta": ModelKind(_THETA),
    "DynamicTheta": ModelKind(_THETA),
    "Holt": ModelKind(("error_type",), is_seasonal=False),
    "HoltWinters": ModelKind(("error_type",), seconds=0.05, stand_in=("Holt", ())),
    "IMAPA": _INTERMITTENT,
    # Without a season MSTL is its model of the trend.
    "MSTL": ModelKind(seconds=0.03, stand_in=("AutoETS", (("model", "ZZN"),)), takes_several=True),
    "OptimizedTheta": ModelKind(_THETA),
    "SimpleExponentialSmoothing": ModelKind(
        ("alpha",), is_seasonal=False, gives_quantiles=False, seconds=0.0005, defaults=(("alpha", 0.1),)
    ),
    "SimpleExponentialSmoothingOptimized": _INTERMITTENT,
    "TSB": ModelKind(
        ("alpha_d", "alpha_p"),
        is_seasonal=False,
        gives_quantiles=False,
        seconds=0.0005,
        defaults=(("alpha_d", 0.1), ("alpha_p", 0.1)),
    ),
    "Theta": ModelKind(_THETA),
}
"""The models by their names in statsforecast."""


#: The module with the models, and rough processor seconds of loading it.
LIBRARY, SECONDS_TO_LOAD = "statsforecast.models", 2.0


class Request(NamedTuple):
    """A model and what it is to forecast; the same for all series.

    Attributes:
        model: its name.
        options: parameters of its constructor.
        horizon: number of steps.
        levels: of quantiles, each above 0 and below 1.
        longer: seasons beside that of the series, ascending.
        last: number of last values that it sees; None for all.
    """

    model: str
    options: Mapping[str, Any]
    horizon: int
    levels: tuple[float, ...]
    longer: tuple[int, ...] = ()
    last: int | None = None

    def seen(self, values: Floats) -> Floats:
        """The values that the model sees of those that are known."""
        return values if self.last is None else values[-self.last :]


class SeriesOrigins(NamedTuple):
    """The values of one series and the origins of its forecasts.

    Attributes:
        values: shape (values,).
        season: number of steps in a season, 1 for none.
        fitted: number of values from which parameters are estimated.
        known: number of values known at each origin, at least 1, shape (origins,).
    """

    values: Floats
    season: int
    fitted: int
    known: Ints


class Forecasts(NamedTuple):
    """The forecasts of one series.

    Attributes:
        values: shape (origins, 1 + levels, horizon): the point forecast, then the quantiles.
        remark: what was done instead of what was asked, and why; None if nothing.
    """

    values: Floats
    remark: str | None


def library_for(model: str) -> Any:
    """The module of statsforecast with the models.

    Raises:
        MissingLibraryError: it is not installed; the message names the model.
    """
    try:
        from statsforecast import models
    except ImportError as error:
        raise MissingLibraryError(
            f"The local model {model!r} needs the library {error.name!r}, which is not installed. Install it with: "
            'pip install "enstorage[statistical]"'
        ) from error
    return models


def make(model: str, options: Mapping[str, Any], season: int, longer: Sequence[int] = ()) -> Any:
    """A model that is not fitted; of a series without a season, its stand-in where it has one.

    Args:
        model: its name.
        options: parameters of its constructor.
        season: number of steps, 1 for none.
        longer: further seasons, for a model that takes several.

    Raises:
        MissingLibraryError: statsforecast is not installed.
    """
    models = library_for(model)
    stand_in = KINDS[model].stand_in
    if season == 1 and stand_in is not None:
        model, options = stand_in[0], dict(options) | dict(stand_in[1])
    given = dict(KINDS[model].defaults) | dict(options)
    if KINDS[model].is_seasonal:
        given["season_length"] = [season, *longer] if longer and season > 1 else season
    return getattr(models, model)(**given)


def forecast_one(wanted: Request, series: SeriesOrigins) -> Forecasts:
    """The forecasts of one series.

    The model is fitted once, to the first `fitted` values. Each origin's forecast is that of the fitted model after it has
    seen the values known there, without estimating again; a model that cannot do this, and is fast, is fitted to them.
    """
    wanted, remark = _for_few(wanted, series.fitted)
    season, without = _season(wanted, series)
    remark = remark or without
    fitted = None
    if series.fitted:
        fitted, reason = _fitted(wanted, wanted.seen(series.values[: series.fitted]), season)
        if fitted is None and season > 1:
            season = 1
            fitted, reason = _fitted(wanted, wanted.seen(series.values[: series.fitted]), season)
            remark = f"{wanted.model} cannot be fitted to its {series.fitted} values with a season: fitted without one."
        if fitted is None:
            remark = (
                f"{wanted.model} cannot be fitted to its {series.fitted} values ({reason}): forecast by its last value."
            )
    else:
        remark = (
            f"It has no value from which parameters may be estimated for {wanted.model}: forecast by its last value."
        )
    found = np.empty((len(series.known), 1 + len(wanted.levels), wanted.horizon))
    for place, known in enumerate(series.known.tolist()):
        checkpoint()
        values, is_fitted = wanted.seen(series.values[:known]), known == series.fitted
        own = None if fitted is None else _ahead(wanted, fitted, values, season, is_fitted=is_fitted)
        if own is None and fitted is not None:
            own, by = _by_other(wanted, series, values, season, is_fitted=is_fitted)
            if known >= series.fitted and remark is None:
                remark = (
                    f"{wanted.model} runs away, or is not finite, after its first {known} values: forecast by {by}."
                )
        found[place] = values[-1] if own is None else own
    return Forecasts(found, remark)


def _by_other(
    wanted: Request, series: SeriesOrigins, values: Floats, season: int, *, is_fitted: bool
) -> tuple[Floats | None, str]:
    """The forecasts of the model for few values, and its name, where those of a model cannot be kept."""
    other = wanted._replace(model=KINDS[wanted.model].few, options={}, longer=())
    if other.model != wanted.model:
        fitted, _ = _fitted(other, wanted.seen(series.values[: series.fitted]), season)
        own = None if fitted is None else _ahead(other, fitted, values, season, is_fitted=is_fitted)
        if own is not None:
            return own, other.model
    return None, "the last of them"


def _for_few(wanted: Request, fitted: int) -> tuple[Request, str | None]:
    """The request with the model for few values, and a remark, where it has one."""
    kind = KINDS[wanted.model]
    if not 0 < fitted < kind.fewest:
        return wanted, None
    remark = f"It has {fitted} values, and {wanted.model} needs {kind.fewest}: forecast by {kind.few}."
    return wanted._replace(model=kind.few, options={}), remark


def _season(wanted: Request, series: SeriesOrigins) -> tuple[int, str | None]:
    """The season to fit with, and a remark if that is none for a seasonal series."""
    if not KINDS[wanted.model].is_seasonal or series.season == 1:
        return 1, None
    if series.fitted >= 2 * series.season:
        return series.season, None
    return 1, (
        f"It has {series.fitted} values from which {wanted.model} may be estimated, fewer than two seasons of "
        f"{series.season}: fitted without a season."
    )


def _unfitted(wanted: Request, season: int, values: Floats) -> Any:
    """The model with the longer seasons that the values have twice."""
    longer = [each for each in wanted.longer if len(values) >= 2 * each]
    return make(wanted.model, wanted.options, season, longer)


def _fitted(wanted: Request, values: Floats, season: int) -> tuple[Any, str]:
    """The model fitted to values, or None and the reason."""
    made = _unfitted(wanted, season, values)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made.fit(values)
            finite = _is_finite(_asked(made.predict, wanted, h=wanted.horizon))
    except Exception as error:  # noqa: BLE001 - the library fails with errors of every kind; one series must not stop others
        return None, str(error).strip().splitlines()[0][:80] if str(error).strip() else type(error).__name__
    return (made, "") if finite else (None, "its forecasts are not finite")


def _ahead(wanted: Request, fitted: Any, values: Floats, season: int, *, is_fitted: bool) -> Floats | None:
    """The forecasts after some values, shape (1 + levels, horizon); None where there are none that are finite."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if is_fitted:
                found = _asked(fitted.predict, wanted, h=wanted.horizon)
                return found if _is_finite(found) and _is_near(found[0], values) else None
            if hasattr(fitted, "forward"):
                found = _asked(fitted.forward, wanted, y=values, h=wanted.horizon)
                if _is_near(found[0], values):  # some models run away with parameters of few values
                    return found if _is_finite(found) else None
            again = _unfitted(wanted, season, values).fit(values)
            found = _asked(again.predict, wanted, h=wanted.horizon)
    except Exception:  # noqa: BLE001 - as above
        return None
    return found if _is_finite(found) and _is_near(found[0], values) else None


def _asked(forecast: Any, wanted: Request, **given: Any) -> Floats:
    """Call a function of statsforecast; shape (1 + levels, horizon)."""
    sides = {level: (f"{'lo' if level < 0.5 else 'hi'}-", _coverage(level)) for level in wanted.levels}
    coverages = sorted({coverage for _, coverage in sides.values()})
    found = forecast(**given, **({"level": coverages} if coverages else {}))
    names = ["mean", *(f"{side}{coverage}" for side, coverage in sides.values())]
    return np.stack([np.asarray(found[name], np.float64) for name in names])


def _coverage(level: float) -> float:
    """The central interval, in per cent, one of whose ends is the quantile of a level."""
    coverage = round(abs(2 * level - 1) * 100, 10)
    return int(coverage) if coverage == int(coverage) else coverage


def _is_near(points: Floats, values: Floats) -> bool:
    """True if forecasts stay within some ranges of the values: others say nothing but that the model does not suit them."""
    spread = np.ptp(values) * (1 + MOST_RANGES * len(points) / len(values))
    return bool(spread == 0 or (np.abs(points - values[-1]) <= spread).all())


def _is_finite(found: Floats) -> bool:
    return bool(np.isfinite(found).all())
