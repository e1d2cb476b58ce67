"""`Model.export`: a stored model as a folder of files that other programs read."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enstorage.database.types import to_json_text
from enstorage.errors import EnstorageError, NotFoundError, NotSupportedError
from enstorage.exchange.keras_files import architecture, weights_h5, weights_safetensors
from enstorage.exchange.to_onnx import onnx_bytes
from enstorage.versions import versions_of
from enstorage.writing import whole_folder

if TYPE_CHECKING:
    from enstorage.entity.model import Model

DESCRIPTION = "model.json"
ARCHITECTURE = "architecture.json"
WEIGHTS = "model.weights.h5"
SAFETENSORS = "model.safetensors"
SKOPS = "model.skops"
ONNX = "model.onnx"
FILES = (DESCRIPTION, ARCHITECTURE, WEIGHTS, SAFETENSORS, SKOPS, ONNX)
KIND, VERSION = "enstorage model", 1

_LIBRARIES = (
    "enstorage",
    "keras",
    "jax",
    "numpy",
    "scikit-learn",
    "skops",
    "safetensors",
    "onnx",
    "skl2onnx",
    "jax2onnx",
)


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """The files that `Model.export` wrote.

    Attributes:
        folder: the folder that was written.
        files: size of each file in bytes, by its name.
        left_out: the reason for each file that could not be written, by its name.
    """

    folder: Path
    files: Mapping[str, int]
    left_out: Mapping[str, str]


def export_model(model: "Model", folder: str | os.PathLike[str], *, overwrite: bool) -> ExportedModel:
    """Write the folder. See `Model.export`."""
    if model.object_sha256 is None or model.object_format is None:
        raise NotFoundError(f"{model} has no object to export. Train it, or store one with save_object.")
    if model.object_format not in _WRITERS:
        raise NotSupportedError(
            f"The object of {model} has the format {model.object_format}, which no other program reads; expected a Keras "
            "model, a scikit-learn estimator or an ONNX model. Export its forecasts: model.forecasts().write_csv(file)."
        )
    obj = model.load_object()
    data = None if model.data_set_id is None else model.data_set().arrays()[1:]
    samples = None if data is None else data[0][:100]  # to compare a converted model with the object
    with whole_folder(folder, names=FILES, overwrite=overwrite) as unfinished:
        left_out = _WRITERS[model.object_format](model, obj, samples, unfinished)
        written = {path.name: path for path in sorted(unfinished.iterdir())}
        described = _description(model, obj, data, left_out) | {
            "files": {name: _digest(path) for name, path in written.items()}
        }
        text = json.dumps(json.loads(to_json_text(described)), indent=2, ensure_ascii=False)
        (unfinished / DESCRIPTION).write_text(text + "\n", encoding="utf-8")
        sizes = {path.name: path.stat().st_size for path in sorted(unfinished.iterdir())}
    return ExportedModel(Path(folder), sizes, left_out)


def _write_keras(model: "Model", obj: Any, samples: Any, folder: Path) -> dict[str, str]:  # noqa: ARG001 - as the others
    (folder / ARCHITECTURE).write_text(architecture(obj), encoding="utf-8")
    weights_h5(obj, folder / WEIGHTS)
    return _where_possible(
        folder, {SAFETENSORS: lambda: weights_safetensors(obj), ONNX: lambda: onnx_bytes(obj, samples)}
    )


def _write_estimator(model: "Model", obj: Any, samples: Any, folder: Path) -> dict[str, str]:
    (folder / SKOPS).write_bytes(_kept(model))
    return _where_possible(folder, {ONNX: lambda: onnx_bytes(obj, samples)})


def _write_onnx(model: "Model", obj: Any, samples: Any, folder: Path) -> dict[str, str]:  # noqa: ARG001 - as the others
    (folder / ONNX).write_bytes(_kept(model))
    return {}


def _write_refitted(model: "Model", obj: Any, samples: Any, folder: Path) -> dict[str, str]:
    """Write ONNX alone: skops cannot store such an estimator as data."""
    left_out = _where_possible(folder, {ONNX: lambda: onnx_bytes(obj, samples)})
    if left_out:
        raise NotSupportedError(
            f"The {type(obj).__name__} of {model} is fitted again on each load, so it can only be exported as ONNX: "
            f"{left_out[ONNX]} Export its forecasts: model.forecasts().write_csv(file)."
        )
    return {}


_WRITERS = {"keras": _write_keras, "skops": _write_estimator, "onnx": _write_onnx, "refit": _write_refitted}


def _where_possible(folder: Path, makers: Mapping[str, Any]) -> dict[str, str]:
    """Write the files that can be made, and return the reasons for the others."""
    left_out = {}
    for name, make in makers.items():
        try:
            (folder / name).write_bytes(make())
        except EnstorageError as error:
            left_out[name] = str(error)
    return left_out


def _kept(model: "Model") -> bytes:
    assert model.object_sha256 is not None  # noqa: S101 - `export_model` has checked it
    return model.connector.objects.get(model.object_sha256)


def _description(model: "Model", obj: Any, data: Any, left_out: Mapping[str, str]) -> dict[str, Any]:
    return {
        "kind": KIND,
        "version": VERSION,
        "name": model.name,
        "description": model.description,
        "object": {"format": model.object_format, "class": f"{type(obj).__module__}.{type(obj).__qualname__}"},
        "shapes": _shapes(model, obj, data),
        "network": model.network,
        "facts": model.metas(),
        "left_out": dict(left_out),
        "versions": versions_of(_LIBRARIES) | {"python": sys.version.split()[0]},
        "exported_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _shapes(model: "Model", obj: Any, data: Any) -> dict[str, Any]:
    """Shapes of input and output, as far as known, with null for rows; and of X and y of the data set, if there is one."""
    shapes: dict[str, Any] = {}
    if model.object_format == "keras":
        shapes = {"input": obj.input_shape, "output": obj.output_shape}
    elif hasattr(obj, "n_features_in_"):
        shapes = {"input": [None, int(obj.n_features_in_)]}
    elif model.object_format == "onnx":
        shapes = {"input": obj.shape}
    if data is not None:
        X, y = data
        shapes |= {"X": X.shape, "y": y.shape}
    return shapes


def _digest(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
