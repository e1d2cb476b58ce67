"""Settings of a training: those that are not part of its architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import LOSSES
from enstorage.parameters.described import Described, check_choice, check_number, check_size, refuse
from entrainer.settings.losses import PINBALL
from entrainer.settings.metrics import METRICS
from entrainer.settings.schedule import CONSTANT, Schedule

OPTIMIZERS: dict[str, tuple[str, ...]] = {
    "rmsprop": ("rho", "momentum", "epsilon", "centered"),
    "adam": ("beta_1", "beta_2", "epsilon", "amsgrad"),
    "adamw": ("beta_1", "beta_2", "epsilon", "amsgrad", "weight_decay"),
    "nadam": ("beta_1", "beta_2", "epsilon"),
    "adamax": ("beta_1", "beta_2", "epsilon"),
    "adagrad": ("initial_accumulator_value", "epsilon"),
    "adadelta": ("rho", "epsilon"),
    "sgd": ("momentum", "nesterov"),
    "lion": ("beta_1", "beta_2"),
}
"""The optimisers a network can be trained with, by their Keras names, and the options of each."""


@dataclass(frozen=True)
class EarlyStopping(Described):
    """Early stopping: a member stops before its last epoch when the loss on its valid rows no longer falls.

    For members without valid rows the loss on train rows counts. The weights of the best epoch are kept in any case.

    Attributes:
        patience: Epochs without a better loss after which a member stops, at least 1.
        min_delta: How much lower a loss has to be to count as better, 0 or more.
    """

    patience: int = 10
    min_delta: float = 0.0

    def __post_init__(self) -> None:
        check_size(self, "patience")
        check_number(self, "min_delta", 0)


@dataclass(frozen=True)
class Training(Described):
    """Settings of one training. Members whose settings differ in the learning rate alone are trained together.

    Attributes:
        epochs: Passes over all rows, at least 1.
        batch_size: Rows per step of the optimiser, at least 1; the last batch of an epoch may be smaller.
        loss: Its name, such as `mse` or `huber`, of `enstorage.metrics.catalogue.LOSSES`; averaged over the rows of a batch.
        optimizer: Its name, such as `adam`, of `OPTIMIZERS`.
        optimizer_options: Options of the optimiser, such as `{"momentum": 0.9, "nesterov": True}`.
        learning_rate: Above 0; None takes the optimiser's own default.
        schedule: How the learning rate changes with time; by default it does not.
        shuffle: Whether every epoch takes the rows in a new order.
        quantiles: With the loss `pinball`, the quantiles that are forecast, ascending, among them 0.5.
        early_stopping: When a member stops before its last epoch; None for never.
        clip_norm: Gradients are scaled down to at most this norm, taken over all weights; None for not at all.
        clip_value: Each element of a gradient is cut off at plus and minus this; None for not at all.
        metrics: Of `entrainer.settings.metrics.METRICS`, such as `("accuracy",)`: curves and facts beside the loss, of the
            train rows and as `valid_…` of the valid rows, dropout off, in the prepared scale; none with quantiles.
    """

    nested: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
        "schedule": Schedule.from_json,
        "early_stopping": EarlyStopping.from_json,
    }

    epochs: int = 200
    batch_size: int = 32
    loss: str = "mse"
    optimizer: str = "rmsprop"
    optimizer_options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    learning_rate: float | None = None
    schedule: Schedule = CONSTANT
    shuffle: bool = True
    quantiles: tuple[float, ...] = ()
    early_stopping: EarlyStopping | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    metrics: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_size(self, "epochs")
        check_size(self, "batch_size")
        check_choice(self, "loss", LOSSES)
        check_choice(self, "optimizer", OPTIMIZERS)
        for name in ("learning_rate", "clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                check_number(self, name, 0, above=True)
        if self.clip_norm is not None and self.clip_value is not None:
            raise InvalidInputError("Training has a clip_norm and a clip_value; expected one of them. Leave one out.")
        if type(self.shuffle) is not bool:
            raise InvalidInputError(f"Training: shuffle is {self.shuffle!r}; expected True or False.")
        self._check_options()
        self._check_quantiles()
        self._check_metrics()

    def together(self) -> "Training":
        """The settings that members have in common when they are trained together."""
        return replace(self, learning_rate=None)

    def outputs(self, targets: int) -> int:
        """The number of outputs that a network needs for a number of columns of y."""
        return targets * max(1, len(self.quantiles))

    def _check_options(self) -> None:
        known = OPTIMIZERS[self.optimizer]
        given = self.optimizer_options
        if not isinstance(given, Mapping) or (strange := sorted(set(given) - set(known))):
            raise InvalidInputError(
                f"Training: optimizer_options are {given!r}; {self.optimizer} takes {', '.join(known)}. "
                + (f"Leave out {', '.join(strange)}." if isinstance(given, Mapping) else "Give a dictionary.")
            )
        for name, value in given.items():
            if type(value) not in (int, float, bool) or not abs(value) < float("inf"):
                raise InvalidInputError(
                    f"Training's optimizer_options have {name} = {value!r}; expected a finite number, or True or False."
                )
        object.__setattr__(self, "optimizer_options", dict(given))

    def _check_metrics(self) -> None:
        given = self.metrics
        if not isinstance(given, list | tuple) or not all(each in METRICS for each in given):
            refuse(self, "metrics", f"some of: {', '.join(METRICS)}")
        if given and self.quantiles:
            raise InvalidInputError("Training has metrics and quantiles; expected one of them. Leave one out.")
        object.__setattr__(self, "metrics", tuple(given))

    def _check_quantiles(self) -> None:
        given = self.quantiles
        quantiles = tuple(given) if isinstance(given, list | tuple) else ()
        fit = all(type(each) is float and 0 < each < 1 for each in quantiles) and list(quantiles) == sorted(
            set(quantiles)
        )
        if not fit or not isinstance(given, list | tuple) or (quantiles and 0.5 not in quantiles):
            raise InvalidInputError(
                f"Training: quantiles are {given!r}; expected numbers between 0 and 1 that ascend, among them 0.5, which "
                "is the point forecast: such as (0.1, 0.5, 0.9)."
            )
        if bool(quantiles) != (self.loss == PINBALL):
            raise InvalidInputError(
                f"Training has the loss {self.loss!r} and the quantiles {list(quantiles)}; the loss {PINBALL!r} needs "
                "quantiles, and quantiles need it. Give both or neither."
            )
        object.__setattr__(self, "quantiles", quantiles)
