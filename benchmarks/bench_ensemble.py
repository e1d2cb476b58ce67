"""Ensembles of a hundred members: alignment beside pandas, greedy selection beside AutoGluon, and other weights.

python benchmarks/bench_ensemble.py [--members 100] [--rows 1000000] [--rounds 100] [--stored-rows 100000]
"""

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import reduce
from multiprocessing import get_context
from typing import Any

import numpy as np

from ensemble_data import forecasts_and_truth, ids_and_forecasts, peak_gigabytes
from peers import run_peer
from tables import Line, show
from timing import seconds

AUTOGLUON = "autogluon.core==1.6.0"
GOAL = "≥ 10 ×"
PANDAS = {
    "keys": ("merge on series, id and step", GOAL),
    "id": ("merge on the id alone", ""),
    "concat": ("concat by the id alone", ""),
}


def main() -> None:
    """Do each piece of work in a process of its own, so that its memory is its own, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--stored-rows", type=int, default=100_000)
    given = parser.parse_args()
    lines, notes = alignment(given.members, given.rows)
    for more_lines, more_notes in (
        selecting(given.members, given.rows, given.rounds),
        other_weights(given.members, given.stored_rows),
    ):
        lines += more_lines
        notes += more_notes
    show(
        f"Ensembles of {given.members} members",
        lines,
        [
            *notes,
            "Seconds are those on the clock; each side takes as many threads as it likes.",
        ],
    )


def alignment(members: int, rows: int) -> tuple[list[Line], list[str]]:
    """Intersect the members' targets, and put their forecasts side by side."""
    lines, notes = [], []
    for kind, description in (("lags", "begin one after another"), ("gaps", "lack 1 % of the targets each")):
        ours = alone(align_ours, members, rows, kind)
        work = f"align at {ours['common']:,} targets of {rows:,}, members {description}"
        memory = [f"ours {memory_of(ours)}"]
        for way, (name, goal) in PANDAS.items():
            peer = alone(align_pandas, members, rows, kind, way)
            if ours["common"] != peer["common"] or not np.isclose(ours["sum"], peer["sum"]):
                raise SystemExit(f"pandas found other targets or forecasts by {name}.")
            lines.append(Line(f"{work}; beside {name}", "s", ours["seconds"], peer["seconds"], goal=goal))
            memory.append(f"{name} {memory_of(peer)}")
        notes.append(f"Memory at most, of that held before, {kind}: {', '.join(memory)}.")
    notes.append(
        "Ours also compares the truths, joins the parts, and gives the forecasts as one array; pandas gives a table."
    )
    return lines, notes


def align_ours(members: int, rows: int, kind: str) -> dict[str, float]:
    import polars as pl

    from endirector import align
    from endirector.alignment.align import MemberForecasts

    members_forecasts = []
    for number, (ids, values, truth) in enumerate(ids_and_forecasts(members, rows, kind)):
        table = pl.DataFrame(
            {
                "series": np.ones(rows, dtype=np.int64),
                "id": ids,
                "step": np.ones(rows, dtype=np.int32),
                "part": np.zeros(rows, dtype=np.int8),
                "value": values,
                "truth": truth,
            }
        )
        members_forecasts.append(MemberForecasts(str(number), table))
    held = peak_gigabytes()
    found: list[Any] = []
    taken = seconds(lambda: found.append(align(members_forecasts)))
    forecasts = found[0].forecasts
    peak = peak_gigabytes()
    return {"seconds": taken, "common": len(forecasts), "sum": float(forecasts.sum()), "held": held, "peak": peak}


def align_pandas(members: int, rows: int, kind: str, way: str) -> dict[str, float]:
    import pandas as pd

    keys = {"id": ["id"], "keys": ["series", "id", "step"], "concat": ["id"]}[way]
    members_forecasts = []
    for number, (ids, values, _) in enumerate(ids_and_forecasts(members, rows, kind)):
        columns = {"series": np.ones(rows, dtype=np.int64), "id": ids, "step": np.ones(rows, dtype=np.int32)}
        members_forecasts.append(pd.DataFrame({**{key: columns[key] for key in keys}, str(number): values}))
    if way == "concat":
        members_forecasts = [table.set_index("id") for table in members_forecasts]
    held = peak_gigabytes()
    found: list[pd.DataFrame] = []
    if way == "concat":
        taken = seconds(lambda: found.append(pd.concat(members_forecasts, axis=1, join="inner")))
    else:
        taken = seconds(lambda: found.append(reduce(lambda left, right: left.merge(right, on=keys), members_forecasts)))
    peak = peak_gigabytes()
    total = sum(float(found[0][str(number)].sum()) for number in range(members))
    return {"seconds": taken, "common": len(found[0]), "sum": total, "held": held, "peak": peak}


def selecting(members: int, rows: int, rounds: int) -> tuple[list[Line], list[str]]:
    """Greedy selection of members for their mean."""
    lines, notes, version = [], [], ""
    for metric in ("mse", "mae"):
        ours = alone(select_ours, members, rows, rounds, metric)
        arguments = map(str, (members, rows, rounds, metric))
        peer = run_peer("peer_greedy_autogluon.py", *arguments, packages=(AUTOGLUON,))
        if not np.isclose(ours["loss"], peer["loss"], atol=2e-6):
            raise SystemExit(f"AutoGluon's loss is {peer['loss']}, ours {ours['loss']}.")
        version = peer["version"]
        work = f"{rounds} rounds of greedy selection by {metric}, {rows:,} rows; beside AutoGluon {version}"
        lines.append(Line(work, "s", ours["seconds"], peer["seconds"], goal=GOAL))
        notes.append(
            f"Memory at most, of that held before, greedy by {metric}: ours {memory_of(ours)}, AutoGluon "
            f"{memory_of(peer)}."
        )
    return lines, notes


def select_ours(members: int, rows: int, rounds: int, metric: str) -> dict[str, float]:
    from endirector.methods.weighted.greedy import select

    forecasts, truth = forecasts_and_truth(members, rows)
    held = peak_gigabytes()
    found: list[Any] = []
    taken = seconds(lambda: found.append(select(forecasts, truth, rounds, metric=metric)))
    return {"seconds": taken, "loss": min(found[0][1]), "held": held, "peak": peak_gigabytes()}


def other_weights(members: int, rows: int) -> tuple[list[Line], list[str]]:
    """Another method for an ensemble that is stored, from its table, without a model."""
    figures = alone(weigh_again, members, rows)
    lines = [
        Line(f"{work}, {rows:,} stored rows", "s", figures[work], bare=figures.get(f"bare {work}"))
        for work in ("simplex weights", "greedy selection", "LinearRegression", "leave out one member")
    ]
    return lines, [
        "Other weights are fitted on the stored table, which is read each time; bare is scikit-learn on arrays in memory. "
        f"Memory at most, of that held before: {memory_of(figures)}."
    ]


def weigh_again(members: int, rows: int) -> dict[str, float]:
    from sklearn.linear_model import LinearRegression

    from endirector import Conductor, what_if
    from enstorage import Connector, DataSource, Project

    forecasts, truth = forecasts_and_truth(members, rows)
    with tempfile.TemporaryDirectory() as folder:
        connector = Connector.in_folder(folder)
        source = DataSource(name="s", time_interval="1s").save()
        ids = 1_420_070_400 * 10**9 + np.arange(rows) * 10**9
        source.write(ids, truth)
        preparation = source.create_snapshot().create_preparation("drop", "none", 0.7, 0, 0.3)
        research = Project(name="p", data_source=source).save().create_research("r", preparation)
        cut = round(0.7 * rows)
        models = []
        for member in range(members):
            model = research.create_model(f"member {member}")
            model.save_forecasts("train", ids[:cut], forecasts[:cut, member])
            model.save_forecasts("test", ids[cut:], forecasts[cut:, member])
            models.append(model)
        ensemble = Conductor(research.project.create_ensemble("voting", models=models)).render()
        held = peak_gigabytes()
        works: dict[str, Callable[[], object]] = {
            "simplex weights": lambda: what_if(ensemble, method="weighted_voting", fit_on="train"),
            "greedy selection": lambda: what_if(ensemble, method="greedy", fit_on="train"),
            "LinearRegression": lambda: what_if(
                ensemble, method="blending", metamodel="LinearRegression", fit_on="train"
            ),
            "leave out one member": lambda: what_if(ensemble, without=["member 0"]),
        }
        figures = {name: seconds(work, 3) for name, work in works.items()}
        peak = peak_gigabytes()
        connector.close()
    X, y = forecasts[:cut], truth[:cut]
    bare = seconds(lambda: LinearRegression().fit(X, y).predict(forecasts), 3)
    return {**figures, "bare LinearRegression": bare, "held": held, "peak": peak}


def alone(work: Callable[..., dict[str, Any]], *arguments: object) -> dict[str, Any]:
    """Run some work in a new process and give its result."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def memory_of(figures: dict[str, Any]) -> str:
    """The peak of memory, and the memory in use before the work began."""
    return f"{figures['peak']:.1f} GB of {figures['held']:.1f} GB"


if __name__ == "__main__":
    main()
