"""`ObjectStoreContract`: the promises of every object store, as tests."""

# ruff: noqa: S101 - tests assert

import hashlib
import time
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from enstorage.errors import CorruptError, InvalidInputError, StoreError
from enstorage.objects.base import ObjectStore
from enstorage.objects.choose import class_of

# Some stores round times to the second.
_TICK = timedelta(seconds=1)

_HASH = hashlib.sha256(b"never stored").hexdigest()


class ObjectStoreContract(ABC):
    """Every promise of `enstorage.objects.base.ObjectStore`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `make_store` and `overwrite`.
    """

    @abstractmethod
    def make_store(self, place: Path) -> ObjectStore:
        """Open the store of a place, empty the first time; another call returns another instance of the same store."""

    @abstractmethod
    def overwrite(self, place: Path, sha256: str, content: bytes) -> None:
        """Put other bytes under a hash without using the store, as a failing disk would."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """The place of the store of one test."""
        return tmp_path / "objects"

    @pytest.fixture
    def objects(self, place: Path) -> ObjectStore:
        """An empty store."""
        return self.make_store(place)

    def test_it_is_found_by_the_scheme_that_it_shows(self, objects: ObjectStore) -> None:
        """The `repr` of a store is its URL, and its scheme determines the class."""
        assert class_of(str(objects)) is type(objects)

    @pytest.mark.parametrize("content", [b"", b"\x00", b"text\r\n", bytes(range(256)) * 5000])
    def test_stored_bytes_are_read_back(self, objects: ObjectStore, place: Path, content: bytes) -> None:
        """Under its SHA-256, from any instance."""
        sha256 = objects.put(content)
        assert sha256 == hashlib.sha256(content).hexdigest()
        assert objects.get(sha256) == content
        assert self.make_store(place).get(sha256) == content

    def test_equal_bytes_are_stored_once(self, objects: ObjectStore, place: Path) -> None:
        """The hash is the address."""
        assert objects.put(b"same") == objects.put(b"same") == self.make_store(place).put(b"same")
        other = objects.put(b"other")
        assert sorted(objects.hashes()) == sorted([hashlib.sha256(b"same").hexdigest(), other])

    def test_threads_that_put_at_once_lose_nothing(self, objects: ObjectStore) -> None:
        """Equal and different bytes, from four threads."""
        contents = [bytes([number % 7]) * 1000 for number in range(28)]
        with ThreadPoolExecutor(4) as pool:
            hashes = list(pool.map(objects.put, contents))
        assert [objects.get(each) for each in hashes] == contents
        assert sorted(objects.hashes()) == sorted(set(hashes))

    def test_it_lists_its_objects(self, objects: ObjectStore, place: Path) -> None:
        """Hash, bytes and time of each object; another instance's writes and deletions are seen at once."""
        before = datetime.now(UTC) - _TICK
        assert list(objects.stored()) == []
        sha256, other = objects.put(b"content"), self.make_store(place)
        (stored,) = objects.stored()
        assert (stored.sha256, stored.bytes) == (sha256, 7)
        assert before <= stored.touched_at <= datetime.now(UTC) + _TICK
        later = other.put(b"later")
        assert objects.has(sha256)
        assert objects.has(later)
        assert not objects.has(_HASH)
        assert {each.sha256: each.bytes for each in objects.stored()} == {sha256: 7, later: 5}
        assert other.delete(later)
        assert not objects.has(later)
        assert list(objects.hashes()) == [sha256]

    def test_putting_again_touches(self, objects: ObjectStore) -> None:
        """So a clean-up of old objects leaves it."""
        sha256 = objects.put(b"content")
        (first,) = objects.stored()
        time.sleep(1.1 * _TICK.total_seconds())
        objects.put(b"content")
        (again,) = objects.stored()
        assert again.touched_at > first.touched_at
        assert not objects.delete(sha256, unless_touched_since=again.touched_at)
        assert objects.get(sha256) == b"content"
        assert objects.delete(sha256, unless_touched_since=again.touched_at + _TICK)
        assert not objects.has(sha256)

    def test_what_was_deleted_is_gone_and_can_be_put_again(self, objects: ObjectStore) -> None:
        """No other object is deleted; deleting it twice is not an error."""
        sha256, other = objects.put(b"content"), objects.put(b"other")
        assert objects.delete(sha256)
        assert not objects.delete(sha256)
        assert list(objects.hashes()) == [other]
        with pytest.raises(CorruptError, match=f"{sha256} is missing"):
            objects.get(sha256)
        objects.put(b"content")
        assert objects.get(sha256) == b"content"

    def test_threads_that_put_and_delete_at_once_never_see_half_an_object(self, objects: ObjectStore) -> None:
        """An object exists completely or not at all, and no temporary file is left."""
        content = bytes(range(256)) * 500
        sha256 = hashlib.sha256(content).hexdigest()

        def work(turn: int) -> None:
            objects.put(content) if turn % 2 else objects.delete(sha256)
            found = objects._read(sha256)
            assert found in (None, content)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(40)))
        objects.put(content)
        assert objects.get(sha256) == content
        assert objects.clear_unfinished(datetime.now(UTC) + 2 * _TICK, delete=True) == (0, 0)

    def test_finished_writes_leave_nothing_to_clear(self, objects: ObjectStore) -> None:
        """Neither objects nor the claim count as unfinished."""
        objects.claim("a" * 32)
        sha256 = objects.put(b"content")
        for delete in (False, True):
            assert objects.clear_unfinished(datetime.now(UTC) + 2 * _TICK, delete=delete) == (0, 0)
        assert objects.get(sha256) == b"content"
        objects.claim("a" * 32)

    def test_a_place_belongs_to_the_first_database_that_claims_it(self, objects: ObjectStore, place: Path) -> None:
        """The same database may claim it again, from any instance; another one is refused."""
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(objects.claim, ["a" * 32] * 8))
        self.make_store(place).claim("a" * 32)
        for each in (objects, self.make_store(place)):
            with pytest.raises(
                StoreError, match=f"belongs to the database with the id {'a' * 32}; .*{'b' * 32}.*choose"
            ):
                each.claim("b" * 32)
        objects.claim("a" * 32)
        assert list(objects.hashes()) == []

    @pytest.mark.parametrize("damaged", [b"whole content, changed", b"whole", b""])
    def test_damaged_bytes_are_never_returned(self, objects: ObjectStore, place: Path, damaged: bytes) -> None:
        """A flipped bit or a truncated file is detected."""
        sha256 = objects.put(b"whole content")
        self.overwrite(place, sha256, damaged)
        with pytest.raises(CorruptError, match=f"{sha256}.* is damaged: its bytes have another hash.*backup"):
            objects.get(sha256)
        objects.put(b"whole content")
        assert objects.get(sha256) == b"whole content"

    def test_missing_bytes_are_reported(self, objects: ObjectStore) -> None:
        """The message names the hash and the remedy."""
        with pytest.raises(CorruptError, match=f"{_HASH} is missing.*backup"):
            objects.get(_HASH)
        assert list(objects.hashes()) == []

    @pytest.mark.parametrize(
        "name",
        [
            "../secret",
            "../" * 21 + "x",
            "/etc/passwd",
            "%2e%2e%2fsecret",
            "%252e%252e%252f",
            "secret\x00",
            _HASH[:-1] + "\x00",
            "C:\\secret",
            "\\\\host\\share",
            _HASH.upper(),
            _HASH + "\n",
            _HASH[:-1],
            _HASH + "0",
            _HASH[:-4] + "/../",
            "#;",
            "",
        ],
    )
    def test_a_name_is_never_a_path(self, objects: ObjectStore, place: Path, name: str) -> None:
        """Only 64 lower-case hexadecimal digits are an address; any other name is refused."""
        (place.parent / "secret").write_bytes(b"secret")
        for use in (objects.get, objects.has, objects.delete):
            with pytest.raises(InvalidInputError, match="is not a SHA-256; expected 64 lower-case hexadecimal digits"):
                use(name)
        assert (place.parent / "secret").read_bytes() == b"secret"
