"""Every object store keeps the same promises; so do the tables in it."""

import numpy as np
import polars as pl
import pytest

from enstorage.errors import CorruptError, NotSupportedError, StoreError
from enstorage.objects.base import find_objects
from enstorage.objects.folder import FolderObjects
from enstorage.objects.table import content_sha256, from_parquet, to_parquet
from enstorage.testing import ObjectStoreContract


class TestFolder(ObjectStoreContract):
    def make_store(self, place):
        return FolderObjects(str(place))

    def overwrite(self, place, sha256, content):
        (place / sha256[:2] / sha256[2:]).write_bytes(content)


def test_nothing_half_written_stays_when_the_disk_refuses(tmp_path, monkeypatch):
    objects = FolderObjects(str(tmp_path))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"failed: No space left on device.*Nothing was changed.*disk is not full"):
        objects.put(b"too much")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"object store .*failed: Not a directory.*readable and writable"):
        find_objects(f"file:{tmp_path}/file/objects")()


@pytest.mark.parametrize("url", ["s3://bucket", "file", "file:", "file:s3://bucket", "", "ftp:x"])
def test_an_unknown_object_store_is_refused(url):
    with pytest.raises(NotSupportedError, match=r"names no object store; known is file:FOLDER"):
        find_objects(url)


def test_a_table_comes_back_from_parquet_as_it_was():
    table = pl.DataFrame(
        {"time": [-(2**62), 1], "value": [float("nan"), -0.0], "step": pl.Series([1, None], dtype=pl.Int32)}
    )
    back = from_parquet(to_parquet(table))
    assert back.schema == table.schema
    assert back.equals(table)
    assert content_sha256(back) == content_sha256(table)


@pytest.mark.parametrize("content", [b"", b"not parquet", to_parquet(pl.DataFrame({"a": [1]}))[:-9]])
def test_bytes_that_are_no_table_are_told(content):
    with pytest.raises(CorruptError, match="cannot be read as Parquet"):
        from_parquet(content)


@pytest.mark.parametrize(
    "other",
    [
        {"a": [1, 3], "b": [0.5, None]},
        {"a": [1, 2], "b": [0.5, 0.0]},
        {"a": [1, 2], "c": [0.5, None]},
        {"a": [1.0, 2.0], "b": [0.5, None]},
        {"b": [0.5, None], "a": [1, 2]},
        {"a": [1], "b": [0.5]},
        {"a": [2, 1], "b": [None, 0.5]},
    ],
)
def test_the_hash_of_a_table_covers_names_types_order_and_missing_values(other):
    table = pl.DataFrame({"a": [1, 2], "b": [0.5, None]})
    assert content_sha256(table) == content_sha256(table.rechunk().clone())
    assert content_sha256(table) != content_sha256(pl.DataFrame(other))


def test_the_hash_of_a_table_does_not_see_how_it_was_put_together():
    whole = pl.DataFrame({"a": np.arange(10), "b": np.arange(20.0).reshape(10, 2)})
    assert content_sha256(pl.concat([whole[:3], whole[3:]], rechunk=False)) == content_sha256(whole)
