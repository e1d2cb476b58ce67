"""The report of a backup and of its restoration."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The contents of a backup that was written or restored.

    Attributes:
        path: the file.
        bytes: its size.
        made_at: time at which the store was as the backup has it, in ISO 8601.
        records: number of records of each entity, by the name of its table; without those of which there is none.
        objects: number of tables and model objects.
        points: number of points of all sources, as they were at that time.
        versions: number of versions of the series store that snapshots name and that are in the backup.
    """

    path: Path
    bytes: int
    made_at: str
    records: dict[str, int]
    objects: int
    points: int
    versions: int
