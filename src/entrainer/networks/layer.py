"""The layers of convolutional networks, as specifications from which Keras layers are made."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.parameters.described import Described, check_choice, check_rate, check_size
from entrainer.networks.looped import convolve_by_product, pool_by_shape
from entrainer.networks.parameters import check_activation


@dataclass(frozen=True)
class Layer(Described, ABC):
    """One layer of a network, with its JSON form."""

    name_key: ClassVar[str | None] = "layer"

    @abstractmethod
    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample after the layer; a length below 1 means that the layer does not fit."""

    @abstractmethod
    def make(self, keras: Any, axes: int) -> list[Any]:
        """Make the Keras layers, for samples with this number of axes besides the channels."""


@dataclass(frozen=True)
class Convolution(Layer):
    """A convolution with a kernel of the same length along every axis, and an activation.

    Attributes:
        filters: Number of output channels, at least 1.
        size: Length of the kernel, at least 1.
        padding: `same` keeps the lengths of the axes; `valid` reduces each length by size − 1.
        activation: Of the outputs.
    """

    name: ClassVar[str] = "convolution"

    filters: int
    size: int = 3
    padding: str = "valid"
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_size(self, "filters")
        check_size(self, "size")
        check_choice(self, "padding", ("valid", "same"))
        check_activation(self, "activation")

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """See `Layer.shape_after`."""
        lost = self.size - 1 if self.padding == "valid" else 0
        return (*(length - lost for length in shape[:-1]), self.filters)

    def make(self, keras: Any, axes: int) -> list[Any]:
        """See `Layer.make`."""
        kind = getattr(keras.layers, f"Conv{axes}D")
        layer = kind(self.filters, self.size, padding=self.padding, activation=self.activation)
        convolve_by_product(keras, layer)
        return [layer]


@dataclass(frozen=True)
class Pooling(Layer):
    """Pooling: the maximum or the average of each window.

    Attributes:
        size: Length of the window along every axis, at least 1; an incomplete window at the end is not read.
        of: `max` or `average`.
    """

    name: ClassVar[str] = "pooling"

    size: int = 2
    of: str = "max"

    def __post_init__(self) -> None:
        check_size(self, "size")
        check_choice(self, "of", ("max", "average"))

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """See `Layer.shape_after`."""
        return (*(length // self.size for length in shape[:-1]), shape[-1])

    def make(self, keras: Any, axes: int) -> list[Any]:
        """See `Layer.make`."""
        layer = getattr(keras.layers, f"{self.of.capitalize()}Pooling{axes}D")(self.size)
        pool_by_shape(keras, layer)
        return [layer]


@dataclass(frozen=True)
class Dropout(Layer):
    """Dropout of a part of the values during training.

    Attributes:
        rate: The part that is dropped, 0 <= rate < 1.
    """

    name: ClassVar[str] = "dropout"

    rate: float

    def __post_init__(self) -> None:
        check_rate(self, "rate")

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """See `Layer.shape_after`."""
        return shape

    def make(self, keras: Any, axes: int) -> list[Any]:  # noqa: ARG002 - the same for all
        """See `Layer.make`."""
        return [keras.layers.Dropout(self.rate)]


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer over all values, and an activation.

    Attributes:
        units: Number of units, at least 1.
        activation: Of the outputs.
    """

    name: ClassVar[str] = "dense"

    units: int
    activation: str = "relu"

    def __post_init__(self) -> None:
        check_size(self, "units")
        check_activation(self, "activation")

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:  # noqa: ARG002 - the same for all
        """See `Layer.shape_after`."""
        return (self.units,)

    def make(self, keras: Any, axes: int) -> list[Any]:
        """See `Layer.make`."""
        flat = [keras.layers.Flatten()] if axes else []
        return [*flat, keras.layers.Dense(self.units, self.activation)]


LAYERS: dict[str, type[Layer]] = {layer.name: layer for layer in (Convolution, Pooling, Dropout, Dense)}
"""All layers, by the name under which they are stored."""


def layer_from_json(data: Mapping[str, Any]) -> Layer:
    """Make a layer from the result of `Layer.to_json`.

    Raises:
        InvalidInputError: The kind is unknown, or a parameter is unknown, missing or out of range.
    """
    kind = data.get("layer")
    if not isinstance(kind, str) or kind not in LAYERS:
        raise InvalidInputError(f"No layer is called {kind!r}. Known: {', '.join(LAYERS)}.")
    return LAYERS[kind].from_json(data)
