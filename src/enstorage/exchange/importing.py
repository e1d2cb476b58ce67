"""`Research.import_model`: a model from a folder or a file, without running code from it."""

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError, UntrustedError
from enstorage.exchange.exporting import ARCHITECTURE, DESCRIPTION, KIND, ONNX, SAFETENSORS, SKOPS, VERSION, WEIGHTS
from enstorage.exchange.keras_files import built, load_h5, load_safetensors
from enstorage.formats.base import load
from enstorage.formats.bounds import read_json
from enstorage.formats.keras import refuse_strange
from enstorage.formats.onnx import OnnxModel
from enstorage.settings import limit

if TYPE_CHECKING:
    from enstorage.entity.model import Model
    from enstorage.entity.research import Research


_LARGEST_CONFIG = 2**26


@dataclass(frozen=True)
class _Description:
    """The content of `model.json`."""

    name: str
    description: str = ""
    network: Mapping[str, Any] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def import_model(research: "Research", path: str | os.PathLike[str], name: str | None) -> "Model":
    """Read the files and store the model. See `Research.import_model`."""
    path = Path(path)
    allow_code = research.connector.allow_pickle
    try:
        described = _description(path) if path.is_dir() else _Description(path.stem)
        obj = _from_folder(path, allow_code) if path.is_dir() else _from_file(path, allow_code)
    except (UntrustedError, MissingLibraryError):
        raise
    except Exception as error:  # libraries raise errors of every kind for damaged files
        reason = str(error) if isinstance(error, EnstorageError) else f"{type(error).__name__}: {error}"
        raise InvalidInputError(f"{path} cannot be imported: {reason}") from error
    with research.connector.transaction():
        model = research.create_model(name or described.name, described.network, described.description)
        model.save_object(obj)
        if described.facts:
            model.metas(described.facts)
    return model


def import_object(model: "Model", path: str | os.PathLike[str]) -> None:
    """Store the trained object of a file, `.keras`, `.skops` or `.onnx`, with a model; no code from the file is run.

    Raises:
        InvalidInputError: the file cannot be read, or is no such object.
        UntrustedError: its bytes could run code.
    """
    path = Path(path)
    try:
        obj = _from_file(path, allow_code=False)
    except (UntrustedError, MissingLibraryError):
        raise
    except Exception as error:
        reason = str(error) if isinstance(error, EnstorageError) else f"{type(error).__name__}: {error}"
        raise InvalidInputError(f"{path.name} cannot be imported: {reason}") from error
    model.save_object(obj)


def _from_file(path: Path, allow_code: bool) -> Any:
    if not path.exists():
        raise InvalidInputError("it does not exist. Expected a folder that Model.export wrote, or a file.")
    content = _content(path)
    match path.suffix.lower():
        case ".keras":
            if not allow_code:
                refuse_strange(_config_of(content))
            return load("keras", content, allow_pickle=allow_code)
        case ".skops":
            return load("skops", content, allow_pickle=allow_code)
        case ".onnx":
            return OnnxModel(content)
    raise InvalidInputError(
        f"its name ends in {path.suffix or 'nothing'!r}; expected .keras, .skops or .onnx, or a folder with "
        f"{ARCHITECTURE} and weights."
    )


def _content(path: Path) -> bytes:
    """The bytes of a file that is not larger than the settings allow."""
    if not path.is_file():
        raise InvalidInputError(f"{path.name} is a pipe, a device or a folder; expected a file. Name one.")
    size, most = path.stat().st_size, limit("max_file_bytes")
    if size > most:
        raise InvalidInputError(
            f"{path.name} has {size} bytes; expected at most {most}. If it is right, allow more by the setting "
            "ENSTORAGE_MAX_FILE_BYTES."
        )
    return path.read_bytes()


def _config_of(content: bytes) -> Any:
    """The architecture in a `.keras` file."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = archive.getinfo("config.json").file_size  # a larger file is not unpacked
            config = read_json(archive.read("config.json"), "config.json") if size <= _LARGEST_CONFIG else None
    except Exception as error:
        raise InvalidInputError(f"it is not a complete .keras file ({error}). Save the model again.") from error
    if config is None:
        raise InvalidInputError(f"its config.json unpacks to {size} bytes; expected at most {_LARGEST_CONFIG}.")
    return config


def _from_folder(folder: Path, allow_code: bool) -> Any:
    if (folder / ARCHITECTURE).is_file():
        return _keras(folder, allow_code)
    for name in (SKOPS, ONNX):
        if (folder / name).is_file():
            return _from_file(folder / name, allow_code)
    raise InvalidInputError(
        f"it has none of {ARCHITECTURE}, {SKOPS} and {ONNX}. Expected a folder that Model.export wrote."
    )


def _keras(folder: Path, allow_code: bool) -> Any:
    if not any((folder / name).is_file() for name in (WEIGHTS, SAFETENSORS)):
        raise InvalidInputError(
            f"it has an {ARCHITECTURE} without weights; expected {WEIGHTS} or {SAFETENSORS} beside it. Export both."
        )
    try:
        text = _content(folder / ARCHITECTURE).decode()
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{ARCHITECTURE} is not text: {error}. Export the model again.") from error
    model = built(text, allow_code=allow_code)
    if (folder / WEIGHTS).is_file():
        load_h5(model, folder / WEIGHTS)
    else:
        load_safetensors(model, _content(folder / SAFETENSORS))
    return model


def _description(folder: Path) -> _Description:
    """Read `model.json`, and check the files beside it by their hashes."""
    path = folder / DESCRIPTION
    if not path.is_file():
        return _Description(folder.resolve().name)
    try:
        described = read_json(_content(path), DESCRIPTION)
    except ValueError as error:
        raise InvalidInputError(f"{DESCRIPTION} is not JSON: {error}. Export the model again.") from error
    if not isinstance(described, dict) or described.get("kind") != KIND:
        raise InvalidInputError(f"{DESCRIPTION} is not of the kind {KIND!r}. Expected one that Model.export wrote.")
    if described.get("version") != VERSION:
        raise InvalidInputError(
            f"{DESCRIPTION} has version {described.get('version')!r}; expected {VERSION}. Import it with the "
            "enstorage that wrote it."
        )
    fields = {"name": str, "description": str, "facts": dict, "files": dict, "network": dict | None}
    wrong = [name for name, kind in fields.items() if not isinstance(described.get(name), kind)]
    if wrong:
        raise InvalidInputError(f"{DESCRIPTION} has no valid {wrong[0]!r}. Export the model again.")
    for name, digest in described["files"].items():
        _check_file(folder, name, digest)
    return _Description(described["name"], described["description"], described["network"], described["facts"])


def _check_file(folder: Path, name: str, digest: Any) -> None:
    if name not in (ARCHITECTURE, WEIGHTS, SAFETENSORS, SKOPS, ONNX):
        raise InvalidInputError(f"{DESCRIPTION} names the file {name!r:.80}, which is not a file of an exported model.")
    if not (folder / name).is_file():
        raise InvalidInputError(f"{name} is missing, which {DESCRIPTION} names. Export the model again.")
    found = hashlib.sha256(_content(folder / name)).hexdigest()
    if not isinstance(digest, dict) or found != digest.get("sha256"):
        raise InvalidInputError(
            f"{name} is not the file that was written: its SHA-256 is not that in {DESCRIPTION}. Export the model again."
        )
