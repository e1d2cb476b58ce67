"""A sink: a folder with one JSON file for each delivery."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from enstorage.sinks import Sink


@dataclass(frozen=True)
class JsonSink(Sink):
    """Writes `folder/KEY.json`."""

    name: ClassVar[str] = "json-folder"

    folder: str

    @property
    def target(self):
        return self.folder

    def write(self, rows, delivery):
        folder = Path(self.folder)
        folder.mkdir(exist_ok=True)
        unfinished = folder / f".{delivery.key}"
        rows.write_json(unfinished)
        unfinished.replace(folder / f"{delivery.key}.json")
