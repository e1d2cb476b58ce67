"""What may only be read, or not even that: one message that says which place it is and what to do. What can be read, is."""

import re
from pathlib import Path

import pytest

_READING = {"open", "list", "read points", "read a table", "check"}
_SERIES = {"write points", "delete points", "compact"}


@pytest.fixture
def folder(filled_store):
    """The folder of a filled store; afterwards everything there may be written again."""
    urls, _ = filled_store()
    place = Path(urls[2].removeprefix("file:")).parent
    yield place
    for path in (place, *place.rglob("*")):
        path.chmod(0o755)


def forbid(folder, mode):
    for path in (*folder.rglob("*"), folder):
        path.chmod(path.stat().st_mode & ~mode)


def visit(zygote, folder):
    """What came of each action of somebody who may do what the permissions say."""
    forked = zygote.fork("visiting:visit", folder=str(folder))
    return dict(forked.finish())


@pytest.mark.parametrize(
    ("place", "refused", "message"),
    [
        (
            "series",
            _SERIES,
            r"StoreError: The series store \S+/series failed: .*Permission denied.* folder is .*writable",
        ),
        (
            "objects",
            {"keep an object"},
            r"StoreError: The object store \S+/objects failed: Permission denied.* writable",
        ),
    ],
)
def test_what_may_be_read_is_read_and_what_may_not_be_written_is_told(zygote, folder, place, refused, message):
    forbid(folder / place, 0o222)
    outcome = visit(zygote, folder)
    assert {name for name, words in outcome.items() if words != "ok"} == refused
    for name in refused:
        assert re.match(message, outcome[name])
        assert "Nothing was changed" in outcome[name]


def test_a_database_file_that_may_only_be_read_is_read(zygote, folder):
    """While its folder may be written, where SQLite keeps what is not in the file yet."""
    forbid(folder / "enstorage.sqlite", 0o222)
    outcome = visit(zygote, folder)
    assert {name for name in _READING if outcome[name] != "ok"} == set()
    assert re.match(r"StoreError: .* can only be read.*Nothing was changed\. Change the permissions", outcome["save"])


def test_a_folder_that_may_not_be_written_is_read(zygote, folder):
    forbid(folder, 0o222)
    outcome = visit(zygote, folder)
    assert {name for name in _READING if outcome[name] != "ok"} == set()
    assert {name for name, words in outcome.items() if words != "ok"} == {"save", "keep an object", *_SERIES}
    assert re.match(r"StoreError: .* can only be read.*Nothing was changed", outcome["save"])
    assert not any("\n" in words for words in outcome.values())


def test_a_folder_that_may_not_even_be_read_is_refused_at_once(zygote, folder):
    forbid(folder, 0o777)
    outcome = visit(zygote, folder)
    assert list(outcome) == ["open"]
    message = r"the file cannot be opened.*Check that its folder is there, and that you may read and write both"
    assert re.match(f"StoreError: The database .*{message}", outcome["open"])
    assert "\n" not in outcome["open"]
