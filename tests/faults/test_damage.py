"""Files that are cut, changed or gone: reading says so in one message and never crashes, and `check` finds it."""

from pathlib import Path

import pytest
from amount import PAGES

import enstorage
from enstorage import Connector
from enstorage.errors import CorruptError

_COUNT = PAGES or 6
_PAGE = 4096
_WAYS = {"blank": "zeros", "noise": "random bytes"}


@pytest.fixture
def store_folder(filled_store):
    """The folder of a filled store."""
    urls, _ = filled_store()
    return Path(urls[2].removeprefix("file:")).parent


@pytest.fixture
def outcomes(zygote, store_folder):
    """A function that damages files of the store, one after the other, and tells what came of each."""

    def strike(damages):
        forked = zygote.fork("damaging:strike", folder=str(store_folder), damages=damages)
        forked.finish()
        assert forked.said("whole") == ["read"]
        # Else the process crashed; then its last damage is the one to look at.
        assert forked.said("finished"), forked.said("damage")[-1]
        for kind, words in forked.said("outcome"):
            if kind == "error":
                assert words.startswith(("CorruptError: ", "DatabaseCorruptError: ", "StoreError: "))
                assert "\n" not in words
                assert any(remedy in words for remedy in ("Restore", "Check", "enstorage check"))
        return forked.said("outcome")

    return strike


def sizes(folder, pattern):
    """The files of a kind, as the store names them, with their sizes."""
    return [(str(path.relative_to(folder)), path.stat().st_size) for path in sorted(folder.glob(pattern))]


def test_an_object_that_was_changed_or_cut_is_never_used_and_check_finds_it(store_folder, chance, figures):
    with Connector.in_folder(store_folder) as connector, figures("damage", "objects: a bit flipped, or cut") as row:
        hashes = sorted(connector.objects.hashes())
        for sha256 in hashes:
            path = store_folder / "objects" / sha256[:2] / sha256[2:]
            content = bytearray(path.read_bytes())
            if chance.random() < 0.5:
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            else:
                del content[chance.randrange(len(content)) :]
            path.write_bytes(content)
            with pytest.raises(CorruptError, match=f"{sha256} in .* is damaged: .* Restore it from a backup"):
                connector.objects.get(sha256)
        problems = "".join(finding.problem for finding in enstorage.check())
        assert [sha256 for sha256 in hashes if sha256 not in problems] == []
        row |= {"count": len(hashes), "found": len(hashes)}
    connector.close()


@pytest.mark.slow
def test_a_series_file_that_was_cut_is_told(store_folder, outcomes, chance, figures):
    files = sizes(store_folder, "series/*.parquet")
    damages = [(file, "cut", place) for file, size in files for place in (0, size // 2, size - 1)]
    damages += [(file, "cut", chance.randrange(size)) for file, size in chance.choices(files, k=_COUNT)]
    damages += [(file, "gone", 0) for file, _ in files]
    with figures("damage", "series: a file cut, or gone", count=len(damages)) as row:
        row["found"] = sum(kind != "read" for kind, _ in outcomes(damages))
    assert row["found"] == len(damages)


@pytest.mark.slow
def test_a_series_file_in_which_a_bit_was_flipped_does_no_harm_to_the_process(store_folder, outcomes, chance, figures):
    """Parquet keeps no checksums of live points: not every bit is noticed. Snapshots are, by their hashes."""
    files = sizes(store_folder, "series/*.parquet")
    damages = [(file, "flip", chance.randrange(size * 8)) for file, size in chance.choices(files, k=_COUNT)]
    with figures("damage", "series: a bit flipped", count=len(damages)) as row:
        row["found"] = sum(kind != "read" for kind, _ in outcomes(damages))


@pytest.mark.slow
@pytest.mark.parametrize("way", ["blank", "noise"])
@pytest.mark.parametrize("pattern", ["objects/??/*", "series/*.parquet", "series/_delta_log/*.json"])
def test_a_page_of_any_file_that_was_overwritten_is_told(store_folder, outcomes, chance, figures, pattern, way):
    files = [(file, size) for file, size in sizes(store_folder, pattern) if size]
    damages = [(file, way, chance.randrange(0, size, _PAGE)) for file, size in chance.choices(files, k=_COUNT)]
    title = f"{pattern.partition('/*')[0].removesuffix('/??')}: a page of {_WAYS[way]}"
    with figures("damage", title, count=_COUNT) as row:
        kinds = outcomes(damages)
        row["found"] = sum(kind != "read" for kind, _ in kinds)
        row["unharmed"] = kinds.count(["read", "same"])
    assert row["found"] + row["unharmed"] == _COUNT


@pytest.mark.slow
def test_an_entry_of_the_log_that_is_gone_or_cut_is_told(store_folder, outcomes, figures):
    files = sizes(store_folder, "series/_delta_log/*.json")
    damages = [(file, "gone", 0) for file, _ in files[:-1]] + [(file, "cut", size // 2) for file, size in files]
    with figures("damage", "series: an entry of the log gone, or cut", count=len(damages)) as row:
        row["found"] = sum(kind != "read" for kind, _ in outcomes(damages))
    assert row["found"] == len(damages)
    # What the last entry was is known to nobody else: without it the table is as it was before.
    assert outcomes([(files[-1][0], "gone", 0)]) == [["read", "other"]]


@pytest.mark.slow
def test_a_database_file_that_was_cut_is_told(store_folder, outcomes, chance, figures):
    ((file, size),) = sizes(store_folder, "*.sqlite")
    # Not within the last page, of which SQLite does not notice that it is shorter.
    damages = [(file, "cut", place) for place in (2, 100, size // 2, size - _PAGE)]
    damages += [(file, "cut", chance.randrange(2, size - _PAGE)) for _ in range(_COUNT)]
    with figures("damage", "SQLite: the file cut", count=len(damages)) as row:
        row["found"] = sum(kind != "read" for kind, _ in outcomes(damages))
    assert row["found"] == len(damages)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["blank", "flip"])
def test_a_database_page_that_was_changed_does_no_harm_to_the_process(store_folder, outcomes, chance, way, figures):
    """SQLite keeps no checksums: a changed text or number of a record is not noticed, unless it is one that is checked."""
    ((file, size),) = sizes(store_folder, "*.sqlite")
    places, step = (size * 8, 1) if way == "flip" else (size, _PAGE)
    damages = [(file, way, chance.randrange(0, places, step)) for _ in range(_COUNT)]
    with figures("damage", f"SQLite: {'a bit flipped' if way == 'flip' else 'a page of zeros'}", count=_COUNT) as row:
        kinds = outcomes(damages)
        row["found"] = sum(kind != "read" for kind, _ in kinds)
        row["unharmed"] = kinds.count(["read", "same"])
