"""Initial weights of many networks at once, drawn by the layers' own initialisers."""

import copy
from collections.abc import Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

from enstorage.errors import NotSupportedError

if TYPE_CHECKING:
    import keras

    from entrainer.spec import NetworkSpec


def blank_model(network: "NetworkSpec", features: int, outputs: int) -> "keras.Model":
    """Builds a model without drawing its weights: its variables have shapes but no values yet.

    Building under `jax.eval_shape` traces the initialisers instead of compiling and running each, which takes seconds.
    The model may be called statelessly, or used as usual once every variable has been assigned.

    Raises:
        NotSupportedError: The network keeps weights that are not trained by gradient, such as moving averages.
    """
    built: list[Any] = []

    def build() -> None:
        built.append(network.build((features,), outputs))

    jax.eval_shape(build)
    model = built[0]
    if still := [weight.path for weight in model.weights if not weight.trainable]:
        raise NotSupportedError(
            f"The network {network.name!r} keeps weights that no gradient trains ({', '.join(still)}); padded rows "
            "would change them. Train it by itself, or leave such layers (BatchNormalization) out."
        )
    return model


@lru_cache(maxsize=256)
def weight_shapes(network: "NetworkSpec", features: int, outputs: int) -> tuple[tuple[int, ...], ...]:
    """Shapes of the model's weights, in the order of `keras.Model.get_weights`."""
    return tuple(tuple(weight.shape) for weight in blank_model(network, features, outputs).weights)


# Run once, so compiling it fast matters more than running it fast.
@partial(
    jax.jit,
    static_argnames=("network", "lags", "outputs"),
    compiler_options={"xla_backend_optimization_level": 0},
)
def draw_weights(network: "NetworkSpec", lags: tuple[int, ...], outputs: int, keys: jax.Array) -> list[jax.Array]:
    """Draws the initial weights of every member, each at its own lag and from its own key alone.

    Args:
        network: The common architecture.
        lags: Columns of X of each member.
        outputs: Columns of y.
        keys: One random key per member, shape (members,).

    Returns:
        Per weight an array (members, *shape at the longest lag); what a shorter lag leaves over is zero.
    """
    models = {lag: network.build((lag,), outputs) for lag in sorted(set(lags))}
    owners = {lag: _owners(model) for lag, model in models.items()}
    stacks = []
    for index, longest in enumerate(models[max(lags)].weights):
        stack = jnp.zeros((len(lags), *longest.shape), longest.dtype)
        for shape, lag, members in _by_shape([(models[lag].weights[index].shape, lag) for lag in lags]):
            variable = models[lag].weights[index]
            draw = partial(_draw, owners[lag][id(variable)], variable, index)
            # One member after the other: batched QR decompositions (orthogonal kernels) that run beside each other wait
            # for each other's threads for ever on a CPU.
            drawn = jax.lax.map(draw, keys[members])
            stack = stack.at[(members, *map(slice, shape))].set(drawn)
        stacks.append(stack)
    return stacks


def _by_shape(
    shapes: Sequence[tuple[tuple[int, ...], int]],
) -> list[tuple[tuple[int, ...], int, "np.ndarray[Any, Any]"]]:
    """Members that share a shape, with the lag of one of them: most weights do not depend on the lag."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for member, (shape, _) in enumerate(shapes):
        groups.setdefault(shape, []).append(member)
    return [(shape, shapes[members[0]][1], np.array(members)) for shape, members in groups.items()]


def _owners(model: "keras.Model") -> dict[int, Any]:
    """The innermost layer of each variable; layers come before the ones inside them."""
    return {id(variable): layer for layer in model._flatten_layers() for variable in layer.weights}


def _draw(layer: Any, variable: Any, index: int, key: jax.Array) -> Any:
    names = (f"{variable.name}_initializer", f"{variable.name.removesuffix('_kernel')}_initializer")
    found = next((getattr(layer, name) for name in names if hasattr(layer, name)), None)
    if found is None:
        raise NotSupportedError(
            f"Layer {layer.name!r} does not say how its weight {variable.name!r} is drawn. "
            f"Give the layer the attribute {names[0]!r}."
        )
    if not hasattr(found, "seed"):
        return variable.value  # the same for every seed: zeros, ones, a forget gate's bias
    initializer = copy.copy(found)
    initializer.seed = jax.random.fold_in(key, index)
    return initializer(variable.shape, dtype=variable.dtype)
