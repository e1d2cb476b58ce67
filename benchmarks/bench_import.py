"""Reading a table of many points: beside `polars.read_csv` and `pandas.read_csv`, each with the times parsed.

python benchmarks/bench_import.py [--rows 10000000]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl

from enstorage.sources.csv_file import write_csv_points
from enstorage.sources.tables import read_table
from tables import Line, show
from timing import seconds

REPEAT = 3
START = 1_420_070_400 * 10**9


def main() -> None:
    """Write one file in three dialects, read it by all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="one a second")
    count = parser.parse_args().rows
    times = START + np.arange(count) * 10**9
    values = np.random.default_rng(0).standard_normal(count).round(3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        iso, german, parquet = folder / "iso.csv", folder / "german.csv", folder / "a.parquet"
        write_csv_points(iso, times, values)
        frame = pl.DataFrame({"time": times.view("M8[ns]"), "value": values})
        frame.write_parquet(parquet)
        frame.select(
            pl.col("time").dt.to_string("%d.%m.%Y %H:%M:%S"),
            pl.col("value").cast(str).str.replace(".", ",", literal=True),
        ).write_csv(german, separator=";")
        lines = [
            Line(
                "ISO 8601, comma",
                "s",
                seconds(lambda: read_table(iso).one_series(), REPEAT),
                seconds(lambda: pd.read_csv(iso, parse_dates=["time"]), REPEAT),
                seconds(lambda: pl.read_csv(iso, try_parse_dates=True), REPEAT),
            ),
            Line(
                "31.12.2024, semicolon, decimal comma",
                "s",
                seconds(lambda: read_table(german).one_series(), REPEAT),
                seconds(
                    lambda: pd.to_datetime(
                        pd.read_csv(german, sep=";", decimal=",")["time"], format="%d.%m.%Y %H:%M:%S"
                    ),
                    REPEAT,
                ),
                seconds(
                    lambda: pl.read_csv(german, separator=";", decimal_comma=True).with_columns(
                        pl.col("time").str.to_datetime("%d.%m.%Y %H:%M:%S")
                    ),
                    REPEAT,
                ),
            ),
            Line(
                "Parquet",
                "s",
                seconds(lambda: read_table(parquet).one_series(), REPEAT),
                seconds(lambda: pd.read_parquet(parquet), REPEAT),
                seconds(lambda: pl.read_parquet(parquet), REPEAT),
            ),
        ]
        if read_table(german).one_series()[0].tolist() != times.tolist():
            raise SystemExit("The times were not read as they were written.")
    show(f"Reading {count:,} rows", lines, ["peer: pandas; bare library: Polars; all parse the times"])


if __name__ == "__main__":
    main()
