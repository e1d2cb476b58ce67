"""Every series store keeps the same promises."""

import subprocess
import sys
import time

import deltalake
import numpy as np
import polars as pl
import pytest

from enstorage.errors import NotSupportedError, StoreError
from enstorage.interval import Interval
from enstorage.series.base import check_aggregate, find_series
from enstorage.series.delta import DeltaSeries
from enstorage.series.memory import MemorySeries
from enstorage.testing import SeriesStoreContract


class TestDelta(SeriesStoreContract):
    def make_store(self, place):
        return DeltaSeries(str(place))


class TestMemory(SeriesStoreContract):
    @pytest.fixture(autouse=True)
    def empty(self):
        self.stores = {}

    def make_store(self, place):
        return self.stores.setdefault(place, MemorySeries())


WRITER = """
import sys
import numpy as np
from enstorage.series.delta import DeltaSeries

place, worker = sys.argv[1], int(sys.argv[2])
series = DeltaSeries(place)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(10):
    series.append(1, np.array([worker * 100 + turn, 1000]), np.array([float(turn), float(worker)]))
"""


@pytest.mark.slow
def test_processes_that_write_to_delta_at_once_lose_nothing(tmp_path):
    place = str(tmp_path / "points")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, place, str(worker)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for worker in range(4)
    ]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0] * 4
    times, values = find_series(f"delta:{place}")().read(1)
    assert times.tolist() == [worker * 100 + turn for worker in range(4) for turn in range(10)] + [1000]
    assert values[:-1].tolist() == [float(turn) for _ in range(4) for turn in range(10)]
    assert values[-1] in range(4)


def test_delta_orders_writes_by_commit_and_not_by_the_clock(tmp_path, monkeypatch):
    series = DeltaSeries(str(tmp_path))
    now = time.time_ns()
    for hour in range(3):  # a clock that is set back an hour before each write
        monkeypatch.setattr(time, "time_ns", lambda past=hour: now - past * 3600 * 10**9)
        monkeypatch.setattr(time, "time", lambda past=hour: now / 1e9 - past * 3600)
        series.append(1, np.array([10]), np.array([float(hour)]))
    assert series.read(1)[1].tolist() == [2.0]
    rows = pl.scan_delta(deltalake.DeltaTable(str(tmp_path))).sort("version").collect()
    assert rows["value"].to_list() == [0.0, 1.0, 2.0]
    assert rows["version"].to_list() == [1, 2, 3]


def test_delta_joins_small_files_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr("enstorage.series.delta._MANY_FILES", 5)
    series = DeltaSeries(str(tmp_path))
    for turn in range(15):
        series.append(1, np.array([turn]), np.array([float(turn)]))
    assert len(deltalake.DeltaTable(str(tmp_path)).file_uris()) <= 5
    assert series.read(1)[0].tolist() == list(range(15))


def test_compacting_delta_drops_what_was_replaced_or_deleted(tmp_path):
    series = DeltaSeries(str(tmp_path))
    series.append(1, np.arange(100), np.zeros(100))
    series.append(1, np.arange(100), np.ones(100))
    series.delete_points(1, 50)
    series.compact()
    table = deltalake.DeltaTable(str(tmp_path))
    assert len(table.file_uris()) == 1
    assert pl.scan_delta(table).collect().height == 50


@pytest.mark.parametrize("name", ["My data", "Данные", "größer", "50 {a} & 'b'"])
def test_delta_lives_in_folders_of_any_name(tmp_path, name):
    series = DeltaSeries(str(tmp_path / name))
    assert series.extent(1) is None
    series.append(1, np.arange(3), np.arange(3.0))
    series.append(2, np.arange(2), np.arange(2.0))
    assert series.delete_points(1, 0, 1) == 1
    series.compact()
    assert DeltaSeries(str(tmp_path / name)).read(1)[1].tolist() == [1.0, 2.0]


def test_delta_in_a_place_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"series store .*file/points failed: .*Nothing was changed.*readable and wri"):
        find_series(f"delta:{tmp_path}/file/points")()
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("url", ["influx://host", "delta", "delta:", "delta:s3://bucket", "memory:x", "", "Delta:x"])
def test_an_unknown_series_store_is_refused_and_the_known_ones_are_named(url):
    with pytest.raises(NotSupportedError, match=r"names no series store; known are delta:FOLDER and memory:"):
        find_series(url)


def test_an_unknown_aggregate_is_refused_and_the_known_ones_are_named():
    with pytest.raises(ValueError, match=r"no aggregate 'average'; known are mean, median, sum, .*count"):
        check_aggregate("average")


def test_years_of_three_centuries_are_grouped(tmp_path):
    series = DeltaSeries(str(tmp_path))
    times = (np.arange(1678, 2262) - 1970).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    series.append(1, times, np.arange(len(times), dtype=float))
    found = series.aggregate(1, int(times[0]), int(times[-1]) + 1, Interval.parse("1y"), "mean")
    assert found[0].tolist() == times.tolist()
