"""A network: what a hidden layer makes of the sample, and the sample itself, are added."""

from dataclasses import dataclass
from typing import ClassVar

from entrainer.backend import load_keras
from entrainer.networks import NetworkSpec


@dataclass(frozen=True)
class TwoPaths(NetworkSpec):
    """A linear path beside a hidden layer of `units`."""

    name: ClassVar[str] = "two-paths"

    units: int = 3

    def build(self, shape, outputs=1):
        self.check_shape(shape)
        layers = load_keras().layers
        given = load_keras().Input(shape)
        hidden = layers.Dense(self.units, "tanh")(given)
        return load_keras().Model(given, layers.Add()([layers.Dense(outputs)(hidden), layers.Dense(outputs)(given)]))
