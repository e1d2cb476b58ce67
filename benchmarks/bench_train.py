"""Training an ensemble of the paper's LSTM networks as one program: beside a loop of `keras.Model.fit` and neuralforecast.

python benchmarks/bench_train.py [--seeds 16] [--epochs 100] [--alone 6]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from statsmodels.datasets import sunspots

from entrainer.backend import load_keras
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.networks import PaperLSTM
from entrainer.settings.training import Training
from peers import NotRun, run_peer
from tables import Line, show

LAGS = (5, 7, 13)
BATCH = 32
TRAIN_PART = 0.7
TORCH = ("torch==2.13.0", "neuralforecast==3.3.0")


def main() -> None:
    """Train both ways and print the table; each of ours in a process of its own, for what is compiled once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=16, help="networks of each of the three lags")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--alone", type=int, default=6, help="networks that are trained by Keras; the rest is reckoned")
    parser.add_argument("--only", choices=["together", "alone"], help="do one half and print JSON")
    given = parser.parse_args()
    if given.only == "together":
        print(json.dumps(together(given.seeds, given.epochs)))
        return
    if given.only == "alone":
        print(json.dumps(alone(given.alone, given.epochs)))
        return
    with tempfile.TemporaryDirectory() as cache:
        cold, warm = (run("together", given, cache) for _ in range(2))
        few = argparse.Namespace(seeds=1, epochs=given.epochs, alone=3)
        with tempfile.TemporaryDirectory() as empty:
            first = run("together", few, empty)
    keras = run("alone", given, None)
    members = given.seeds * len(LAGS)
    by_keras = keras["seconds"] / given.alone * members
    lines, note = by_neuralforecast(given.epochs, warm["seconds"], members)
    rate = matrix_rate()
    of_keras, of_ours = (
        members * given.epochs * operations(zeros=zeros) / warm["again"] / 1e9 for zeros in (True, False)
    )

    def line(work: str, seconds: float, theirs: float, goal: str) -> Line:
        return Line(work, "s", seconds, theirs, None, goal)

    show(
        f"{members} networks of the paper, {given.epochs} epochs, beside Keras {keras['version']} on the same backend",
        [
            line("compiled program in the cache", warm["seconds"], by_keras, "≥ 20 ×"),
            line("nothing compiled yet", cold["seconds"], by_keras, "≥ 12 ×"),
            line("compiled in this process", warm["again"], by_keras, ""),
            line("3 networks, first run of a process", first["seconds"], keras["seconds"] / given.alone * 3, "≥ 2 ×"),
            *lines,
        ],
        [
            f"Keras: {given.alone} networks were trained, {keras['seconds'] / given.alone:.2f} s each; the rest is "
            "reckoned.",
            f"Test RMSE, sunspots: ours {spread(warm['errors'])}, Keras {spread(keras['errors'])}.",
            note,
            f"{of_ours:.0f} GFLOP/s of {rate:.0f} that the machine reaches in matrix products of 2,048²: "
            f"{of_ours / rate:.0%} (goal 40 %). Counted are the products that we compute, backward twice.",
            f"With the products of Keras' layers by a state of zeros, which we leave out: {of_keras:.0f} GFLOP/s, "
            f"{of_keras / rate:.0%}.",
        ],
    )


def run(half: str, given: argparse.Namespace, cache: str | None) -> dict:
    """One half in a process of its own."""
    command = [sys.executable, __file__, "--only", half]
    command += [f"--{name}={getattr(given, name)}" for name in ("seeds", "epochs", "alone")]
    environment = os.environ | ({} if cache is None else {"ENSTORAGE_CACHE": cache})
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def together(seeds: int, epochs: int) -> dict:
    """Ours: the first training of the process, and the same again."""
    load_keras()
    rows = {lag: windows(lag) for lag in LAGS}
    members = [
        GroupMember(PaperLSTM(), *rows[lag][0], seed, f"lag {lag}, seed {seed}")
        for seed in range(seeds)
        for lag in LAGS
    ]
    training = Training(epochs=epochs, batch_size=BATCH)
    started = time.perf_counter()
    trained = train_together(members, training)
    first = time.perf_counter() - started
    started = time.perf_counter()
    train_together(members, training)
    again = time.perf_counter() - started
    tests = [rows[lag][1] for _ in range(seeds) for lag in LAGS]
    predicted = predict_together([each.obj for each in trained], [X for X, _ in tests])
    errors = [error(values[:, 0], y) for values, (_, y) in zip(predicted, tests, strict=True)]
    return {"seconds": first, "again": again, "errors": errors}


def alone(count: int, epochs: int) -> dict:
    """A loop of `fit`, each network built, compiled and trained as its documentation shows."""
    keras = load_keras()
    errors = []
    started = time.perf_counter()
    for number in range(count):
        keras.utils.set_random_seed(number)
        (X, y), (X_test, y_test) = windows(LAGS[number % len(LAGS)])
        model = PaperLSTM().build(X.shape[1:])
        model.compile(optimizer="rmsprop", loss="mse")
        model.fit(X, y, epochs=epochs, batch_size=BATCH, verbose=0)
        errors.append((model, X_test, y_test))
    seconds = time.perf_counter() - started
    return {
        "seconds": seconds,
        "version": keras.__version__,
        "errors": [error(model.predict(X, verbose=0)[:, 0], y) for model, X, y in errors],
    }


def by_neuralforecast(epochs: int, ours: float, members: int) -> tuple[list[Line], str]:
    """The line of the table and the note on it; no line where it was not run."""
    values, cut = series()
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "series.json"
        given.write_text(json.dumps({"values": values.tolist(), "cut": cut}))
        try:
            theirs = run_peer(
                "peer_neuralforecast.py",
                *map(str, (given, epochs, BATCH, *LAGS)),
                packages=TORCH,
                unwanted="nvidia-",
            )
        except NotRun as reason:
            return [], f"neuralforecast: not run: {reason}. benchmarks/README.md says how to get torch for the CPU."
    each = theirs["seconds"] / len(LAGS)
    line = Line("compiled program in the cache; beside neuralforecast", "s", ours, each * members, None, "≥ 20 ×")
    return [line], (
        f"neuralforecast {theirs['version']}: {len(LAGS)} networks of the nearest kind were trained, {each:.2f} s each; the "
        f"rest is reckoned. Test RMSE {spread(theirs['errors'])}."
    )


def series() -> tuple[np.ndarray, int]:
    """The yearly sunspot numbers, scaled by the train part, and where the test part begins."""
    values = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
    cut = round(len(values) * TRAIN_PART)
    low, high = values[:cut].min(), values[:cut].max()
    return (values - low) / (high - low), cut


def windows(lag: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Train and test rows of the series."""
    values, cut = series()
    table = np.lib.stride_tricks.sliding_window_view(values, lag + 1)
    train, test = table[: cut - lag], table[cut - lag :]
    return (train[:, :-1], train[:, -1]), (test[:, :-1], test[:, -1])


def error(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Root of the mean square, in the scale of the train part."""
    return float(np.sqrt(np.mean((predicted - truth) ** 2)))


def spread(errors: list[float]) -> str:
    """Mean ± standard deviation."""
    return f"{np.mean(errors):.3f} ± {np.std(errors):.3f}"


def operations(*, zeros: bool) -> float:
    """Floating-point operations of one epoch of one network, mean over the lags; backward counts twice.

    Args:
        zeros: with the products by the state of zeros in which each layer begins its only step.
    """
    first, second = PaperLSTM().units
    total = 0.0
    for lag in LAGS:
        products = 4 * first * lag + 4 * second * first + second
        products += 4 * (first**2 + second**2) if zeros else 0
        total += 3 * 2 * products * len(windows(lag)[0][0])
    return total / len(LAGS)


def matrix_rate() -> float:
    """GFLOP/s of the machine in products of large matrices, in the same library."""
    import jax
    import jax.numpy as jnp

    size = 2048
    a = jnp.ones((size, size))
    product = jax.jit(lambda x: x @ x)
    product(a).block_until_ready()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        product(a).block_until_ready()
        times.append(time.perf_counter() - started)
    return 2 * size**3 / min(times) / 1e9


if __name__ == "__main__":
    main()
