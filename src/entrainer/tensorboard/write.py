"""`write_tensorboard`: stored models as runs of TensorBoard, after or during their training."""

import io
import json
import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage import Model
from entrainer.model_output import is_keras
from entrainer.tensorboard.records import EventFile

if TYPE_CHECKING:
    from numpy.typing import NDArray


def write_tensorboard(models: Sequence[Model] | Model, folder: str | os.PathLike[str]) -> list[Path]:
    """Write stored models for TensorBoard: `tensorboard --logdir FOLDER` shows them.

    Each model becomes a run: the scalars of its curves; its facts, those that are numbers or short texts as hyperparameters
    and all as a text; and the graph of its network, a node for each layer, where a Keras model is kept. Nothing but the
    package tensorboard is needed.

    Args:
        models: stored models, or one.
        folder: of the runs; created if needed. Runs of the same models are replaced, others are left alone.

    Returns:
        The folder of each run, in the order of the models.

    Raises:
        MissingLibraryError: tensorboard is not installed.
        StoreError: the folder cannot be written to.
    """
    chosen = [models] if isinstance(models, Model) else list(models)
    return [_write(model, folder) for model in chosen]


def _write(model: Model, folder: str | os.PathLike[str]) -> Path:
    file, curves = EventFile(folder, model), model.curves()
    steps = curves["step"].to_numpy()
    for name in curves.columns:
        if name != "step":
            values = curves[name].drop_nulls()
            file.scalars(steps[curves[name].is_not_null().to_numpy()], **{name: values.to_numpy()})
    file.facts(model)
    if model.object_format == "keras" and model.object_sha256 is not None:
        # The architecture stands in the file as JSON: neither Keras nor the weights are needed for it.
        with zipfile.ZipFile(io.BytesIO(model.connector.objects.get(model.object_sha256))) as archive:
            file.graph(json.loads(archive.read("config.json")))
    return file.path.parent


class Board:
    """Runs of models that are trained together, written during the training.

    Args:
        folder: as `write_tensorboard` takes it.
        models: in the order of the group.
    """

    def __init__(self, folder: str | os.PathLike[str], models: Sequence[Model]) -> None:
        self._files = [EventFile(folder, model) for model in models]
        self._by_model = {model.id: file for model, file in zip(models, self._files, strict=True)}

    def log(self, number: int, steps: "NDArray[np.int64]", **values: "NDArray[np.float64]") -> None:
        """Write points of the curves of the model of that number."""
        self._files[number].scalars(steps, **values)

    def keep(self, model: Model, obj: Any) -> None:
        """Write the facts and the graph of a trained model."""
        file = self._by_model[model.id]
        file.facts(model)
        if is_keras(obj):
            file.graph(json.loads(obj.to_json()))
