"""`ObjectStoreContract`: what every object store promises, as tests."""

# ruff: noqa: S101 - tests assert

import hashlib
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from enstorage.errors import CorruptError, InvalidInputError
from enstorage.objects.base import ObjectStore

_HASH = hashlib.sha256(b"never stored").hexdigest()


class ObjectStoreContract(ABC):
    """Every promise of `enstorage.objects.base.ObjectStore`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and give `make_store` and `overwrite`.
    """

    @abstractmethod
    def make_store(self, place: Path) -> ObjectStore:
        """Open the store of a place, empty the first time; called again it gives another instance of the same store."""

    @abstractmethod
    def overwrite(self, place: Path, sha256: str, content: bytes) -> None:
        """Put other bytes under a hash, behind the back of the store, as a failing disk would."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """Where the store of one test is."""
        return tmp_path / "objects"

    @pytest.fixture
    def objects(self, place: Path) -> ObjectStore:
        """An empty store."""
        return self.make_store(place)

    @pytest.mark.parametrize("content", [b"", b"\x00", b"text\r\n", bytes(range(256)) * 5000])
    def test_what_was_put_is_got(self, objects: ObjectStore, place: Path, content: bytes) -> None:
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

    @pytest.mark.parametrize("damaged", [b"whole content, changed", b"whole", b""])
    def test_damaged_bytes_are_never_given_out(self, objects: ObjectStore, place: Path, damaged: bytes) -> None:
        """A flipped bit or a cut file is told from what was stored."""
        sha256 = objects.put(b"whole content")
        self.overwrite(place, sha256, damaged)
        with pytest.raises(CorruptError, match=f"{sha256}.* is damaged: its bytes have another hash.*backup"):
            objects.get(sha256)

    def test_missing_bytes_are_told(self, objects: ObjectStore) -> None:
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
        """Only 64 lower-case hexadecimal digits are an address; nothing else is even looked for."""
        (place.parent / "secret").write_bytes(b"secret")
        with pytest.raises(InvalidInputError, match="is not a SHA-256; expected 64 lower-case hexadecimal digits"):
            objects.get(name)
