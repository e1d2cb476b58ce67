"""A snapshot of many points by the hour: beside InfluxDB, and beside Polars on a bare Parquet file.

python benchmarks/bench_snapshot.py [--points 10000000]
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from enstorage import Connector, DataSource
from enstorage.interval import TimeInterval
from enstorage.objects.table import content_sha256
from enstorage.series.choose import find_series
from tables import Line, show
from timing import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import servers

SECOND = 10**9
START = 1_420_070_400 * SECOND  # 2015-01-01
HOUR = 3600 * SECOND
REPEAT = 5


def main() -> None:
    """Write the same points to all, group them, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10_000_000, help="one a second")
    count = parser.parse_args().points
    times = START + np.arange(count) * SECOND
    values = np.random.default_rng(0).standard_normal(count).cumsum()
    end = int(times[-1]) + 1
    hour = TimeInterval.parse("1h")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        connector = Connector.in_folder(folder / "store")
        source = DataSource(name="s", time_interval="1h").save()
        written = seconds(lambda: source.write(times, values))
        grouped = seconds(lambda: connector.series.aggregate(source.id, START, end, hour, "mean"), REPEAT)
        read = seconds(lambda: connector.series.read(source.id), REPEAT)
        whole = seconds(source.create_snapshot, 3)
        table = source.create_snapshot().data_csv.table()
        hashed = seconds(lambda: content_sha256(table), 3)
        ours = connector.series.aggregate(source.id, START, end, hour, "mean")

        bare = folder / "bare.parquet"
        frame = pl.DataFrame({"source": np.full(count, 1), "time": times, "value": values})
        bare_written = seconds(lambda: frame.write_parquet(bare))
        query = pl.scan_parquet(bare).filter(pl.col("source") == 1)
        bare_grouped = seconds(
            lambda: query.group_by(pl.col("time") // HOUR * HOUR).agg(pl.col("value").mean()).sort("time").collect(),
            REPEAT,
        )
        bare_read = seconds(lambda: query.select("time", "value").collect(), REPEAT)

        server = servers.InfluxDb(folder / "server").start()
        try:
            server.create_database("bench")
            influx = find_series(server.url("bench"))()
            influx_written = seconds(lambda: influx.append(1, times, values))
            influx_grouped = seconds(lambda: influx.aggregate(1, START, end, hour, "mean"), REPEAT)
            theirs = influx.aggregate(1, START, end, hour, "mean")
            influx_read = seconds(lambda: influx.read(1))
        finally:
            server.stop()
        if not (np.array_equal(ours[0], theirs[0]) and np.allclose(ours[1], theirs[1], rtol=1e-9)):
            raise SystemExit("The two sides gave different means.")
        connector.close()
    lines = [
        Line("read and group by the hour (mean)", "s", grouped, influx_grouped, bare_grouped, "≥ 5 ×, bare within 2 ×"),
        Line("read all", "s", read, influx_read, bare_read),
        Line("write all", "s", written, influx_written, bare_written),
        Line("a whole snapshot: read, group, hash, keep", "s", whole),
        Line("of that the hash", "s", hashed),
    ]
    show(
        f"{count:,} points, one a second; beside InfluxDB 1.6",
        lines,
        [
            "Ours: Delta Lake, read by Polars, points written twice resolved. Bare: Polars on one Parquet file.",
            "InfluxDB: SELECT mean(value) … GROUP BY time(1h) in the server, over HTTP on this machine, by our own client.",
            f"Medians of {REPEAT}; writing and InfluxDB's reading once.",
        ],
    )


if __name__ == "__main__":
    main()
