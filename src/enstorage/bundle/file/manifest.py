"""The manifest: which format a bundle has, where it comes from, and what has to be in it."""

import json
import re
from dataclasses import asdict, dataclass
from typing import Any

from enstorage.bundle.file.archive import MANIFEST, ArchiveMember
from enstorage.database.schema import HEAD_REVISION, REVISIONS
from enstorage.errors import InvalidInputError, NotSupportedError

FORMAT = "enstorage bundle"
VERSION = 1
_UUID = re.compile("[0-9a-f]{32}")
_SHA256 = re.compile("[0-9a-f]{64}")
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Manifest:
    """The contents of `manifest.json` beside the name and the version of the format.

    Attributes:
        made_at: time of the export, in ISO 8601.
        made_by: the version of enstorage.
        schema: the version of the tables that the records were read from.
        store: the uuid of the store that the ids belong to.
        project: the id of the project.
        members: all other members, by name.
    """

    made_at: str
    made_by: str
    schema: str
    store: str
    project: int
    members: dict[str, ArchiveMember]

    @property
    def is_older(self) -> bool:
        """True if the tables had fewer columns when it was made."""
        return self.schema != HEAD_REVISION

    def to_json(self) -> bytes:
        """The bytes of the member."""
        members = {name: member._asdict() for name, member in self.members.items()}
        content = {"format": FORMAT, "version": VERSION, **asdict(self), "members": members}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Read the member, strictly.

        Raises:
            InvalidInputError: it is no manifest of a bundle.
            NotSupportedError: it was made by a newer version of enstorage.
        """
        try:
            given = json.loads(content.decode())
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"The member {MANIFEST} is no JSON: {str(error).splitlines()[0]}.") from error
        if not isinstance(given, dict) or given.pop("format", None) != FORMAT:
            raise InvalidInputError(f"The member {MANIFEST} is not that of a bundle; expected the format {FORMAT!r}.")
        _check_version(given.pop("version", None), given.get("schema"), given.get("made_by"))
        if given.keys() != {"made_at", "made_by", "schema", "store", "project", "members"}:
            raise InvalidInputError(f"The member {MANIFEST} has other entries than a manifest of version {VERSION}.")
        members = given.pop("members")
        if not (
            all(type(given[name]) is str and len(given[name]) <= _LONGEST for name in ("made_at", "made_by"))
            and _is_id(given["project"])
            and _matches(_UUID, given["store"])
            and isinstance(members, dict)
        ):
            raise InvalidInputError(
                f"The entries of {MANIFEST} are not as expected: a text, number or table is another."
            )
        return cls(**given, members={name: _member(name, value) for name, value in members.items()})


def _check_version(version: Any, schema: Any, made_by: Any) -> None:
    if type(version) is not int or version < 1 or type(schema) is not str:
        raise InvalidInputError(f"The member {MANIFEST} has no version; expected {VERSION}; received {version!r:.40}.")
    if version > VERSION or schema not in REVISIONS:
        raise NotSupportedError(
            f"It was made by a newer enstorage ({made_by!r:.40}): format {version}, schema {schema!r:.40}; expected format "
            f"{VERSION} and schema {HEAD_REVISION} or older. Install a newer enstorage."
        )


def _member(name: str, given: Any) -> ArchiveMember:
    if not (
        isinstance(given, dict)
        and given.keys() == {"bytes", "sha256"}
        and type(given["bytes"]) is int
        and _matches(_SHA256, given["sha256"])
    ):
        raise InvalidInputError(f"The member {MANIFEST} does not give size and SHA-256 of {name!r:.100}.")
    return ArchiveMember(**given)


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value < 2**63


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
