"""A Keras model as architecture and weights, and back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enstorage import plugins
from enstorage.errors import InvalidInputError, NotSupportedError
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
        NotSupportedError: two weights have one path, or a type that NumPy does not know.
        MissingLibraryError: safetensors is not installed.
    """
    arrays = {weight.path: np.ascontiguousarray(weight) for weight in obj.weights}
    if len(arrays) != len(obj.weights):
        raise NotSupportedError(
            "Two weights of the Keras model have the same path, so they cannot be distinguished by it. Give its layers "
            "different names."
        )
    strange = [f"{path} of type {array.dtype}" for path, array in arrays.items() if array.dtype.kind not in "fiub"]
    if strange:
        raise NotSupportedError(f"The Keras model has the weight {strange[0]}, which NumPy does not know.")
    content: bytes = _safetensors().save(arrays)
    return content


def built(config_text: str, *, allow_code: bool) -> Any:
    """A model of an architecture, with fresh weights.

    Raises:
        InvalidInputError: it is no architecture that Keras can build.
        UntrustedError: it has code in it, or layers that are not known here.
    """
    try:
        config = json.loads(config_text)
    except ValueError as error:
        raise InvalidInputError(f"The architecture is no JSON: {error}. Export the model again.") from error
    keras = import_keras()
    if not allow_code:
        refuse_strange(config)
    objects = own_objects(config)
    try:
        model = keras.saving.deserialize_keras_object(config, custom_objects=objects, safe_mode=not allow_code)
    except Exception as error:
        raise InvalidInputError(
            f"Keras cannot build the architecture: {str(error).splitlines()[0] if str(error) else type(error).__name__}. "
            "Export the model again, by a version of Keras that is not newer."
        ) from error
    if not isinstance(model, keras.Model) or not model.built:
        raise InvalidInputError(
            f"The architecture is one of a {type(model).__name__} without known shapes; expected a whole Keras model. Begin "
            "it with an Input layer."
        )
    return model


def load_h5(model: Any, path: Path) -> None:
    """Give a model the weights of a `.weights.h5` file.

    Raises:
        InvalidInputError: they are not those of the model, or the file is damaged.
    """
    try:
        model.load_weights(path)
    except Exception as error:
        raise InvalidInputError(
            f"The weights in {path.name} are not those of the architecture: {' '.join(str(error).split())[:300]} Export "
            "both again."
        ) from error


def load_safetensors(model: Any, content: bytes) -> None:
    """Give a model the weights of a safetensors file, by their paths. Raises as `load_h5`."""
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
            f"The weights in the safetensors file are not those of the architecture: {wrong[0]} has shape "
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
