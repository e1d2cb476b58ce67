"""What an adapter is, what it is given and what it gives."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import InvalidInputError

GROUP = "enstorage.adapters"


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows of a preparation, in time order; arrays of shape (rows,).

    Attributes:
        times: int64 ns, start of the bucket or time of the event.
        values: float64 in the prepared scale; NaN where a row has no value (it could not be filled, or the first rows of a
            differenced series).
        position: index of the row in the snapshot; a jump means that rows between were dropped.
        part: 0 train, 1 valid, 2 test.
        needs_history: whether forecasts are turned back into source units from the last value known at their origin.
        what: the preparation, as messages name it.
    """

    times: NDArray[np.int64]
    values: NDArray[np.float64]
    position: NDArray[np.int64]
    part: NDArray[np.int8]
    needs_history: bool
    what: str


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples `[id, X, y]`, in time order.

    Attributes:
        id: int64 ns, time of the (first) target, shape (samples,).
        X: features, shape (samples, …).
        y: targets, shape (samples,) or (samples, horizon).
        part: 0 train, 1 valid, 2 test, the part of the targets, shape (samples,).
        origin: index of the last known row t in the preparation, shape (samples,); None for sets that come from none.
        target: index of the first target's row in the preparation, shape (samples,); None likewise.
        lost: how many samples were not built, by reason.
    """

    id: NDArray[np.int64]
    X: NDArray[Any]
    y: NDArray[Any]
    part: NDArray[np.int8]
    origin: NDArray[np.int64] | None
    target: NDArray[np.int64] | None
    lost: Mapping[str, int]


class Adapter(ABC):
    """Turns prepared rows into samples. Subclasses are frozen dataclasses, registered under `enstorage.adapters`."""

    #: The registered name.
    name: ClassVar[str]

    @abstractmethod
    def samples(self, prepared: Prepared) -> Samples:
        """The samples of the prepared rows. The same rows always give the same samples.

        Raises:
            InvalidInputError: no sample can be built; the message says what is too short.
        """

    def to_json(self) -> dict[str, Any]:
        """The name and the parameters."""
        return {"name": self.name, **asdict(self)}  # type: ignore[call-overload]

    def __str__(self) -> str:
        """Name and the parameters that differ from their defaults, such as `window lag 7`."""
        told = [field for field in fields(self) if getattr(self, field.name) != field.default]  # type: ignore[arg-type]
        return " ".join([self.name, *(f"{field.name} {getattr(self, field.name)}" for field in told)])

    @classmethod
    def from_json(cls, recipe: Mapping[str, Any]) -> Self:
        """The adapter of a recipe made by `to_json`."""
        return cls(**{key: value for key, value in recipe.items() if key != "name"})


def adapter_from_json(recipe: Mapping[str, Any]) -> Adapter:
    """The adapter of a stored recipe, found by its registered name.

    Raises:
        InvalidInputError: no such adapter is registered.
    """
    kind: type[Adapter] = plugins.load(GROUP, recipe["name"], "adapter")
    return kind.from_json(recipe)


def whole_number(owner: str, name: str, value: object, least: int) -> None:
    """Refuse what is not a whole number of at least `least`.

    Raises:
        InvalidInputError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InvalidInputError(f"The {name} of a {owner} is a whole number of at least {least}; received {value!r}.")
