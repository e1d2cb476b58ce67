"""Event files that TensorBoard shows, written by its own package alone."""

import itertools
import json
import os
import re
import socket
import time
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage import Model, plugins
from enstorage.writing import not_written

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBERS = itertools.count()
_LONGEST_TEXT = 80
_LARGEST_NUMBER = 1e300


class EventFile:
    """The event file of one model, in a folder of its own, which TensorBoard calls a run.

    The file is open only while it is written to, so that many thousand models can be trained together.

    Args:
        folder: of TensorBoard; the run's folder in it bears the id and the name of the model. Earlier event files in it
            are removed.
        model: stored.

    Raises:
        MissingLibraryError: tensorboard is not installed.
        StoreError: the folder cannot be written to.
    """

    def __init__(self, folder: str | os.PathLike[str], model: Model) -> None:
        proto = _library().event_pb2
        name = re.sub(r"[^\w.()+-]+", "_", model.name).strip("_.")[:_LONGEST_TEXT]
        self.run = f"{model.id}_{name}" if name else str(model.id)
        place = Path(folder) / self.run
        host = re.sub(r"[^\w-]", "_", socket.gethostname())
        self.path = place / f"events.out.tfevents.{time.time_ns() // 10**9}.{host}.{os.getpid()}.{next(_NUMBERS)}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            for former in place.glob("events.out.tfevents.*"):
                former.unlink()
        except OSError as error:
            raise not_written(f"The folder {place} of TensorBoard", error) from error
        self._append([proto.Event(wall_time=time.time(), file_version="brain.Event:2")])

    def scalars(self, steps: "NDArray[np.int64]", **values: "NDArray[np.float64]") -> None:
        """Write points of curves, each shape (n,); NaN stands for no point."""
        library, now = _library(), time.time()
        summary = library.summary_pb2.Summary
        self._append(
            library.event_pb2.Event(
                wall_time=now,
                step=int(step),
                summary=summary(value=[summary.Value(tag=name, simple_value=float(value))]),
            )
            for name, curve in values.items()
            for step, value in zip(steps, curve, strict=True)
            if not np.isnan(value)
        )

    def facts(self, model: Model) -> None:
        """Write the facts of a model: numbers and short texts as hyperparameters, all of them as a table in Markdown."""
        library = _library()
        facts = dict(_flat({"network": model.network, **model.metas()}))
        plain = {name: value for name, value in facts.items() if _is_hyperparameter(value)}
        hyperparameters = library.summary_v2.hparams_pb(plain, trial_id=str(model.id))
        rows = [f"| {name} | {_markdown(value)} |" for name, value in facts.items()]
        table = "\n".join(
            [f"**{_markdown(str(model))}** {_markdown(model.description)}\n", "| fact | |", "|---|---|", *rows]
        )
        text = library.summary_pb2.Summary.Value(
            tag="facts",
            metadata=library.text_metadata.create_summary_metadata("facts", "What is known about the model."),
            tensor=library.tensor_pb2.TensorProto(
                dtype=library.types_pb2.DT_STRING,
                tensor_shape=library.tensor_shape_pb2.TensorShapeProto(
                    dim=[library.tensor_shape_pb2.TensorShapeProto.Dim(size=1)]
                ),
                string_val=[table.encode()],
            ),
        )
        summaries = [hyperparameters, library.summary_pb2.Summary(value=[text])]
        self._append(library.event_pb2.Event(wall_time=time.time(), summary=each) for each in summaries)

    def graph(self, architecture: Mapping[str, Any]) -> None:
        """Write the graph of a Keras model: a node for each layer, connected to its input layers.

        Args:
            architecture: as `json.loads(model.to_json())` gives it.
        """
        library = _library()
        try:
            graph = library.keras_util.keras_model_to_graph_def(architecture)
        except Exception:  # noqa: BLE001 - TensorBoard may not understand a layer, and a missing graph must not fail a training
            return
        graph.versions.producer = 22  # below it TensorBoard looks for attributes of old TensorFlow
        self._append([library.event_pb2.Event(wall_time=time.time(), graph_def=graph.SerializeToString())])

    def _append(self, events: Iterable[Any]) -> None:
        try:
            with self.path.open("ab") as file:
                records = _library().RecordWriter(file)
                for event in events:
                    records.write(event.SerializeToString())
        except OSError as error:
            raise not_written(f"The file {self.path} of TensorBoard", error) from error


def _flat(facts: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """Nested facts under flat names such as `training.epochs`."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _is_hyperparameter(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return abs(value) <= _LARGEST_NUMBER  # False for NaN
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def _markdown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("|", "\\|").replace("\n", " ")


class _Library:
    """The parts of TensorBoard that are used."""

    def __init__(self) -> None:
        from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
        from tensorboard.plugins.graph import keras_util
        from tensorboard.plugins.hparams import summary_v2
        from tensorboard.plugins.text import metadata as text_metadata
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.event_pb2, self.summary_pb2, self.tensor_pb2 = event_pb2, summary_pb2, tensor_pb2
        self.tensor_shape_pb2, self.types_pb2 = tensor_shape_pb2, types_pb2
        self.keras_util, self.summary_v2, self.text_metadata = keras_util, summary_v2, text_metadata
        self.RecordWriter = RecordWriter


@cache
def _library() -> _Library:
    try:
        return _Library()
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "Writing for TensorBoard", extra="tensorboard") from error
