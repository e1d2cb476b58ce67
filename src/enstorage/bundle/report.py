"""What was exported, and what was imported."""

from dataclasses import dataclass
from pathlib import Path

from enstorage.entity import Project


@dataclass(frozen=True, slots=True)
class Exported:
    """What a bundle holds.

    Attributes:
        project: what was exported.
        path: the file.
        bytes: its size.
        records: how many of each entity, by the name of its table.
        objects: how many tables and model objects.
        points: how many points of all sources.
    """

    project: Project
    path: Path
    bytes: int
    records: dict[str, int]
    objects: int
    points: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed.

    Attributes:
        project: as it is here.
        new: how many records of each entity were made, by the name of its table.
        known: how many were here already; they stay as they are.
        filled: how many of the known ones got what was still empty here, such as the object of a model that was not
            trained yet.
        left: how many parts were left out, because what they are parts of is here in another state: forecasts by another
            object of a model, or of another rendering of an ensemble.
        objects: how many tables and model objects the new records brought.
        points: how many points were written, for new sources only.
    """

    project: Project
    new: dict[str, int]
    known: dict[str, int]
    filled: dict[str, int]
    left: dict[str, int]
    objects: int
    points: int
