"""Models without weights, and the initial weights of many networks, drawn by the initialisers of the layers."""

import copy
import json
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from enstorage.errors import UntrustedError
from enstorage.formats.keras import refuse_strange
from entrainer.compiled.dropout import sites
from entrainer.keras_internals import layers_of, non_trainable_variables_of

if TYPE_CHECKING:
    import keras

    from entrainer.networks.specification import NetworkSpec

Shape = tuple[int, ...]

_WEIGHTS_AT_ONCE = 1_000_000


def blank_model(network: "NetworkSpec", shape: Shape, outputs: int) -> "keras.Model":
    """Build a model without drawing its weights: its variables have shapes but no values yet.

    Building under `jax.eval_shape` traces the initialisers instead of compiling and running each, which takes seconds.
    The model may be called statelessly, or used as usual once every variable has been assigned.
    """
    built: list[Any] = []

    def build() -> None:
        built.append(network.build(shape, outputs))

    jax.eval_shape(build)
    return built[0]


def seed_states(model: "keras.Model") -> list[Any]:
    """The variables that hold the state of a layer's random numbers, in the order of `non_trainable_variables`."""
    weights = {id(weight) for weight in model.weights}
    return [variable for variable in model.non_trainable_variables if id(variable) not in weights]


class Blueprint(NamedTuple):
    """Facts about a model of a network before it is trained.

    Attributes:
        shapes: Shapes of its weights, in the order of `keras.Model.weights`.
        paths: Keras paths of its weights.
        trained: For each weight, true if it is trained.
        dropout: Its dropout rates, in the order of `entrainer.compiled.dropout.sites`.
        alone: The reason why it cannot be trained in a group; None if it can.
        strange: The reason why the trained model could not be stored as data; None if it can.
        beside: Number of members that one program trains at once on a CPU, so that their weights stay in its cache.
    """

    shapes: tuple[Shape, ...]
    paths: tuple[str, ...]
    trained: tuple[bool, ...]
    dropout: tuple[float, ...]
    alone: str | None
    strange: str | None
    beside: int


@lru_cache(maxsize=1024)
def blueprint(network: "NetworkSpec", shape: Shape, outputs: int) -> Blueprint:
    """The blueprint of a network for samples of a shape."""
    model = blank_model(network, shape, outputs)
    return Blueprint(
        tuple(tuple(weight.shape) for weight in model.weights),
        tuple(weight.path for weight in model.weights),
        tuple(weight.trainable for weight in model.weights),
        tuple(float(getattr(owner, name)) for owner, name in sites(model)),
        _reason_alone(model),
        _reason_strange(model),
        max(1, min(network.beside, _WEIGHTS_AT_ONCE // max(1, model.count_params()))),
    )


def _reason_strange(model: "keras.Model") -> str | None:
    try:
        refuse_strange(json.loads(model.to_json()))
    except UntrustedError as error:
        return str(error)
    return None


def _reason_alone(model: "keras.Model") -> str | None:
    moving = [
        weight.path
        for layer in layers_of(model)
        if layer.trainable
        for weight in non_trainable_variables_of(layer)
        if any(weight is own for own in model.weights)
    ]
    if moving:
        return (
            f"It has weights without gradients ({', '.join(moving)}), such as those of BatchNormalization; "
            "the padding rows in the batches of a group would change them."
        )
    owners = _owners(model)
    unknown = [each for each in model.weights if _initializer(owners[id(each)], each) is None]
    if unknown:
        names = ", ".join(f"{each.name}_initializer of {owners[id(each)].name}" for each in unknown)
        return f"The initialisers of its weights are not known: the attributes {names} are missing."
    return None


def draw_weights(network: "NetworkSpec", shapes: tuple[Shape, ...], outputs: int, keys: jax.Array) -> list[jax.Array]:
    """Draw the initial weights of every member, each for its own shape and from its own random key.

    Args:
        network: The common architecture.
        shapes: Shape of a sample of each member.
        outputs: Number of output columns.
        keys: One random key per member, shape (members,).

    Returns:
        For each weight an array (members, *shape for the largest sample), padded with zeros for smaller samples.
    """
    import scipy.linalg  # noqa: F401  JAX uses its LAPACK; only loaded libraries can be limited
    from threadpoolctl import threadpool_limits

    # Orthogonal kernels are small QR decompositions. Several threads of BLAS would wait for each other hundreds of times
    # in each: on two busy cores 48 members took 1 to 14 s, and 0.2 s by one thread.
    with threadpool_limits(1, user_api="blas"):
        return [each.block_until_ready() for each in _draw_together(network, shapes, outputs, keys)]


# The program runs once, so fast compilation matters more than fast execution.
@partial(
    jax.jit,
    static_argnames=("network", "shapes", "outputs"),
    compiler_options={"xla_backend_optimization_level": 1},
)
def _draw_together(network: "NetworkSpec", shapes: tuple[Shape, ...], outputs: int, keys: jax.Array) -> list[jax.Array]:
    models = {shape: network.build(shape, outputs) for shape in sorted(set(shapes))}
    owners = {shape: _owners(model) for shape, model in models.items()}
    stacks = []
    for index, largest in enumerate(models[max(shapes)].weights):
        stack = jnp.zeros((len(shapes), *largest.shape), largest.dtype)
        for size, shape, members in _by_size([(models[shape].weights[index].shape, shape) for shape in shapes]):
            variable = models[shape].weights[index]
            draw = partial(_draw, owners[shape][id(variable)], variable, index)
            # One member after the other: batched QR decompositions that run beside each other can wait for each other's
            # threads without end on a CPU.
            drawn = jax.lax.map(draw, keys[members])
            stack = stack.at[(members, *map(slice, size))].set(drawn)
        stacks.append(stack)
    return stacks


def _by_size(sizes: Sequence[tuple[Shape, Shape]]) -> list[tuple[Shape, Shape, "np.ndarray[Any, Any]"]]:
    """Group members by the size of a weight, each group with the sample shape of its first member."""
    groups: dict[Shape, list[int]] = {}
    for member, (size, _) in enumerate(sizes):
        groups.setdefault(tuple(size), []).append(member)
    return [(size, sizes[members[0]][1], np.array(members)) for size, members in groups.items()]


def _owners(model: "keras.Model") -> dict[int, Any]:
    """The innermost layer of each variable; layers come before the ones inside them."""
    return {id(variable): layer for layer in layers_of(model) for variable in layer.weights}


def _initializer(layer: Any, variable: Any) -> Any:
    names = (f"{variable.name}_initializer", f"{variable.name.removesuffix('_kernel')}_initializer")
    return next((getattr(layer, name) for name in names if hasattr(layer, name)), None)


def _draw(layer: Any, variable: Any, index: int, key: jax.Array) -> Any:
    found = _initializer(layer, variable)
    if not hasattr(found, "seed"):
        return variable.value  # the same for every seed: zeros, ones, a forget gate's bias
    initializer = copy.copy(found)
    initializer.seed = jax.random.fold_in(key, index)
    return initializer(variable.shape, dtype=variable.dtype)
