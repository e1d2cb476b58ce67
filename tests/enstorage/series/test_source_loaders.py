"""Source loaders: what each promises, the one for CSV files, and one that breaks its promises."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from enstorage import DataSource, write_all
from enstorage.errors import InvalidInputError, StoreError
from enstorage.sources import CsvLoader, LoadedSeries, SourceLoader, Wanted, loader_from_json
from enstorage.testing import SourceLoaderContract

DAY = 86_400_000_000_000


def write(folder, name, levels):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"2024-01-0{day},{level}\n" for day, level in enumerate(levels, start=1)))


class TestCsvFile(SourceLoaderContract):
    def make_loader(self, place):
        write(place, "old bridge.csv", [1.5, 2, 3, 2.25])
        return CsvLoader(str(place / "old bridge.csv"))


class TestManyCsvFiles(SourceLoaderContract):
    def make_loader(self, place):
        for name in ("a.csv", "b.csv", "b.tsv"):
            write(place / "gauges", name, [1.5, 2, 3, 2.25])
        return CsvLoader(str(place / "gauges" / "*"))


def test_the_series_of_many_files_are_named_after_them_and_written_at_once(store, tmp_path):
    for number, name in enumerate(["north/a.csv", "north/b.csv", "south/a.csv"]):
        write(tmp_path, name, [number] * 3)
    loader = CsvLoader(str(tmp_path / "**" / "*.csv"))
    loaded = list(loader.load())
    assert [each.key for each in loaded] == ["north/a", "north/b", "south/a"]
    sources = [DataSource(name=each.name, time_interval="1d") for each in loaded]
    assert write_all(sources, [(each.times, each.values) for each in loaded]) == 9
    assert sources[2].read()[1].tolist() == [2, 2, 2]


def test_a_source_takes_a_loader_of_one_series(store, tmp_path):
    write(tmp_path, "a.csv", [1, 2])
    write(tmp_path, "b[1].csv", [3])
    source = DataSource(name="a")
    assert source.write(loader_from_json({"name": "csv", "path": str(tmp_path / "a*.csv")})) == 2
    assert source.write(str(tmp_path / "b[1].csv")) == 1  # a file whose name looks like a pattern
    with pytest.raises(InvalidInputError, match=r"csv path .* several series, such as 'a' and 'b\[1\]'; .*write_all"):
        source.write(CsvLoader(str(tmp_path / "*")))


def test_a_fingerprint_changes_with_the_files_that_are_loaded(tmp_path):
    write(tmp_path, "a.csv", [1, 2])
    loader = CsvLoader(str(tmp_path / "*.csv"))
    found = {loader.fingerprint()}
    pieces = [piece.fingerprint for piece in loader.load()]
    write(tmp_path, "b.csv", [1, 2])
    found.add(loader.fingerprint())
    assert [piece.fingerprint for piece in loader.load()] == pieces * 2
    write(tmp_path, "a.csv", [1, 3])
    found.add(loader.fingerprint())
    assert len(found) == 3


def test_files_that_cannot_be_read_are_told(tmp_path):
    with pytest.raises(InvalidInputError, match=r"does not exist; expected a table"):
        list(CsvLoader(str(tmp_path / "a.csv")).load())
    with pytest.raises(InvalidInputError, match=r"No file matches '.*\*\.csv'"):
        CsvLoader(str(tmp_path / "*.csv")).fingerprint()
    with pytest.raises(InvalidInputError, match=r"CsvLoader: path is 3; expected the path"):
        loader_from_json({"name": "csv", "path": 3})


@dataclass(frozen=True)
class Told(SourceLoader):
    """Gives whatever it was told to."""

    name: ClassVar[str] = "told"

    pieces: tuple[LoadedSeries, ...]

    def read(self, wanted, report):
        yield from self.pieces


def piece(key, days, values=None, **more):
    times = np.array(days, np.int64) * DAY
    return LoadedSeries(key, times, np.zeros(len(times)) if values is None else np.array(values, float), **more)


def test_points_of_a_series_may_come_in_pieces():
    loader = Told((piece("a", [1, 2]), piece("a", []), piece("a", [3]), piece("b", [0])))
    assert [each.key for each in loader.load()] == ["a", "a", "a", "b"]
    assert piece("a", [1]).name == "a"


@pytest.mark.parametrize(
    ("pieces", "wanted", "fault"),
    [
        ([piece("a", [2, 1])], Wanted(), "times that are not ascending, in the piece from 1970-01-03"),
        ([piece("a", [1, 1])], Wanted(), "times that are not ascending"),
        ([piece("a", [1, 2]), piece("a", [2])], Wanted(), "times that are not ascending"),
        ([piece("a", [1, 2]), piece("a", []), piece("a", [2])], Wanted(), "times that are not ascending"),
        ([piece("a", [1]), piece("b", [1]), piece("a", [2])], Wanted(), "is given again after another series"),
        ([piece("a", [1], [np.nan])], Wanted(), "values that are NaN or infinite"),
        ([LoadedSeries("a", np.arange(2.0), np.arange(2.0))], Wanted(), r"times of float64 \(2,\) and values of floa"),
        ([LoadedSeries("a", np.arange(2), np.arange(3.0))], Wanted(), r"float64 \(3,\); expected int64 and float64"),
        ([piece("b", [1])], Wanted(("a",)), "is given, but only a were wanted"),
        ([piece("a", [0])], Wanted(time_from=1), "points outside the wanted period"),
        ([piece("a", [-1])], Wanted(time_from=0), "points outside the wanted period"),
        ([piece("a", [0])], Wanted(time_to=0), "points outside the wanted period"),
    ],
)
def test_a_loader_that_breaks_a_promise_is_named(pieces, wanted, fault):
    with pytest.raises(
        StoreError, match=rf"series '[ab]' of the source loader 'told' .*{fault}.*report it to its authors"
    ):
        list(Told(tuple(pieces)).load(wanted))
