"""endirector builds ensembles from stored models: aligns their forecasts, combines them, says how honest the fit is."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from endirector.alignment import Alignment, align
    from endirector.conductor import Conductor
    from endirector.diagnosis import diagnose
    from endirector.forecasting import forecast
    from endirector.forming import Choice, form
    from endirector.intervals import calibrate
    from endirector.methods.base import Combination, Fitting, Method, Rows
    from endirector.methods.parameters import Parameter
    from endirector.remaking import Remaking, remake
    from endirector.reporting import Report, report
    from endirector.stored import what_if
    from endirector.verifying import Verification

__all__ = [
    "Alignment",
    "Choice",
    "Combination",
    "Conductor",
    "Fitting",
    "Method",
    "Parameter",
    "Remaking",
    "Report",
    "Rows",
    "Verification",
    "align",
    "calibrate",
    "diagnose",
    "forecast",
    "form",
    "remake",
    "report",
    "what_if",
]

_HOME = {
    "Alignment": "endirector.alignment",
    "align": "endirector.alignment",
    "calibrate": "endirector.intervals",
    "Choice": "endirector.forming",
    "Combination": "endirector.methods.base",
    "Conductor": "endirector.conductor",
    "diagnose": "endirector.diagnosis",
    "Fitting": "endirector.methods.base",
    "forecast": "endirector.forecasting",
    "Method": "endirector.methods.base",
    "Parameter": "endirector.methods.parameters",
    "Remaking": "endirector.remaking",
    "Report": "endirector.reporting",
    "report": "endirector.reporting",
    "Rows": "endirector.methods.base",
    "Verification": "endirector.verifying",
    "form": "endirector.forming",
    "remake": "endirector.remaking",
    "what_if": "endirector.stored",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'endirector' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
