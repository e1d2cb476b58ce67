"""A Keras model as architecture and weights, and back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enstorage import plugins
from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.formats.bounds import read_json
from enstorage.formats.keras import import_keras, refuse_strange
from enstorage.formats.keras_objects import own_objects


def architecture(obj: Any) -> str:
    """The architecture as JSON, as `keras.models.model_from_json` takes it."""
    text: str = obj.to_json(indent=2)
    return text + "\n"


def weights_h5(obj: Any, path: Path) -> None:
    """Write the weights, as `keras.Model.load_weights` reads them; the name of the file ends in `.weights.h5`."""
    obj.save_weights(path)


def weights_safetensors(obj: Any) -> bytes:
    """The weights by their paths, such as `dense/kernel`, as safetensors.

    Raises:
        NotSupportedError: two weights have the same path, or a weight has a type that NumPy does not have.
        MissingLibraryError: safetensors is not installed.
    """
    arrays = {weight.path: np.ascontiguousarray(weight) for weight in obj.weights}
    if len(arrays) != len(obj.weights):
        raise NotSupportedError(
            "Two weights of the Keras model have the same path, so it does not identify them. Give its layers different "
            "names."
        )
    unsupported = [f"{path} of type {array.dtype}" for path, array in arrays.items() if array.dtype.kind not in "fiub"]
    if unsupported:
        raise NotSupportedError(f"The Keras model has the weight {unsupported[0]}, a type that NumPy does not have.")
    content: bytes = _safetensors().save(arrays)
    return content


def built(config_text: str, *, allow_code: bool) -> Any:
    """A model with the given architecture and initial weights.

    Raises:
        InvalidInputError: Keras cannot build the architecture.
        UntrustedError: it contains code, or layers of unknown classes, or more values than the settings allow.
    """
    try:
        config = read_json(config_text.encode(), "The architecture")
    except ValueError as error:
        raise InvalidInputError(f"The architecture is not JSON: {error}. Export the model again.") from error
    keras = import_keras()
    if not allow_code:
        refuse_strange(config)
    objects = own_objects(config)
    try:
        model = keras.saving.deserialize_keras_object(config, custom_objects=objects, safe_mode=not allow_code)
    except Exception as error:
        raise InvalidInputError(
            f"Keras cannot build the architecture: {str(error).splitlines()[0] if str(error) else type(error).__name__}. "
            "Export the model again with the Keras version that is installed here, or an older one."
        ) from error
    if not isinstance(model, keras.Model) or not model.built:
        raise InvalidInputError(
            f"The architecture is that of a {type(model).__name__} without known shapes; expected a complete Keras model. "
            "Begin it with an Input layer."
        )
    return model


def load_h5(model: Any, path: Path) -> None:
    """Load the weights of a `.weights.h5` file into a model.

    Raises:
        InvalidInputError: the weights do not fit the model, or the file is damaged.
    """
    try:
        model.load_weights(path)
    except Exception as error:
        raise InvalidInputError(
            f"The weights in {path.name} do not fit the architecture: {' '.join(str(error).split())[:300]} Export "
            "both again."
        ) from error


def load_safetensors(model: Any, content: bytes) -> None:
    """Load the weights of a safetensors file into a model, by their paths; raises the errors of `load_h5`."""
    library = _safetensors()
    try:
        arrays: Mapping[str, Any] = library.load(content)
    except Exception as error:
        raise InvalidInputError(f"The safetensors file is damaged: {error}. Export the model again.") from error
    wanted = {weight.path: tuple(weight.shape) for weight in model.weights}
    given = {path: array.shape for path, array in arrays.items()}
    wrong = [path for path in {**wanted, **given} if wanted.get(path) != given.get(path)]
    if wrong:
        raise InvalidInputError(
            f"The weights in the safetensors file do not fit the architecture: {wrong[0]} has shape "
            f"{given.get(wrong[0], 'none')} there and {wanted.get(wrong[0], 'none')} in the architecture. Export both again."
        )
    for weight in model.weights:
        weight.assign(arrays[weight.path])


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A safetensors file", extra="train") from error
    return safetensors.numpy
