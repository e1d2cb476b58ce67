"""The reports of an export and of an import."""

from dataclasses import dataclass
from pathlib import Path

from enstorage.entity import Project


@dataclass(frozen=True, slots=True)
class Exported:
    """The contents of an exported bundle.

    Attributes:
        project: the exported project.
        path: the file.
        bytes: its size.
        records: number of records of each entity, by the name of its table.
        objects: number of tables and model objects.
        points: number of points of all sources.
    """

    project: Project
    path: Path
    bytes: int
    records: dict[str, int]
    objects: int
    points: int


@dataclass(frozen=True, slots=True)
class Imported:
    """The changes made by an import.

    Attributes:
        project: the project in this store.
        new: number of new records of each entity, by the name of its table.
        known: number of records that this store had already; they are not changed.
        filled: number of known records whose empty columns were filled in, such as the object of a model that was not
            trained here yet.
        left: number of parts left out, because their record differs in this store: forecasts by another object of a
            model, or of another rendering of an ensemble.
        objects: number of tables and model objects of the new records.
        points: number of points written, for new sources only.
    """

    project: Project
    new: dict[str, int]
    known: dict[str, int]
    filled: dict[str, int]
    left: dict[str, int]
    objects: int
    points: int
