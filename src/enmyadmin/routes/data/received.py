"""Files that requests bring, as a body or in a form: kept beside the memory, and bounded."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.writing import temporary_folder

#: The ending of a file by the media type of a body; forms name their files.
ENDINGS = {
    "text/csv": ".csv",
    "text/plain": ".lp",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/octet-stream": "",
}
_PACKED = {"gzip": ".gz", "zstd": ".zst"}
_KNOWN = {
    ".csv",
    ".tsv",
    ".txt",
    ".lp",
    ".parquet",
    ".pq",
    ".xlsx",
    ".xlsm",
    ".keras",
    ".skops",
    ".onnx",
    ".enz",
    ".json",
}
_FORM = "multipart/form-data"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """A file that a request brought.

    Attributes:
        path: of a temporary copy; its ending says its form, the rest of its name nothing.
        name: as the client calls it; any text.
        bytes: its size.
    """

    path: Path
    name: str
    bytes: int

    @property
    def is_lines(self) -> bool:
        """True for InfluxDB's line protocol."""
        return ".lp" in self.path.suffixes


@asynccontextmanager
async def received(request: Request, most: int) -> AsyncIterator[Received]:
    """The file of a request: its body, or the part `file` of a form.

    Args:
        request: the request.
        most: most bytes.

    Raises:
        HTTPException: it is larger, or of a media type that is not known.
        InvalidInputError: there is none.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    with temporary_folder(prefix="enstorage-upload-") as folder, naming_no_folder(folder):
        if media == _FORM:
            async with request.form(max_files=1, max_fields=20) as form:
                part = form.get("file")
                if not isinstance(part, UploadFile):
                    raise InvalidInputError("The form has no file; expected one in its part `file`.", field="file")
                path = folder / f"upload{ending_of(part.filename or '')}"
                count = await _save(path, _chunks(part), most)
                yield Received(path, part.filename or "", count)
            return
        if media not in ENDINGS:
            raise HTTPException(
                415, f"The media type {media!r:.60} is not known; expected one of {', '.join((*ENDINGS, _FORM))}."
            )
        packing = request.headers.get("content-encoding", "identity").lower()
        if packing not in (*_PACKED, "identity"):
            raise HTTPException(
                415, f"The encoding {packing!r:.40} is not known; expected one of {', '.join(_PACKED)}."
            )
        path = folder / f"upload{ENDINGS[media]}{_PACKED.get(packing, '')}"
        count = await _save(path, request.stream(), most)
        yield Received(path, "", count)


@contextmanager
def naming_no_folder(folder: Path) -> Iterator[None]:
    """Inside the block, messages of errors name a file in a folder of the server without the folder."""
    try:
        yield
    except EnstorageError as error:
        error.args = tuple(str(each).replace(f"{folder}/", "") for each in error.args)
        raise


async def _chunks(part: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await part.read(_CHUNK):
        yield chunk


async def _save(path: Path, chunks: AsyncIterator[bytes], most: int) -> int:
    count = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            count += len(chunk)
            if count > most:
                raise HTTPException(413, f"The file has more than {most} bytes, which is the most.")
            await run_in_threadpool(file.write, chunk)
    if not count:
        raise InvalidInputError("The file is empty; expected one with data.", field="file")
    return count


def ending_of(name: str) -> str:
    """The ending of a file by its name, which may be any text: one that is known, and that of its packing."""
    words = name.lower().rsplit(".", 2)
    packing = f".{words[-1]}" if len(words) > 1 and f".{words[-1]}" in _PACKED.values() else ""
    inner = f".{words[-2] if packing and len(words) > 2 else words[-1]}"
    return f"{inner if inner in _KNOWN else ''}{packing}"
