"""The manifest of a backup: its format, where it comes from, and what has to be in it."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from enstorage.bundle.file.archive import MANIFEST, ArchiveMember
from enstorage.errors import InvalidInputError, NotSupportedError

FORMAT = "enstorage backup"
VERSION = 1
_SHA256 = re.compile("[0-9a-f]{64}")
_UUID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """The contents of `manifest.json` beside the name and the version of the format.

    Attributes:
        made_at: time of the backup, in ISO 8601.
        made_by: the version of enstorage.
        schema: the version of the tables.
        store: the uuid of the store.
        database: the SHA-256 of the SQLite file with all records.
        records: number of rows of each table.
        points: number of points of each source, by its id.
        versions: the versions of the series store that are kept, each with the ids of the sources that have it.
        members: all other members, by name.
    """

    made_at: str
    made_by: str
    schema: str
    store: str
    database: str
    records: dict[str, int]
    points: dict[int, int]
    versions: dict[int, list[int]]
    members: dict[str, ArchiveMember]

    def to_json(self) -> bytes:
        """The bytes of the member."""
        members = {name: member._asdict() for name, member in self.members.items()}
        return json.dumps({"format": FORMAT, "version": VERSION, **asdict(self), "members": members}, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "BackupManifest":
        """Read the member, strictly.

        Raises:
            InvalidInputError: it is not that of a backup.
            NotSupportedError: it was made by a newer version of enstorage.
        """
        try:
            given = json.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"The member {MANIFEST} is no JSON: {str(error).splitlines()[0]}.") from error
        form = given.pop("format", None) if isinstance(given, dict) else None
        if form != FORMAT:
            raise InvalidInputError(
                f"The member {MANIFEST} has the format {form!r:.40}; expected {FORMAT!r}, a file that "
                "`enstorage backup` wrote."
            )
        version = given.pop("version", None)
        if type(version) is int and version > VERSION:
            raise NotSupportedError(
                f"It was made by a newer enstorage ({given.get('made_by')!r:.40}): format {version}; expected {VERSION}. "
                "Install a newer enstorage."
            )
        if version != VERSION or not _is_whole(given):
            raise InvalidInputError(f"The entries of {MANIFEST} are not those of a backup of version {VERSION}.")
        return cls(
            **{name: given[name] for name in ("made_at", "made_by", "schema", "store", "database", "records")},
            points={int(id): count for id, count in given["points"].items()},
            versions={int(number): sources for number, sources in given["versions"].items()},
            members={name: ArchiveMember(**member) for name, member in given["members"].items()},
        )


def _is_whole(given: dict[str, Any]) -> bool:
    texts = ("made_at", "made_by", "schema", "store", "database")
    return (
        given.keys() == {*texts, "records", "points", "versions", "members"}
        and all(type(given[name]) is str and len(given[name]) <= 100 for name in texts)
        and _UUID.fullmatch(given["store"]) is not None
        and _SHA256.fullmatch(given["database"]) is not None
        and _is_table(given["records"], _is_count)
        and _is_table(given["points"], _is_count, ids=True)
        and _is_table(given["versions"], _are_ids, ids=True)
        and _is_table(given["members"], _is_member)
    )


def _is_table(value: Any, fits: Any, *, ids: bool = False) -> bool:
    return isinstance(value, dict) and all(fits(each) and (not ids or key.isdecimal()) for key, each in value.items())


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**63


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(_is_count(each) for each in value)


def _is_member(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"bytes", "sha256"}
        and _is_count(value["bytes"])
        and isinstance(value["sha256"], str)
        and _SHA256.fullmatch(value["sha256"]) is not None
    )
