"""endirector builds ensembles from stored models: aligns and combines their forecasts, and marks leakage into the fit."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from endirector.alignment.align import Alignment, align
    from endirector.combination.what_if import what_if
    from endirector.forecaster.autoforecast import autoforecast
    from endirector.forecaster.results.result import AutoForecast
    from endirector.forecaster.understanding.understand import understand
    from endirector.forecaster.understanding.understanding import Understanding
    from endirector.forecasting.calibrate import calibrate
    from endirector.forecasting.forecast import forecast
    from endirector.methods.base import Combination, Fitting, Method, Rows, TargetTimes
    from endirector.rendering.conductor import Conductor
    from endirector.rendering.leaderboard import Leaderboard, leaderboard
    from endirector.rendering.remake import Remaking, remake
    from endirector.rendering.verify import Verification
    from endirector.reporting.report import Report, report
    from endirector.selection.diagnose import diagnose
    from endirector.selection.form import Choice, form

__all__ = [
    "Alignment",
    "AutoForecast",
    "Choice",
    "Combination",
    "Conductor",
    "Fitting",
    "Leaderboard",
    "Method",
    "Remaking",
    "Report",
    "Rows",
    "TargetTimes",
    "Understanding",
    "Verification",
    "align",
    "autoforecast",
    "calibrate",
    "contributions",
    "diagnose",
    "forecast",
    "form",
    "leaderboard",
    "remake",
    "report",
    "understand",
    "what_if",
]

_HOME = {
    "Alignment": "endirector.alignment.align",
    "align": "endirector.alignment.align",
    "AutoForecast": "endirector.forecaster.results.result",
    "autoforecast": "endirector.forecaster.autoforecast",
    "calibrate": "endirector.forecasting.calibrate",
    "Choice": "endirector.selection.form",
    "Combination": "endirector.methods.base",
    "contributions": "endirector.forecasting.contributions",
    "Conductor": "endirector.rendering.conductor",
    "diagnose": "endirector.selection.diagnose",
    "Fitting": "endirector.methods.base",
    "forecast": "endirector.forecasting.forecast",
    "Leaderboard": "endirector.rendering.leaderboard",
    "leaderboard": "endirector.rendering.leaderboard",
    "Method": "endirector.methods.base",
    "Remaking": "endirector.rendering.remake",
    "Report": "endirector.reporting.report",
    "report": "endirector.reporting.report",
    "Rows": "endirector.methods.base",
    "TargetTimes": "endirector.methods.base",
    "Verification": "endirector.rendering.verify",
    "form": "endirector.selection.form",
    "remake": "endirector.rendering.remake",
    "understand": "endirector.forecaster.understanding.understand",
    "Understanding": "endirector.forecaster.understanding.understanding",
    "what_if": "endirector.combination.what_if",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'endirector' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
