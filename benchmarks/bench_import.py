"""Reading a table of many points: beside `polars.read_csv` and `pandas.read_csv`, each with the times parsed.

Each reads in a process of its own, so that its memory is its own too.

python benchmarks/bench_import.py [--rows 10000000] [--no-pandas]
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tables import Line, show

START = 1_420_070_400 * 10**9
FILES = {
    "iso.csv": "ISO 8601, comma",
    "german.csv": "31.12.2024, semicolon, decimal comma",
    "points.parquet": "Parquet",
}
GERMAN = "%d.%m.%Y %H:%M:%S"


def main() -> None:
    """Write one file in three forms, read it by all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="one a second")
    parser.add_argument("--no-pandas", action="store_true", help="without the peer, which takes most of the time")
    parser.add_argument("--read", nargs=2, metavar=("WHO", "FILE"), help=argparse.SUPPRESS)
    parser.add_argument("--write", metavar="FOLDER", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read_alone(given.read[0], Path(given.read[1]))
        return
    if given.write:
        write_files(Path(given.write), given.rows)
        return
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        # The peak of a process is at least that of the one that starts it, so this one stays small.
        subprocess.run([sys.executable, __file__, "--write", folder, "--rows", str(given.rows)], check=True)
        for file, work in FILES.items():
            readers = [who for who in READERS if not (given.no_pandas and who == "pandas")]
            found = {who: measured(who, Path(folder) / file) for who in readers}
            for place, unit in enumerate(("s", "MB")):
                ours, polars, pandas = (found[who][place] if who in found else None for who in READERS)
                lines.append(Line(work, unit, ours or 0.0, pandas, polars))
            print(work, found, flush=True)
    notes = [
        "peer: pandas; bare library: Polars; all parse the times",
        "MB: the most memory that the process had, with its libraries",
    ]
    show(f"Reading {given.rows:,} rows", lines, notes)


def write_files(folder: Path, count: int) -> None:
    """The same points in each form."""
    import numpy as np
    import polars as pl

    from enstorage.sources.csv_file import write_csv_points

    times = START + np.arange(count) * 10**9
    values = np.random.default_rng(0).standard_normal(count).round(3)
    write_csv_points(folder / "iso.csv", times, values)
    frame = pl.DataFrame({"time": times.view("M8[ns]"), "value": values})
    frame.write_parquet(folder / "points.parquet")
    german = pl.col("value").cast(str).str.replace(".", ",", literal=True)
    frame.select(pl.col("time").dt.to_string(GERMAN), german).write_csv(folder / "german.csv", separator=";")


def measured(who: str, file: Path) -> tuple[float, float]:
    """Seconds and megabytes of one who reads a file."""
    command = [sys.executable, __file__, "--read", who, str(file)]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(found[0]), float(found[1])


def read_alone(who: str, file: Path) -> None:
    """Read a file and print what it took."""
    read = READERS[who]()
    started = time.perf_counter()
    first, last = read(file)
    taken = time.perf_counter() - started
    if first != START or (last - first) % 10**9:
        raise SystemExit(f"{who} did not read the times of {file} as they were written.")
    print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def ours() -> Callable[[Path], tuple[int, int]]:
    """Our reader, with its libraries loaded."""
    import polars  # noqa: F401 - which reads the cells

    from enstorage.sources.tables import read_table

    def read(file: Path) -> tuple[int, int]:
        times = read_table(file).one_series()[0]
        return int(times[0]), int(times[-1])

    return read


def by_polars() -> Callable[[Path], tuple[int, int]]:
    """Polars, told the form of the file."""
    import polars as pl

    def read(file: Path) -> tuple[int, int]:
        if file.suffix == ".parquet":
            frame = pl.read_parquet(file)
        elif file.name == "iso.csv":
            frame = pl.read_csv(file, try_parse_dates=True)
        else:
            frame = pl.read_csv(file, separator=";", decimal_comma=True)
            frame = frame.with_columns(pl.col("time").str.to_datetime(GERMAN))
        times = frame["time"].cast(pl.Datetime("ns")).to_physical()
        return times[0], times[-1]

    return read


def by_pandas() -> Callable[[Path], tuple[int, int]]:
    """Pandas, told the form of the file."""
    import pandas as pd

    def read(file: Path) -> tuple[int, int]:
        if file.suffix == ".parquet":
            frame = pd.read_parquet(file)
        elif file.name == "iso.csv":
            frame = pd.read_csv(file, parse_dates=["time"])
        else:
            frame = pd.read_csv(file, sep=";", decimal=",")
            frame["time"] = pd.to_datetime(frame["time"], format=GERMAN)
        return frame["time"].iloc[0].value, frame["time"].iloc[-1].value

    return read


READERS = {"ours": ours, "polars": by_polars, "pandas": by_pandas}


if __name__ == "__main__":
    main()
