"""Every series store keeps the same promises."""

import os
import re
import subprocess
import sys
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import deltalake
import numpy as np
import polars as pl
import pytest

from enstorage.errors import InvalidInputError, NotFoundError, NotSupportedError, StoreError
from enstorage.interval import TimeInterval
from enstorage.places.masking import masked
from enstorage.series.base import check_aggregate
from enstorage.series.choose import find_series
from enstorage.series.delta import files as delta_files
from enstorage.series.delta.store import DeltaSeries
from enstorage.series.memory import MemorySeries
from enstorage.testing import SeriesStoreContract


class TestDelta(SeriesStoreContract):
    def make_store(self, place):
        return DeltaSeries(str(place))


class TestDeltaOnS3(SeriesStoreContract):
    many_writes = 24

    @pytest.fixture(autouse=True)
    def in_a_bucket(self, bucket, monkeypatch):
        self.bucket = bucket
        monkeypatch.setattr("enstorage.series.delta.store._MANY_FILES", 10)  # files are joined once

    def make_store(self, place):
        return DeltaSeries(f"s3://{self.bucket}/some/points")


class TestMemory(SeriesStoreContract):
    @pytest.fixture(autouse=True)
    def empty(self):
        self.stores = {}

    def make_store(self, place):
        return self.stores.setdefault(place, MemorySeries())


@pytest.fixture(params=["folder", "s3"])
def delta_url(request, tmp_path):
    """The URL of an empty Delta table, in a folder and in an object store."""
    return (
        f"delta:{tmp_path / 'points'}"
        if request.param == "folder"
        else f"delta:s3://{request.getfixturevalue('bucket')}/x"
    )


WRITER = """
import sys
import numpy as np
from enstorage.series.choose import find_series

url, worker = sys.argv[1], int(sys.argv[2])
series = find_series(url)()
print("ready", flush=True)
sys.stdin.readline()
for turn in range(10):
    series.append(1, np.array([worker * 100 + turn, 1000]), np.array([float(turn), float(worker)]))
"""


@pytest.mark.long
def test_processes_that_write_to_delta_at_once_lose_nothing(delta_url):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, delta_url, str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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
    times, values = find_series(delta_url)().read(1)
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
    monkeypatch.setattr("enstorage.series.delta.store._MANY_FILES", 5)
    monkeypatch.setattr("enstorage.series.delta.store._VERSIONS_BETWEEN", 3)
    series = DeltaSeries(str(tmp_path))
    for turn in range(15):
        series.append(1, np.array([turn]), np.array([float(turn)]))
    assert len(deltalake.DeltaTable(str(tmp_path)).file_uris()) <= 5 + 3
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


def test_of_two_databases_that_claim_a_table_at_once_one_gets_it(delta_url):
    stores, barrier = [find_series(delta_url)() for _ in range(4)], threading.Barrier(4)

    def claim(number):
        barrier.wait(10)
        try:
            stores[number].claim(str(number) * 32)
        except StoreError:
            return None
        return number

    with ThreadPoolExecutor(4) as pool:
        (winner,) = set(pool.map(claim, range(4))) - {None}
    stores[(winner + 1) % 4].claim(str(winner) * 32)


def test_threads_that_open_an_empty_place_at_once_all_work(tmp_path):
    def open_and_claim(turn, barrier):
        barrier.wait(30)
        series = DeltaSeries(str(tmp_path / str(turn)))
        series.claim("a" * 32)
        return series.extent(1)

    with ThreadPoolExecutor(4) as pool:
        for turn in range(15):
            barrier = threading.Barrier(4)
            opening = [pool.submit(open_and_claim, turn, barrier) for _ in range(4)]
            assert [each.result() for each in opening] == [None] * 4


def older_table(place, count):
    """A table as the first version of enstorage made it, which nobody has claimed."""
    schema = {"source": pl.Int64, "time": pl.Int64, "value": pl.Float64, "version": pl.Int64}
    deltalake.DeltaTable.create(str(place), schema=pl.DataFrame(schema=schema).to_arrow().schema)
    series = DeltaSeries(str(place))
    for turn in range(count):
        series.append(1, np.array([10]), np.array([float(turn)]))
    return series


@pytest.mark.parametrize("claimed", [True, False], ids=["claimed", "as the library would"])
def test_the_log_of_a_claimed_table_does_not_expire(tmp_path, claimed):
    series = older_table(tmp_path, 100)  # with a checkpoint, which the library makes by itself
    if claimed:
        series.claim("a" * 32)
    two_months_ago = time.time() - 60 * 86400
    for entry in (tmp_path / "_delta_log").iterdir():
        os.utime(entry, (two_months_ago, two_months_ago))
    series.append(1, np.array([20]), np.array([1.0]))
    if claimed:
        assert series.read(1, version=3)[1].tolist() == [2.0]
    else:
        with pytest.raises(NotFoundError, match="does not keep its version 3"):
            series.read(1, version=3)


def test_what_delta_needs_no_more_is_freed_and_nothing_else(tmp_path):
    series = DeltaSeries(str(tmp_path))
    for turn in range(100):
        series.append(1, np.array([10, turn]), np.array([float(turn), 0.5]))
    named = 57
    before = series.read(1, version=named)
    series.compact()
    series.append(2, np.array([10]), np.array([1.0]))
    kept = ["notes.txt", "part-by-hand.txt", "part-young.parquet"]
    for name in (*kept, "part-old.parquet", "part-old.parquet#1"):
        (tmp_path / name).write_bytes(b"12345")
        if "young" not in name:
            os.utime(tmp_path / name, (time.time() - 7200,) * 2)
    everything = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert series.vacuum([named], timedelta(days=1), delete=True) == (0, 0)
    assert series.vacuum([], timedelta(days=1), delete=True) == (0, 0)
    expected = series.vacuum([named], timedelta(0), delete=False)
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == everything
    sizes = {path: path.stat().st_size for path in everything}
    assert series.vacuum([named], timedelta(0), delete=True) == expected
    left = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert (len(everything - left), sum(sizes[path] for path in everything - left)) == expected
    assert len(left) < 100 < len(everything - left)
    assert {path.name for path in left} >= set(kept)
    assert not any("part-old" in path.name for path in left)
    for each in (series, DeltaSeries(str(tmp_path))):
        assert [part.tobytes() for part in each.read(1, version=named)] == [part.tobytes() for part in before]
        assert each.read(1)[0].tolist() == list(range(100))
        assert each.sources() == [1, 2]


def test_nothing_is_freed_when_a_named_version_cannot_be_read(tmp_path):
    series = DeltaSeries(str(tmp_path))
    for turn in range(4):
        series.append(1, np.array([10]), np.array([float(turn)]))
    series.compact()
    deltalake.DeltaTable(str(tmp_path)).create_checkpoint()
    (tmp_path / "_delta_log" / f"{2:020}.json").unlink()
    files = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        StoreError, match=r"version .* that a snapshot names cannot be read: .*Nothing was freed\. Restore"
    ):
        series.vacuum([3], timedelta(0), delete=True)
    assert sorted(tmp_path.rglob("*")) == files


def test_what_is_committed_while_files_are_looked_for_stays(tmp_path, monkeypatch):
    series = DeltaSeries(str(tmp_path))
    series.append(1, np.array([10]), np.array([1.0]))
    dry_run = delta_files._dry_run

    def commit_and_run(table, *arguments, **options):
        found = dry_run(table, *arguments, **options)
        if options["full"]:
            series.append(1, np.array([20]), np.array([2.0]))
            found += [uri.rsplit("/")[-1] for uri in deltalake.DeltaTable(str(tmp_path)).file_uris()]
        return found

    monkeypatch.setattr(delta_files, "_dry_run", commit_and_run)
    assert series.vacuum([], timedelta(0), delete=True) == (0, 0)
    assert series.read(1)[0].tolist() == [10, 20]


def test_options_of_the_url_reach_delta_and_are_never_shown(s3, bucket, monkeypatch):
    for name in s3.variables:
        monkeypatch.delenv(name)
    endpoint = urllib.parse.quote(s3.endpoint, safe="")
    url = f"delta:s3://{bucket}/x?endpoint_url={endpoint}&access_key_id=me&secret_access_key=pass%2Fwo+rd&region=us-east-1"
    series = find_series(url)()
    series.append(1, np.array([10]), np.array([1.0]))
    assert series.read(1)[0].tolist() == [10]
    assert repr(series) == f"delta:s3://{bucket}/x"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("delta:s3://no-such-bucket/x?secret_access_key=password1", "NoSuchBucket"),
        (
            "delta:s3://bucket/x?secret_access_key=password1&endpoint_url=http%3A%2F%2F127.0.0.1%3A1",
            "HTTP error|onnect",
        ),
        ("delta:nonsense://bucket/x?secret=password1", "nonsense"),
    ],
)
def test_a_table_that_cannot_be_reached_is_one_message_without_secrets(s3, url, words):
    with pytest.raises(StoreError, match=rf"series store .* failed: .*({words}).*Check the URL and the cred") as caught:
        find_series(url)()
    assert not any(part in str(caught.value) for part in ("\n", "\x1b", "password1"))


def test_an_endpoint_without_scheme_is_refused(s3):
    with pytest.raises(InvalidInputError, match=r"endpoint of s3://bucket/x is 'host:9000'; expected .*Add http://"):
        find_series("delta:s3://bucket/x?endpoint_url=host:9000")()


@pytest.mark.parametrize("name", ["My data", "Данные", "größer", "50 {a} & 'b'"])
def test_delta_lives_in_folders_of_any_name(tmp_path, name):
    series = DeltaSeries(str(tmp_path / name))
    assert series.extent(1) is None
    series.append(1, np.arange(3), np.arange(3.0))
    series.append(2, np.arange(2), np.arange(2.0))
    version = series.version()
    assert series.delete_points(1, 0, 1) == 1
    series.compact()
    again = DeltaSeries(str(tmp_path / name))
    assert again.read(1)[1].tolist() == [1.0, 2.0]
    assert again.read(1, version=version)[1].tolist() == [0.0, 1.0, 2.0]
    assert again.sources() == [1, 2]
    assert again.vacuum([], timedelta(0), delete=True)[0] > 0
    assert again.read(2)[1].tolist() == [0.0, 1.0]


def test_delta_in_a_place_that_cannot_be_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"series store .*file/points failed: .*Nothing was changed.*readable and wri"):
        find_series(f"delta:{tmp_path}/file/points")()
    assert (tmp_path / "file").read_text() == ""


@pytest.mark.parametrize("url", ["influx://host", "delta", "", "Delta:x", ":x"])
def test_an_unknown_series_store_is_refused_and_the_known_ones_are_named(url):
    with pytest.raises(
        NotSupportedError, match=r"names no series store; known are delta:, .*memory:, such as delta:FOLDER"
    ):
        find_series(url)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("delta:", "expected delta:FOLDER"),
        ("delta:a//b", "expected delta:FOLDER"),
        ("memory:x", "expected memory: with nothing behind it"),
        ("influxdb:host", "it names no host. Expected influxdb://user:password@host:8086/database"),
    ],
)
def test_a_malformed_url_is_refused_by_its_store(url, expected):
    with pytest.raises(InvalidInputError, match=f"{re.escape(masked(url))}' is not the URL of .*{expected}"):
        find_series(url)


def test_an_unknown_aggregate_is_refused_and_the_known_ones_are_named():
    with pytest.raises(ValueError, match=r"no aggregate 'average'; known are mean, median, sum, .*count"):
        check_aggregate("average")


def test_years_of_three_centuries_are_grouped(tmp_path):
    series = DeltaSeries(str(tmp_path))
    times = (np.arange(1678, 2262) - 1970).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    series.append(1, times, np.arange(len(times), dtype=float))
    found = series.aggregate(1, int(times[0]), int(times[-1]) + 1, TimeInterval.parse("1y"), "mean")
    assert found[0].tolist() == times.tolist()
