"""entrainer trains stored models, whole groups as one compiled program, and predicts with them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from entrainer import local, networks
    from entrainer.experiments.backtest import backtest
    from entrainer.experiments.remake import Remade, remake
    from entrainer.experiments.tune import Proposal, Tuning, tune
    from entrainer.fitting.fit import fit
    from entrainer.fitting.recorder import Recorder
    from entrainer.forecasting.forecast import forecast
    from entrainer.forecasting.predict import predict
    from entrainer.settings.schedule import Schedule
    from entrainer.settings.training import EarlyStopping, Training
    from entrainer.tensorboard.write import write_tensorboard

__all__ = [
    "EarlyStopping",
    "Proposal",
    "Recorder",
    "Remade",
    "Schedule",
    "Training",
    "Tuning",
    "backtest",
    "evaluate",
    "fit",
    "forecast",
    "local",
    "networks",
    "predict",
    "remake",
    "tune",
    "write_tensorboard",
]

_HOME = {
    "EarlyStopping": "entrainer.settings.training",
    "Proposal": "entrainer.experiments.tune",
    "Recorder": "entrainer.fitting.recorder",
    "Remade": "entrainer.experiments.remake",
    "Schedule": "entrainer.settings.schedule",
    "Training": "entrainer.settings.training",
    "Tuning": "entrainer.experiments.tune",
    "backtest": "entrainer.experiments.backtest",
    "evaluate": "entrainer.forecasting.evaluate",
    "fit": "entrainer.fitting.fit",
    "forecast": "entrainer.forecasting.forecast",
    "predict": "entrainer.forecasting.predict",
    "remake": "entrainer.experiments.remake",
    "tune": "entrainer.experiments.tune",
    "write_tensorboard": "entrainer.tensorboard.write",
}


def __getattr__(name: str) -> Any:
    if name in ("local", "networks"):
        return import_module(f"entrainer.{name}")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'entrainer' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
