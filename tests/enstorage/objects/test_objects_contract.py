"""Every object store keeps the same promises; so do the tables in it."""

import hashlib
import os
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import fsspec
import numpy as np
import polars as pl
import pytest

from enstorage.errors import CorruptError, InvalidInputError, MissingLibraryError, NotSupportedError, StoreError
from enstorage.objects.choose import find_objects
from enstorage.objects.folder import FolderObjects
from enstorage.objects.fsspec import FsspecObjects
from enstorage.objects.table import content_sha256, from_parquet, to_parquet
from enstorage.testing import ObjectStoreContract


class TestFolder(ObjectStoreContract):
    def make_store(self, place):
        return FolderObjects(str(place))

    def overwrite(self, place, sha256, content):
        (place / sha256[:2] / sha256[2:]).write_bytes(content)


class TestS3(ObjectStoreContract):
    @pytest.fixture(autouse=True)
    def in_a_bucket(self, bucket):
        self.bucket = bucket

    def make_store(self, place):
        return FsspecObjects(f"s3://{self.bucket}/some/objects")

    def overwrite(self, place, sha256, content):
        fsspec.filesystem("s3").pipe_file(f"{self.bucket}/some/objects/{sha256[:2]}/{sha256[2:]}", content)


class TestMemory(ObjectStoreContract):
    @pytest.fixture(autouse=True)
    def in_a_folder(self):
        self.folder = f"memory://{uuid4().hex}"

    def make_store(self, place):
        return FsspecObjects(self.folder)

    def overwrite(self, place, sha256, content):
        fsspec.filesystem("memory").pipe_file(f"{self.folder}/{sha256[:2]}/{sha256[2:]}", content)


class TestRenaming(ObjectStoreContract):
    """A driver whose files appear while they are written, as those of SFTP do."""

    def make_store(self, place):
        return FsspecObjects(f"local://{place}")

    def overwrite(self, place, sha256, content):
        (place / sha256[:2] / sha256[2:]).write_bytes(content)


def test_nothing_half_written_stays_when_the_disk_refuses(tmp_path, monkeypatch):
    objects = FolderObjects(str(tmp_path))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(
        StoreError, match=r"the disk is full \(No space left on device\)\. Nothing was changed.*Make room"
    ):
        objects.put(b"too much")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"object store .*failed: Not a directory.*readable and writable"):
        find_objects(f"file:{tmp_path}/file/objects")()


@pytest.mark.parametrize("url", ["", "ftp:x", "fsspec:x", "nonsense://x", "simplecache::s3://bucket/x"])
def test_an_unknown_object_store_is_refused(url):
    with pytest.raises(NotSupportedError, match=r"names no object store; known are file: and .* s3://BUCKET/FOLDER"):
        find_objects(url)


@pytest.mark.parametrize("url", ["file", "file:", "file:s3://bucket", "file:///x"])
def test_a_malformed_url_of_a_folder_is_refused(url):
    with pytest.raises(InvalidInputError, match=r"is not the URL of a folder; expected file:FOLDER, a path without //"):
        find_objects(url)


@pytest.mark.parametrize("url", ["s3://", "s3:///", "s3://?anon=true", "s3://bucket?anon", "s3://bucket?=x"])
def test_a_url_without_a_place_or_with_half_an_option_is_refused(url):
    with pytest.raises(InvalidInputError, match=r"names no place; expected|has no value; expected options"):
        find_objects(url)()


def test_a_driver_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(MissingLibraryError, match=r"gs:// need the library 'gcsfs', .* pip install gcsfs"):
        find_objects("gs://bucket/objects")


def test_options_of_the_url_reach_the_driver_and_are_never_shown(s3, bucket, monkeypatch):
    for name in s3.variables:
        monkeypatch.delenv(name)
    endpoint = urllib.parse.quote(s3.endpoint, safe="")
    objects = find_objects(f"s3://{bucket}/a?endpoint_url={endpoint}&key=me&secret=pass%2Fwo+rd&use_ssl=false")()
    objects.claim("a" * 32)
    assert objects.get(objects.put(b"content")) == b"content"
    assert repr(objects) == f"s3://{bucket}/a"
    with pytest.raises(CorruptError) as caught:
        objects.get("0" * 64)
    assert not any(secret in str(caught.value) for secret in ("me&", "pass", "127.0.0.1"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://no-such-bucket/x?key=me&secret=password1", "The specified bucket does not exist"),
        ("s3://bucket/x?key=me&secret=password1&endpoint_url=http%3A%2F%2F127.0.0.1%3A1", "Could not connect"),
        ("s3://bucket/x?key=me&secret=password1&endpoint_url=nonsense", "Invalid endpoint"),
        ("s3://bucket/x?key=me&secret=password1&no_such_option=1", "no_such_option"),
        ("local:///proc/no/such", "No such file"),
    ],
)
def test_a_place_that_cannot_be_reached_is_one_message_without_secrets(s3, url, words):
    with pytest.raises(
        StoreError, match=rf"object store .* failed: .*{words}.*Check that the bucket or folder"
    ) as caught:
        find_objects(url)().claim("a" * 32)
    assert "\n" not in str(caught.value)
    assert "password1" not in str(caught.value)


def test_what_the_server_does_not_allow_is_one_message(s3, bucket):
    objects = FsspecObjects(f"s3://{bucket}/x")
    sha256 = objects.put(b"content")
    forbidden = FsspecObjects(f"s3://{bucket}/x?anon=true")

    class Refusing:
        def __getattr__(self, name):
            raise PermissionError("Access Denied")

    forbidden._shared = os.getpid(), Refusing()
    for use in (forbidden.get, forbidden.has, forbidden.delete):
        with pytest.raises(StoreError, match=r"failed: not permitted: Access Denied.*credentials may read and write"):
            use(sha256)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_of_two_databases_that_claim_a_place_at_once_one_gets_it(kind, tmp_path, request):
    url = f"file:{tmp_path}" if kind == "folder" else f"s3://{request.getfixturevalue('bucket')}/x"
    stores, barrier = [find_objects(url)() for _ in range(6)], threading.Barrier(6)

    def claim(number):
        barrier.wait(10)
        try:
            stores[number].claim(str(number) * 32)
        except StoreError:
            return None
        return number

    with ThreadPoolExecutor(6) as pool:
        (winner,) = set(pool.map(claim, range(6))) - {None}
    stores[(winner + 1) % 6].claim(str(winner) * 32)


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_claim_that_another_process_just_made_is_not_replaced(kind, tmp_path, request, monkeypatch):
    url = f"file:{tmp_path}" if kind == "folder" else f"s3://{request.getfixturevalue('bucket')}/x"
    quick, slow = find_objects(url)(), find_objects(url)()
    answers = [None]  # looked for just before the quick one left its id
    look = slow._owner
    monkeypatch.setattr(slow, "_owner", lambda: answers.pop() if answers else look())
    quick.claim("a" * 32)
    with pytest.raises(StoreError, match=f"belongs to the database with the id {'a' * 32}"):
        slow.claim("b" * 32)
    assert answers == []
    quick.claim("a" * 32)


def test_a_disk_without_links_can_be_claimed(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    objects = FolderObjects(str(tmp_path))
    objects.claim("a" * 32)
    objects.claim("a" * 32)
    with pytest.raises(StoreError, match="belongs to the database"):
        FolderObjects(str(tmp_path)).claim("b" * 32)
    assert list((tmp_path / "new").iterdir()) == []


def test_what_a_driver_listed_a_moment_ago_is_not_believed(bucket, monkeypatch):
    objects, other = (FsspecObjects(f"s3://{bucket}/x") for _ in range(2))
    sha256 = objects.put(b"content")
    # Another thread may list just after this one had the list forgotten.
    monkeypatch.setattr(type(objects._filesystem), "invalidate_cache", lambda *arguments, **options: None)
    assert list(objects.hashes()) == [sha256]
    other.delete(sha256)
    assert not objects.has(sha256)
    assert list(objects.hashes()) == []


def test_an_object_that_is_touched_while_it_is_being_deleted_stays(tmp_path, monkeypatch):
    objects, rename = FolderObjects(str(tmp_path)), Path.rename
    sha256 = objects.put(b"content")
    os.utime(tmp_path / sha256[:2] / sha256[2:], (0, 0))

    def touch_and_rename(path, target):
        objects.put(b"content")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", touch_and_rename)
    assert not objects.delete(sha256, unless_touched_since=datetime.now(UTC) - timedelta(hours=1))
    assert objects.get(sha256) == b"content"


def test_an_object_that_is_deleted_while_it_is_being_touched_is_written_anew(tmp_path, monkeypatch):
    objects, utime = FolderObjects(str(tmp_path)), os.utime
    sha256 = objects.put(b"content")

    def delete_and_touch(path, *arguments):
        objects.delete(sha256)
        utime(path, *arguments)

    monkeypatch.setattr(os, "utime", delete_and_touch)
    assert objects.put(b"content") == sha256
    assert objects.get(sha256) == b"content"


@pytest.mark.parametrize("scheme", ["file:", "local://"])
def test_what_killed_writes_left_is_cleared_when_it_is_old(tmp_path, scheme):
    objects = find_objects(f"{scheme}{tmp_path}")()
    sha256 = objects.put(b"content")
    (tmp_path / "new").mkdir(exist_ok=True)
    for name, age in (("old", 7200), ("young", 0)):
        (tmp_path / "new" / name).write_bytes(b"12345")
        os.utime(tmp_path / "new" / name, (time.time() - age,) * 2)
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    assert objects.clear_unfinished(an_hour_ago, delete=False) == (1, 5)
    assert objects.clear_unfinished(an_hour_ago, delete=True) == (1, 5)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["young"]
    assert objects.get(sha256) == b"content"


def test_other_files_in_the_place_are_no_objects(tmp_path):
    objects = FolderObjects(str(tmp_path))
    sha256 = objects.put(b"content")
    for name in ("notes.txt", f"{sha256[:2]}/notes.txt", f"{sha256[:2]}/{sha256[2:]}.bak"):
        (tmp_path / name).write_bytes(b"")
    assert list(objects.hashes()) == [sha256]
    assert list(FsspecObjects(f"local://{tmp_path}").hashes()) == [sha256]


WRITER = """
import sys
from enstorage.objects.choose import find_objects

objects = find_objects(sys.argv[1])()
objects.claim("a" * 32)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(8):
    assert objects.get(objects.put(bytes([turn % 6, int(sys.argv[2]) % 2]) * 100_000)) is not None
"""


@pytest.mark.slow
def test_processes_that_put_to_s3_at_once_lose_nothing(bucket):
    url = f"s3://{bucket}/objects"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, url, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for worker in range(3)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 3
    objects = find_objects(url)()
    expected = {hashlib.sha256(bytes([turn, half]) * 100_000).hexdigest() for turn in range(6) for half in range(2)}
    assert set(objects.hashes()) == expected
    assert all(len(objects.get(each)) == 200_000 for each in expected)


@pytest.mark.slow
def test_a_forked_process_goes_on_with_the_store(bucket):
    objects = find_objects(f"s3://{bucket}/objects")()
    sha256 = objects.put(b"of the parent")
    child = os.fork()
    if not child:
        found = objects.get(sha256) == b"of the parent" and objects.put(b"of the child")
        os._exit(0 if found else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert objects.get(hashlib.sha256(b"of the child").hexdigest()) == b"of the child"


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
