"""The arguments that fit, backtest and tune have in common."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, ModelId
from enstorage import Connector
from enstorage.errors import EnstorageError, InvalidInputError

if TYPE_CHECKING:
    from enstorage import Model
    from entrainer import Training

Settings = Annotated[
    dict[str, Any],
    Field(
        default_factory=dict,
        description="Settings of the training, such as epochs, batch_size, learning_rate, loss, early_stopping.",
    ),
]
Seeds = Annotated[
    int | list[int], Field(description="Of initial weights and shuffling: one for all, or one for each model.")
]
#: So many names stand in the title of a run.
_SHOWN = 5


class TrainingArguments(Arguments):
    """Models and how they are trained."""

    models: Annotated[list[ModelId], Field(min_length=1, max_length=10_000, description="Ids of the models.")]
    training: Settings
    seeds: Seeds = 0

    def subject(self) -> str:
        """The ids of the first models."""
        more = f" and {len(self.models) - _SHOWN} more" if len(self.models) > _SHOWN else ""
        return ", ".join(map(str, self.models[:_SHOWN])) + more


def training_class() -> "type[Training]":
    """The class that describes the settings."""
    from entrainer import Training

    return Training


#: The arguments of these kinds that a class describes.
PARTS = {"training": training_class}


def models_of(arguments: TrainingArguments, connector: Connector) -> "Sequence[Model]":
    """The models that are trained."""
    from enstorage import Model

    return Model.get_list(arguments.models, connector=connector)


def read_training(settings: dict[str, Any]) -> "Training":
    """The settings of a training.

    Raises:
        InvalidInputError: they are none; `field` is "training".
    """
    from entrainer import Training

    try:
        return Training.from_json(settings)
    except EnstorageError as error:
        raise InvalidInputError(str(error), field="training") from error


def check_training(arguments: TrainingArguments, connector: Connector) -> None:
    """Raise an error for models that are not stored, and for settings that are none."""
    models_of(arguments, connector)
    read_training(arguments.training)
