"""Forecasts of whole collections beside statsforecast, mlforecast and AutoGluon: errors, intervals, seconds, memory.

Series with even numbers are for development; those with odd numbers are read once, when nothing is changed any more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from forecast_data import COLLECTIONS, HALVES, tables
from forecast_scores import Scores, paired, scores_of
from peers import HERE, NotRun, run_peer

STATSFORECAST = ("statsforecast>=2.1", "pandas<3", "pyarrow")
MLFORECAST = ("mlforecast>=1.0", "lightgbm>=4", "pandas<3", "pyarrow")
AUTOGLUON = ("autogluon.timeseries>=1.6", "pyarrow")


def main() -> None:
    """Run all that was asked for, and print a table for each collection."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, default=os.environ.get("ENSTORAGE_TEST_DATA"), help="folder with forecast/"
    )
    parser.add_argument("--collection", action="append", choices=[*COLLECTIONS], help="may be repeated; by default all")
    parser.add_argument("--half", choices=HALVES, default="even")
    parser.add_argument("--most", type=int, help="at most so many series of each, evenly taken")
    parser.add_argument("--seconds", type=float, help="time limit of ours and of AutoGluon for each collection")
    parser.add_argument("--without", action="append", default=[], choices=["statsforecast", "mlforecast", "AutoGluon"])
    given = parser.parse_args()
    if given.data is None:
        parser.error("Where is the data? Give --data, or set ENSTORAGE_TEST_DATA.")
    for name in given.collection or COLLECTIONS:
        known, after = tables(given.data / "forecast", name, given.half, given.most)
        _compare(name, known, after, given)


def _compare(name: str, known: pd.DataFrame, after: pd.DataFrame, given: argparse.Namespace) -> None:
    collection = COLLECTIONS[name]
    title = f"{name}, {known['series'].nunique()} {given.half} series, horizon {collection.horizon}"
    sizes = str(collection.season), str(collection.horizon)
    rows: list[tuple[str, Scores, float, float]] = []
    notes: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        before, out = f"{folder}/known.parquet", f"{folder}/out.parquet"
        known.to_parquet(before)

        def add(told: dict[str, Any], what: str) -> None:
            for member, own in pd.read_parquet(out).groupby("member", sort=False):
                scores = scores_of(name, known, after, own.drop(columns="member"))
                taken = told.get("each", {}).get(member, told["seconds"])
                rows.append((str(member), scores, taken, told["gigabytes"]))
            notes.append(f"{what} {told['version']}")

        limit = "none" if given.seconds is None else str(given.seconds)
        add(_ours(before, out, str(collection.horizon), collection.interval, limit), "enstorage")
        if "statsforecast" not in given.without:
            add(
                run_peer("peer_forecast_statsforecast.py", before, out, *sizes, packages=STATSFORECAST), "statsforecast"
            )
        if "mlforecast" not in given.without:
            add(run_peer("peer_forecast_mlforecast.py", before, out, *sizes, packages=MLFORECAST), "mlforecast")
        if "AutoGluon" not in given.without:
            limit = str(given.seconds or rows[0][2])
            try:
                told = run_peer(
                    "peer_forecast_autogluon.py",
                    before,
                    out,
                    *sizes,
                    collection.frequency,
                    limit,
                    packages=AUTOGLUON,
                    unwanted="nvidia",
                )
                add(told, "AutoGluon")
            except NotRun as why:
                notes.append(f"AutoGluon was not run: {why}")
    _show(title, rows, notes)


def _ours(*arguments: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, HERE / "ours_forecast.py", *arguments], stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _show(title: str, rows: list[tuple[str, Scores, float, float]], notes: list[str]) -> None:
    table = Table(title=title, title_justify="left")
    heads = ("forecaster", "MASE", "ours minus it ± s.e.", "WQL", "80 % holds", "95 % holds", "no forecast", "s", "GB")
    for head in heads:
        table.add_column(head, justify="left" if head == "forecaster" else "right")
    ours = rows[0][1].mase
    for member, scores, taken, gigabytes in rows:
        difference = "–" if scores.mase is ours else "{:+.3f} ± {:.3f}".format(*paired(ours, scores.mase))
        held = [f"{100 * share:.1f} %" for share in scores.coverage]
        table.add_row(
            member,
            f"{scores.mase.mean():.3f}",
            difference,
            f"{scores.wql:.4f}",
            *held,
            str(scores.missing),
            f"{taken:,.1f}",
            f"{gigabytes:.2f}",
        )
    console = Console(width=140)
    console.print(table)
    for note in notes:
        console.print(f"  {note}")


if __name__ == "__main__":
    main()
