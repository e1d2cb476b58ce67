"""Learning-rate schedules: the factor of the learning rate at each step of the optimiser."""

from dataclasses import dataclass
from typing import Any

from enstorage.parameters.described import Described, check_choice, check_number, check_size

KINDS = ("constant", "time", "exponential", "steps", "cosine")


@dataclass(frozen=True)
class Schedule(Described):
    """A schedule of the learning rate.

    Attributes:
        kind: `constant`; `time`: 1 / (1 + rate · steps done), which the sources call decay; `exponential`: rate to the
            power of the epochs done; `steps`: times rate after every `every` epochs; `cosine`: half a cosine wave from 1
            down to rate over all epochs.
        rate: See the kinds; 0 or more.
        every: Epochs between two changes of `steps`.
        warmup: Epochs over which the learning rate rises from 0 in equal steps before, 0 for none.
    """

    kind: str = "constant"
    rate: float = 0.0
    every: int = 1
    warmup: int = 0

    def __post_init__(self) -> None:
        check_choice(self, "kind", KINDS)
        check_number(self, "rate", 0)
        check_size(self, "every")
        check_size(self, "warmup", 0)

    def factor(self, step: Any, steps_an_epoch: Any, epochs: int) -> Any:
        """The factor of the learning rate.

        Args:
            step: Steps of the optimiser done, a number or an array of JAX or NumPy.
            steps_an_epoch: Steps of one epoch.
            epochs: Of the whole training.
        """
        import jax.numpy as jnp

        epoch = step // steps_an_epoch
        match self.kind:
            case "time":
                factor = 1 / (1 + self.rate * step)
            case "exponential":
                factor = self.rate ** (epoch * 1.0)
            case "steps":
                factor = self.rate ** (epoch // self.every * 1.0)
            case "cosine":
                done = jnp.minimum(step / (steps_an_epoch * epochs), 1.0)
                factor = self.rate + (1 - self.rate) * (1 + jnp.cos(jnp.pi * done)) / 2
            case _:
                factor = 1.0
        if self.warmup:
            factor = factor * jnp.minimum((step + 1) / (steps_an_epoch * self.warmup), 1.0)
        return factor


CONSTANT = Schedule()
"""The learning rate stays as it is."""
