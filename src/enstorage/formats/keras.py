"""Keras models as `.keras` files."""

import json
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

from enstorage import plugins
from enstorage.errors import CorruptError, UntrustedError
from enstorage.formats.base import Format

GROUP = "enstorage.keras_objects"


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
        keras = import_keras()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            path.write_bytes(content)
            try:
                return keras.saving.load_model(path, custom_objects=own_objects(), safe_mode=not allow_code)
            except (ValueError, TypeError, KeyError, OSError) as error:
                reason = str(error).splitlines()[0]
                if "safe_mode" in str(error) or "lambda" in str(error).lower():
                    raise UntrustedError(
                        f"Opening this Keras model would run code from the file: {reason} If you alone write to this "
                        "store, open it with Connector(allow_pickle=True)."
                    ) from error
                raise CorruptError(f"The stored Keras model cannot be opened: {reason}") from error


def own_objects() -> dict[str, Any]:
    """The layers that packages register, by the names of their classes."""
    return {name: plugins.load(GROUP, name, "layer") for name in plugins.names(GROUP)}


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
        and kind not in plugins.names(GROUP)
    ):
        raise UntrustedError(
            f"The Keras model has the layer {module}.{kind}, which opening it would not find. Register the class under the "
            f"entry points {GROUP}, or keep the forecasts alone with save_forecasts."
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
