"""Bounds of what a file says of itself, looked at before the bytes are unpacked: small files must not fill the memory."""

import io
import json
import math
import zipfile
from typing import Any

import numpy as np

from enstorage.errors import UntrustedError
from enstorage.settings import limit

_FREE_BYTES = 64 << 20


def open_archive(content: bytes, what: str) -> zipfile.ZipFile:
    """A zip archive whose members together unpack to a bounded number of bytes.

    Args:
        content: the archive.
        what: it is, as messages name it.

    Raises:
        UntrustedError: they unpack to more, or one stands twice.
        zipfile.BadZipFile: it is no archive.
    """
    archive = zipfile.ZipFile(io.BytesIO(content))
    names = archive.namelist()
    if len(set(names)) != len(names):
        raise UntrustedError(f"{what} has a member twice; expected each once. Save the model again.")
    check_size(sum(info.file_size for info in archive.infolist()), len(content), what)
    return archive


def check_size(unpacked: int, packed: int, what: str) -> None:
    """Refuse bytes that unpack to many more.

    Raises:
        UntrustedError: they do.
    """
    most = max(_FREE_BYTES, limit("max_object_ratio") * packed)
    if unpacked > most:
        raise UntrustedError(
            f"{what} unpacks to {unpacked} bytes; expected at most {most} from a file of {packed}. If you trust whoever "
            "made it, raise the setting max_object_ratio."
        )


def read_json(content: bytes, what: str) -> Any:
    """The value in JSON of a bounded number of values.

    Raises:
        UntrustedError: there are more.
        ValueError: it is no JSON.
    """
    most, count = limit("max_object_parts"), sum(content.count(sign) for sign in (b",", b"[", b"{"))
    if count > most:
        raise UntrustedError(
            f"{what} has about {count} values; expected at most {most}. If you trust whoever made it, raise the setting "
            "max_object_parts."
        )
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def check_arrays(archive: zipfile.ZipFile, what: str) -> None:
    """Refuse `.npy` members whose headers claim another size than they have.

    Raises:
        UntrustedError: one does.
        ValueError: a header cannot be read.
    """
    for info in archive.infolist():
        if not info.filename.endswith(".npy"):
            continue
        with archive.open(info) as member:
            major, _ = np.lib.format.read_magic(member)
            read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
            shape, _, kind = read(member)
            rest = info.file_size - member.tell()
        if math.prod(shape) * kind.itemsize != rest:
            raise UntrustedError(
                f"{what} has the array {info.filename} of shape {shape} in {rest} bytes, which hold another one. The file "
                "was damaged or made on purpose: do not use it."
            )


def check_times_read(config: Any, archive: zipfile.ZipFile, what: str) -> None:
    """Refuse a description that reads the members of its archive again and again.

    Raises:
        UntrustedError: what is read together is too much.
    """
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    total, waiting = 0, [config]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            name = each.get("file")
            total += sizes.get(name, 0) if isinstance(name, str) else 0
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    check_size(total, sum(sizes.values()), what)
