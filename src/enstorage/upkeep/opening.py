"""Checks that the content of a record can be read: the rules of both `check` and an import."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from enstorage.entity._record import Record
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_set import DataSet
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.model import Model
from enstorage.errors import CorruptError, EnstorageError, NotFoundError
from enstorage.upkeep.marks import check_mark

# The member that the archive of a format has. Objects are not opened here: that may take long, or need a library.
_ARCHIVES = {"skops": "schema.json", "keras": "config.json"}


def check_opening(record: Record) -> None:
    """Compute again what can be computed again, read all else, and compare it with what the record says of it.

    A record without such content passes.

    Raises:
        CorruptError: the message says what does not open.
    """
    for read in _ways(record):
        try:
            with suppress(NotFoundError):  # a fact that it has not, such as weights of a method without
                read()
        except EnstorageError:
            raise
        except Exception as error:
            raise CorruptError(
                f"What {record} keeps cannot be read: {type(error).__name__}: {str(error)[:100]}. It was changed by another "
                "program. Restore it from a backup, or make it again."
            ) from error


def _ways(record: Record) -> Iterator[Callable[[], Any]]:
    match record:
        case DataPreparation():
            yield from (record.prepare, lambda: record.transform)
        case DataSet():
            yield from (record.verify, lambda: _read_samples(record))
        case Model():
            if record.object_sha256 is not None:
                yield lambda: _check_object(record)
            yield from (record.metas, record.curves, record.forecasts)
        case Ensemble():
            if record.object_sha256 is not None:
                yield lambda: _check_object(record)
            if record.formed is not None:
                yield record.tried
            if record.result is not None:
                yield lambda: check_mark(record)
                yield from (record.labelled_result, record.alignment, record.metrics, record.intervals)
                yield from (record.weights, record.dropped, record.warnings, record.table, record.forecasts)
                if record.rendered_result().diagnosis is not None:
                    yield record.diagnosis


def _read_samples(data_set: DataSet) -> None:
    opened = DataSet.get(data_set.id, connector=data_set.connector)
    opened.arrays("train")
    opened.targets("train")


def _check_object(record: Model | Ensemble) -> None:
    assert record.object_sha256 is not None  # noqa: S101 - called for such records alone
    content = record.connector.objects.get(record.object_sha256)
    size = record.object_bytes if isinstance(record, Model) else len(content)
    if size != len(content):
        raise CorruptError(
            f"The object of {record} has {len(content)} bytes; expected {size}. Restore the database from a backup."
        )
    if not _is_of(record.object_format, content):
        raise CorruptError(
            f"The object of {record} is none of the format {record.object_format!r}. Restore the database from a backup."
        )


def _is_of(form: str | None, content: bytes) -> bool:
    """True unless the bytes cannot be of a format of ours."""
    names: list[str] = []
    with suppress(zipfile.BadZipFile, ValueError, NotImplementedError):
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    if form in _ARCHIVES:
        return _ARCHIVES[form] in names
    if form in ("refit", "local"):
        return content.startswith(b"{")
    return form != "onnx" or not (names or content.startswith(b"{"))
