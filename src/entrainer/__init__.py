"""entrainer trains stored models, whole groups as one compiled program, and predicts with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrainer import networks
    from entrainer.backtesting import backtest
    from entrainer.board import write_tensorboard
    from entrainer.fitting import fit
    from entrainer.forecasting import forecast
    from entrainer.prediction import predict
    from entrainer.recorder import Recorder
    from entrainer.remaking import Remade, remake
    from entrainer.schedule import Schedule
    from entrainer.training import EarlyStopping, Training
    from entrainer.tuning import Proposal, Tuning, tune

__all__ = [
    "EarlyStopping",
    "Proposal",
    "Recorder",
    "Remade",
    "Schedule",
    "Training",
    "Tuning",
    "backtest",
    "fit",
    "forecast",
    "networks",
    "predict",
    "remake",
    "tune",
    "write_tensorboard",
]

_HOME = {
    "EarlyStopping": "entrainer.training",
    "Proposal": "entrainer.tuning",
    "Recorder": "entrainer.recorder",
    "Remade": "entrainer.remaking",
    "Schedule": "entrainer.schedule",
    "Training": "entrainer.training",
    "Tuning": "entrainer.tuning",
    "backtest": "entrainer.backtesting",
    "fit": "entrainer.fitting",
    "forecast": "entrainer.forecasting",
    "predict": "entrainer.prediction",
    "remake": "entrainer.remaking",
    "tune": "entrainer.tuning",
    "write_tensorboard": "entrainer.board",
}


def __getattr__(name: str) -> Any:
    if name == "networks":
        return import_module("entrainer.networks")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'entrainer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
