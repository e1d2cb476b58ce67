"""Keras models as `.keras` files."""

import hashlib
import io
import json
import os
import re
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

from enstorage import plugins
from enstorage.errors import CorruptError, UntrustedError
from enstorage.formats.base import Format
from enstorage.formats.bounds import check_size, open_archive, read_json
from enstorage.formats.keras_objects import KERAS_OBJECTS, is_registered, own_objects
from enstorage.writing import temporary_folder

_CONFIG, _WEIGHTS = "config.json", "model.weights.h5"
_WHAT = "The stored Keras model"
_COMPILED = "compile_config"
_NAMES = re.compile(r'"(name|keras_history)": ("[^"]*"|\["[^"]*", \d+, \d+\])')
_OPENED: set[str] = set()
"""Architectures that were opened in this process, by their hashes: what was opened once need not be tried again."""


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
            refuse_strange(json.loads(obj.to_json()) | {_COMPILED: None})
        with temporary_folder() as folder:
            path = folder / "model.keras"
            obj.save(path)
            content = path.read_bytes()
        return content if allow_code else _that_opens(content)

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:
        """See `Format.load`. Objects of one's own are found as `keras_objects.register` says."""
        config = _architecture(content)
        keras, objects = import_keras(), own_objects(config)
        _check_weights(content, config, objects)
        with temporary_folder() as folder:
            path = folder / "model.keras"
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


def _that_opens(content: bytes) -> bytes:
    """A `.keras` file that a fresh process opens: as it is, or without the functions that it was compiled with.

    Raises:
        UntrustedError: neither is opened.
    """
    config = _architecture(content)
    if _hash_of(config) in _OPENED:
        return content
    fault = _fault_in_opening(content)
    if fault is not None and config.get(_COMPILED):
        content, config = _without_compiling(content)
        fault = _fault_in_opening(content)
    if fault is not None:
        raise UntrustedError(
            f"The Keras model was written, but a fresh process would not open it: {fault} Register its own layers and "
            "activations with enstorage.register(name, object) or under the entry points enstorage.keras_objects, or keep "
            "the forecasts alone with save_forecasts."
        )
    _OPENED.add(_hash_of(config))
    return content


def _fault_in_opening(content: bytes) -> str | None:
    """Why a `.keras` file is not opened where nothing is known but what was registered; None where it is."""
    known = import_keras().saving.get_custom_objects()
    here = dict(known)
    known.clear()  # what was registered with Keras in this process is not there in another
    try:
        KerasFormat.load(content, allow_code=False)
    except (CorruptError, UntrustedError) as error:
        return str(error)
    finally:
        known.update(here)
    return None


def _without_compiling(content: bytes) -> tuple[bytes, Any]:
    """A `.keras` file without loss, metrics and optimiser, and its architecture."""
    config = _architecture(content) | {_COMPILED: None}
    stripped = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stripped, "w") as new:
        for info in old.infolist():
            new.writestr(info, json.dumps(config) if info.filename == _CONFIG else old.read(info))
    return stripped.getvalue(), config


def _hash_of(config: Any) -> str:
    """A hash of an architecture that does not depend on the names of its layers."""
    return hashlib.sha256(_NAMES.sub("", json.dumps(config, sort_keys=True)).encode()).hexdigest()


def _architecture(content: bytes) -> Any:
    """The architecture in a `.keras` file; None where the file is damaged, which Keras reports."""
    try:
        with open_archive(content, _WHAT) as file:
            return read_json(file.read(_CONFIG), _WHAT)
    except (zipfile.BadZipFile, KeyError, ValueError):
        return None


def _check_weights(content: bytes, config: Any, objects: dict[str, Any]) -> None:
    """Refuse weights that take more memory than the file has for them, and an architecture of more weights than these.

    Raises:
        UntrustedError: there are more.
    """
    import h5py

    if not isinstance(config, dict):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, h5py.File(io.BytesIO(archive.read(_WEIGHTS))) as file:
            sizes: list[int] = []
            file.visititems(lambda _, each: sizes.append(each.nbytes) if isinstance(each, h5py.Dataset) else None)
    except (OSError, KeyError, zipfile.BadZipFile):
        return  # Keras says what is damaged
    check_size(sum(sizes), len(content), _WHAT)
    wanted = _count_weights(config, objects)
    if wanted > sum(sizes):
        raise UntrustedError(
            f"The stored Keras model has an architecture of {wanted} weights, and {sum(sizes)} bytes of them. The file was "
            "damaged or made on purpose: do not use it."
        )


def _count_weights(config: dict[str, Any], objects: dict[str, Any]) -> int:
    """The number of weights that an architecture needs, without making them; 0 where Keras cannot build it."""
    # Each thread has a list of the weights that Keras is still to make, and it makes them when a model is trained next:
    # those of a refused file would then take all memory. The list of a thread of its own ends with it.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(_counted_weights, config, objects).result()


def _counted_weights(config: dict[str, Any], objects: dict[str, Any]) -> int:
    keras = import_keras()
    try:
        with keras.StatelessScope(initialize_variables=False):
            model = keras.saving.deserialize_keras_object(config | {_COMPILED: None}, custom_objects=objects)
            return int(model.count_params()) if model.built else 0
    except Exception:  # noqa: BLE001 - Keras says why when the model is opened
        return 0


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
    is_function = kind == "function"
    name = config.get("config") if is_function else kind
    own = is_function or (isinstance(module, str) and module.partition(".")[0] not in ("keras", "builtins"))
    own |= module is None and ">" in str(config.get("registered_name", ""))
    if isinstance(name, str) and own and not is_registered(name):
        shown = f"function {name}" if is_function else f"layer {module}.{name}" if module else f"layer {name}"
        raise UntrustedError(
            f"The Keras model has the {shown}, which opening it would not find. Register it with "
            f"enstorage.register({name!r}, {name}) or under the entry points {KERAS_OBJECTS.group}, or keep the forecasts "
            "alone with save_forecasts."
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
