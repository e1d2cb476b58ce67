"""Specifications of untrained models: a name and parameters that can be stored as JSON."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.parameters.recipe import Recipe
from enstorage.plugins import Kind

if TYPE_CHECKING:
    import keras

    from entrainer.local.specification import LocalSpec
    from entrainer.networks.estimator import Estimator

NETWORK_SPECS = Kind(
    "enstorage.networks",
    "network",
    (
        "entrainer.networks.specification.NetworkSpec",
        "entrainer.networks.estimator.Estimator",
        "entrainer.local.specification.LocalSpec",
    ),
    is_named=True,
)


S = TypeVar("S")


@dataclass(frozen=True)
class Specification(Recipe):
    """A recipe for a model. Equal specifications make equal models; see `enstorage.parameters.recipe.Recipe`.

    Subclasses are registered as entry points `enstorage.networks` under their `name`.
    """


def register(specification: type[S]) -> type[S]:
    """Make a class of specifications known to this process, as a decorator in a notebook does it.

    Each program that opens its models has to call it, the children of a server too; so a package registers its classes as
    entry points `enstorage.networks`.

    Args:
        specification: the class, under its `name`.

    Raises:
        InvalidInputError: it is no such class, or its name is taken.
    """
    plugins.register(NETWORK_SPECS, getattr(specification, "name", ""), specification)
    return specification


@dataclass(frozen=True)
class NetworkSpec(Specification):
    """A recipe for a Keras model. Equal specs build equal architectures.

    Attributes:
        mixes_lags: True if members of different lag, equal in all other axes, can be trained as one program. Zeros
            appended to a sample's first axis, with zero rows of weights, must change no output and get no gradient.
        axes: Allowed numbers of axes of a sample: 1 for windows and texts, 2 for several series side by side, 3 for
            images.
        dropouts: Fields that are dropout rates: members that differ only in these are trained as one program.
        beside: Number of members that one program trains at once on a CPU; fewer if each member computes much.
    """

    mixes_lags: ClassVar[bool] = False
    axes: ClassVar[tuple[int, ...]] = (1,)
    dropouts: ClassVar[tuple[str, ...]] = ("dropout",)
    beside: ClassVar[int] = 12

    @abstractmethod
    def build(self, shape: tuple[int, ...], outputs: int = 1) -> "keras.Model":
        """Build the model with new weights.

        Args:
            shape: Shape of one sample of X: (lag,) of a window, (lag, series), (height, width, channels), (tokens,).
            outputs: Number of columns of y: the horizon, or the number of classes.

        Returns:
            A model from (rows, *shape) to (rows, outputs); any reshaping happens inside it.

        Raises:
            InvalidInputError: The network cannot be built for samples of that shape; the message names it.
        """

    def common(self) -> Self:
        """Return the spec that networks trained as one program share: every dropout rate above 0 becomes 0.5."""
        rates = {name: getattr(self, name) for name in self.dropouts if hasattr(self, name)}
        return replace(self, **{name: _half(rate) for name, rate in rates.items()})

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Check that a sample has an allowed number of axes, none of them empty.

        Raises:
            InvalidInputError: It has not; the message names the allowed shapes.
        """
        if len(shape) not in self.axes or min(shape) < 1:
            known = " or ".join(_SHAPES[axes] for axes in self.axes)
            raise InvalidInputError(
                f"The network {self.name!r} takes samples of shape {known}, each at least 1; received samples of shape "
                f"{tuple(shape)}. Make the data set with another adapter, or take another network."
            )


_SHAPES = {1: "(lag,)", 2: "(lag, series)", 3: "(height, width, channels)"}


def spec_from_json(data: Mapping[str, Any]) -> "NetworkSpec | Estimator | LocalSpec":
    """Make a specification from the result of `Specification.to_json`.

    Raises:
        InvalidInputError: The name is missing or unknown, or a parameter is unknown, missing or out of range.
        PluginError: The package that provides the network is broken.
    """
    if "name" not in data:
        raise InvalidInputError(
            f'The network has no name; expected for example {{"name": "lstm", "units": [8, 8]}}, received '
            f"{dict(data)!r:.80}. Add the name."
        )
    network: NetworkSpec | Estimator | LocalSpec = plugins.load(NETWORK_SPECS, data.get("name")).from_json(data)
    return network


def _half(rate: Any) -> Any:
    if isinstance(rate, tuple):
        return tuple(map(_half, rate))
    return 0.5 if rate else rate
