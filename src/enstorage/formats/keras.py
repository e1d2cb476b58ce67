"""Keras models as `.keras` files."""

import io
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from enstorage import plugins
from enstorage.errors import CorruptError, UntrustedError
from enstorage.formats.base import Format
from enstorage.plugins import Kind

KERAS_OBJECTS = Kind("enstorage.keras_objects", "layer")


class KerasFormat(Format):
    """Architecture, weights and optimiser state of a Keras model. Loading refuses what would run code (`safe_mode`)."""

    name = "keras"

    @staticmethod
    def takes(obj: Any) -> bool:
        """True for a Keras model."""
        keras = sys.modules.get("keras")
        return keras is not None and isinstance(obj, keras.Model)

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:
        """See `Format.dump`; what could not be opened again without running code is refused now."""
        if not allow_code:
            refuse_strange(json.loads(obj.to_json()))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            obj.save(path)
            return path.read_bytes()

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:
        """See `Format.load`. Layers of our own are found by the entry points `enstorage.keras_objects`."""
        keras, objects = import_keras(), own_objects(_architecture(content))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(content)
            try:
                return keras.saving.load_model(path, custom_objects=objects, safe_mode=not allow_code)
            except (ValueError, TypeError, KeyError, OSError) as error:
                reason = str(error).splitlines()[0]
                if "safe_mode" in str(error) or "lambda" in str(error).lower():
                    raise UntrustedError(
                        f"Opening this Keras model would run code from the file: {reason} If you alone write to this "
                        "store, open it with Connector(allow_pickle=True)."
                    ) from error
                raise CorruptError(f"The stored Keras model cannot be opened: {reason}") from error


def own_objects(config: Any) -> dict[str, Any]:
    """The layers that packages register and an architecture names, by the names of their classes.

    Args:
        config: the architecture, as Keras writes it as JSON. What it does not name is not loaded.
    """
    used = set(_texts(config))
    return {name: plugins.load(KERAS_OBJECTS, name) for name in plugins.names(KERAS_OBJECTS) if name in used}


def _architecture(content: bytes) -> Any:
    """The architecture in a `.keras` file; None where the file is damaged, which Keras reports."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as file:
            return json.loads(file.read("config.json"))
    except (zipfile.BadZipFile, KeyError, ValueError):
        return None


def _texts(config: Any) -> Iterator[str]:
    if isinstance(config, str):
        yield config.rpartition(">")[2]  # what is registered with Keras too has a package in front
    elif isinstance(config, dict | list):
        for each in config.values() if isinstance(config, dict) else config:
            yield from _texts(each)


def refuse_strange(config: Any) -> None:
    """Refuse layers that hold code, or that opening would not find.

    Args:
        config: the architecture of a model, as Keras writes it as JSON.

    Raises:
        UntrustedError: there is one.
    """
    if isinstance(config, list):
        for each in config:
            refuse_strange(each)
    if not isinstance(config, dict):
        return
    kind, module = config.get("class_name"), config.get("module")
    if kind in ("__lambda__", "Lambda"):
        raise UntrustedError(
            "The Keras model has a Lambda layer, which is code. Expected layers that are data: write the layer as a class "
            "of your own, keep the forecasts alone with save_forecasts, or open the store with Connector(allow_pickle=True)."
        )
    if (
        kind is not None
        and isinstance(module, str)
        and module.partition(".")[0] not in ("keras", "builtins")
        and not plugins.has(KERAS_OBJECTS, kind)
    ):
        raise UntrustedError(
            f"The Keras model has the layer {module}.{kind}, which opening it would not find. Register the class under the "
            f"entry points {KERAS_OBJECTS.group}, or keep the forecasts alone with save_forecasts."
        )
    for each in config.values():
        refuse_strange(each)


def import_keras() -> ModuleType:
    """Keras, on the JAX backend unless the environment says otherwise.

    Raises:
        MissingLibraryError: it is not installed.
    """
    os.environ.setdefault("KERAS_BACKEND", "jax")
    try:
        import keras
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "A Keras model", extra="train") from error
    module: ModuleType = keras
    return module
