"""`StoredFile`: files that work takes or gives: bytes of the object store under a name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from enstorage import Connector
from enstorage.errors import NotFoundError
from enstorage.writing import temporary_folder

_LONGEST_NAME = 60  # of at most 240 bytes


class StoredFile(BaseModel):
    """A file whose bytes are in the object store, as an upload leaves them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of its bytes.")]
    name: Annotated[
        str, Field(min_length=1, max_length=255, description="Its name, with the ending that says its form.")
    ]


def check_stored(file: StoredFile, connector: Connector) -> None:
    """Raise an error for a file whose bytes are not stored.

    Raises:
        NotFoundError: they are not.
    """
    if not connector.objects.has(file.object):
        raise NotFoundError(
            f"No upload has the SHA-256 {file.object[:12]}…; unused uploads are freed after a day. Upload the file again.",
            field="file",
        )


@contextmanager
def opened(file: StoredFile, connector: Connector) -> Iterator[Path]:
    """The path of a temporary copy of a stored file, with its name."""
    check_stored(file, connector)
    with temporary_folder() as folder:
        path = folder / plain_name(file.name)
        path.write_bytes(connector.objects.get(file.object))
        yield path


def kept(content: bytes, name: str, media_type: str, connector: Connector) -> dict[str, Any]:
    """Store bytes that work gave, for a download; `gc` frees them a day later."""
    (sha256,) = connector.put([content])
    return {"object": sha256, "name": plain_name(name), "bytes": len(content), "media_type": media_type}


def plain_name(name: str) -> str:
    """A name that is safe as the name of a file, with the same ending."""
    safe = "".join(each if each.isalnum() or each in "-_. " else "_" for each in Path(name.replace("\\", "/")).name)
    return safe.strip(". ")[-_LONGEST_NAME:] or "file"
