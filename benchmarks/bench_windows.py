"""The samples `[id, X, y]` of a long series: beside Keras, sktime and Darts, and beside bare NumPy.

python benchmarks/bench_windows.py [--points 1000000] [--lag 64]
"""

import argparse
import tempfile

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from enstorage import Connector, DataSet, DataSource
from enstorage.adapter import Window
from peers import run_peer
from tables import Line, show
from timing import seconds

SECOND = 10**9
START = 1_420_070_400 * SECOND  # 2015-01-01
REPEAT = 5
GOAL = "≥ 10 ×"
GIVEN, IN_ORDER, IN_ORDER_32, SHUFFLED_32 = WORKS = (
    "samples as they are handed over",
    "float64 arrays, in order",
    "float32 arrays, in order",
    "float32 arrays, rows shuffled",
)
PEERS = {
    "Keras": ("peer_windows_keras.py", ("keras==3.15.1", "tensorflow-cpu")),
    "sktime": ("peer_windows_sktime.py", ("sktime",)),
    "Darts": ("peer_windows_darts.py", ("u8darts",)),
}


def main() -> None:
    """Make the same samples everywhere and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--lag", type=int, default=64)
    given = parser.parse_args()
    values = np.random.default_rng(0).standard_normal(given.points).cumsum()
    bare = by_numpy(values, given.lag)
    with tempfile.TemporaryDirectory() as folder:
        connector = Connector.in_folder(folder)
        ours, kept, opened = by_us(values, given.lag)
        connector.close()
    peers = {
        name: run_peer(script, str(given.points), str(given.lag), packages=packages)
        for name, (script, packages) in PEERS.items()
    }
    for name, figures in peers.items():
        if not np.isclose(figures["sum"], sliding_window_view(values[:-1], given.lag).sum()):
            raise SystemExit(f"{name} made other windows.")
    lines = [
        Line(f"{work}; beside {name}", "s", ours[work], figures[work], bare.get(work), GOAL)
        for work in WORKS
        for name, figures in peers.items()
    ]
    lines += [
        Line("a set made, hashed and kept in a store", "s", kept),
        Line("a kept set opened, the arrays of its train part", "s", opened),
    ]
    show(
        f"{given.points:,} points, lag {given.lag}; beside "
        + ", ".join(f"{name} {figures['version']}" for name, figures in peers.items()),
        lines,
        [
            "Each begins with the series in memory, in its own form; bare is sliding_window_view and a copy of it.",
            "Handed over is by us a view, by Keras a lazy data set of which nothing was made, by the others arrays.",
            "For arrays Keras' data set is iterated, in batches of 128, for its first "
            f"{peers['Keras']['iterated']:,} windows, and all are reckoned from these.",
            "sktime: what make_reduction makes tables by. Darts: create_lagged_training_data.",
            "Ours looks for gaps, parts and undefined values too, and gives the ids; X shares its memory with the series.",
            f"Medians of {REPEAT}, of the peers of 3; Keras once.",
        ],
    )


def by_us(values: np.ndarray, lag: int) -> tuple[dict[str, float], float, float]:
    """Seconds of each work; of making and keeping a set; and of opening it again."""
    source = DataSource(name="s", time_interval="1s").save()
    source.write(START + np.arange(len(values)) * SECOND, values)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7, 0, 0.3)
    prepared = preparation.prepared()
    window = Window(lag)
    kept = seconds(lambda: preparation.create_set(window), REPEAT)
    data_set = preparation.create_set(window)
    opened = seconds(lambda: DataSet.get(data_set.id).arrays("train"), REPEAT)
    if not np.shares_memory(window.samples(prepared).X, prepared.values):
        raise SystemExit("X is a copy.")
    order = np.random.default_rng(0).permutation(len(window.samples(prepared).id))

    def arrays(kind: type, rows: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        made = window.samples(prepared)
        if rows is None:
            return made.id, made.X.astype(kind), made.y.astype(kind)
        return made.id[rows], made.X[rows].astype(kind, copy=False), made.y[rows].astype(kind, copy=False)

    figures = {
        GIVEN: seconds(lambda: window.samples(prepared), REPEAT),
        IN_ORDER: seconds(lambda: arrays(np.float64), REPEAT),
        IN_ORDER_32: seconds(lambda: arrays(np.float32), REPEAT),
        SHUFFLED_32: seconds(lambda: arrays(np.float32, order), REPEAT),
    }
    return figures, kept, opened


def by_numpy(values: np.ndarray, lag: int) -> dict[str, float]:
    """The least that could be done: nothing is looked at, and there are no ids."""
    X, y = sliding_window_view(values[:-1], lag), values[lag:]
    order = np.random.default_rng(0).permutation(len(y))
    return {
        IN_ORDER: seconds(lambda: (X.astype(np.float64), y.astype(np.float64)), REPEAT),
        IN_ORDER_32: seconds(lambda: (X.astype(np.float32), y.astype(np.float32)), REPEAT),
        SHUFFLED_32: seconds(lambda: (X[order].astype(np.float32), y[order].astype(np.float32)), REPEAT),
    }


if __name__ == "__main__":
    main()
