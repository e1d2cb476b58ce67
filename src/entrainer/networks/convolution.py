"""Convolutional networks, put together from a list of layers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.networks.layer import Convolution, Dense, Dropout, Layer, Pooling, layer_from_json
from entrainer.networks.output import last_layer
from entrainer.networks.parameters import check_activation
from entrainer.networks.specification import NetworkSpec

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class _Convolutional(NetworkSpec):
    """Layers one after another, and a dense layer for the outputs.

    Attributes:
        layers: What comes before the outputs; values are laid flat before the first dense layer.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    layers: tuple[Layer, ...] = ()
    last_activation: str | None = None

    def __post_init__(self) -> None:
        given: Any = self.layers
        if not isinstance(given, list | tuple):
            self._refuse(given)
        object.__setattr__(self, "layers", tuple(map(self._layer, given)))
        kinds = [type(layer) for layer in self.layers]
        if Dense in kinds and {Convolution, Pooling} & set(kinds[kinds.index(Dense) :]):
            raise InvalidInputError(
                f"{type(self).__name__}'s layers have a convolution or pooling after a dense layer, which has left no axes "
                "to go along. Put the dense layers last."
            )
        check_activation(self, "last_activation", may_be_none=True)

    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build (rows, *shape) → the layers → flat → Dense(outputs)."""
        self.check_shape(shape)
        keras = load_keras()
        last = last_layer(keras, self, outputs, self.last_activation)
        layers = [keras.Input(shape)]
        if len(shape) == 1:
            layers.append(keras.layers.Reshape((*shape, 1)))
        now: tuple[int, ...] = (*shape, 1) if len(shape) == 1 else tuple(shape)
        for number, layer in enumerate(self.layers, start=1):
            after = layer.shape_after(now)
            if min(after) < 1:
                raise InvalidInputError(
                    f"Layer {number} of the network {self.name!r}, {layer}, does not fit into the shape {now} that reaches "
                    f"it from samples of shape {tuple(shape)}. Take larger samples, smaller kernels or less pooling."
                )
            layers += layer.make(keras, len(now) - 1)
            now = after
        flat = [keras.layers.Flatten()] if len(now) > 1 else []
        return keras.Sequential([*layers, *flat, last])

    def _layer(self, given: Any) -> Layer:
        if isinstance(given, Mapping):
            return layer_from_json(given)
        if not isinstance(given, Layer):
            self._refuse(given)
        return given

    def _refuse(self, given: Any) -> NoReturn:
        raise InvalidInputError(
            f"{type(self).__name__}'s layers have {given!r:.80}; expected a list of Convolution, Pooling, Dropout and Dense "
            "of entrainer.networks, or their JSON forms."
        )


@dataclass(frozen=True)
class CNN(_Convolutional):
    """A convolutional network for images, by default the small one for handwritten digits.

    Attributes:
        layers: What comes before the outputs; values are laid flat before the first dense layer.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "cnn"
    axes: ClassVar[tuple[int, ...]] = (3,)
    beside: ClassVar[int] = 1  # each has much to compute, and kernels of several members are slow to apply at once

    layers: tuple[Layer, ...] = (Convolution(32, 5), Pooling(2), Dropout(0.2), Dense(128))


@dataclass(frozen=True)
class Conv1D(_Convolutional):
    """A convolutional network along the time of a window; several series are its channels.

    Attributes:
        layers: What comes before the outputs; values are laid flat before the first dense layer.
        last_activation: Of the outputs; None takes the one that fits the targets of the data set.
    """

    name: ClassVar[str] = "conv1d"
    axes: ClassVar[tuple[int, ...]] = (1, 2)

    layers: tuple[Layer, ...] = (Convolution(32, 3), Pooling(2), Dense(32))
