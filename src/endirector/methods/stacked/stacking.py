"""Stacking: a metamodel on forecasts of rows that the members were not trained on (Wolpert 1992)."""

from dataclasses import dataclass

from endirector.methods.stacked.blending import Blending
from enstorage.entity.forecast import OUT_OF_FOLD


@dataclass(frozen=True)
class Stacking(Blending):
    """Blending on out-of-fold rows, as `entrainer.backtest` makes them from rolling origins."""

    name = "stacking"
    fit_on = OUT_OF_FOLD
