"""Common code of the examples: options, the training of models, the percentage of right rows, and the main program."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

import entrainer
from enstorage import Connector, DataSet, DataSource, EnstorageError, Model, Project
from enstorage.entity.research import Research
from entrainer.networks.estimator import Estimator
from entrainer.networks.specification import NetworkSpec
from rows import Row, kept

CONSOLE = Console(stderr=True)


@dataclass(frozen=True)
class Options:
    """The options of an example.

    Attributes:
        data: a local copy of the data, or None to download it.
        full: True for the settings of the source, False for a short form that only shows that the example runs.
        seeds: the number of networks, from seed 0; None for the example's own number.
        epochs: the number of epochs; None for the example's own number.
    """

    data: Path | None = None
    full: bool = False
    seeds: int | None = None
    epochs: int | None = None

    def local(self, path: str) -> Path | None:
        """The local copy: the given file, or the file of that path in the given folder; None if it must be downloaded."""
        if self.data is None or self.data.is_file():
            return self.data
        if not self.data.is_dir():
            raise SystemExit(f"There is no {self.data}. Give a local copy, or a folder with {path}: --data PATH")
        if not (self.data / path).is_file():
            CONSOLE.print(f"{self.data} has no {path}.")
            return None
        return self.data / path

    def pick(self, full: int, short: int) -> int:
        """The number for the full or the short form."""
        return full if self.full else short

    def range_of_seeds(self, full: int, short: int = 2) -> range:
        """The seeds that are trained."""
        return range(self.seeds or self.pick(full, short))

    def epochs_of(self, full: int, short: int) -> int:
        """The epochs that are trained."""
        return self.epochs or self.pick(full, short)


def research(name: str, models: str) -> Research:
    """Create a project for networks whose samples come from no series, and a research in it."""
    source = DataSource(name="No series", description="For projects on images, texts and made-up samples").save()
    return Project(name=name, data_source=source).create_research(models)


def trained(
    group: Research,
    network: NetworkSpec | Estimator,
    data_set: DataSet,
    training: entrainer.Training,
    seeds: Sequence[int],
) -> list[Model]:
    """Train one model for each seed together; their objects, curves, facts and forecasts are stored."""
    kind = network.estimator if isinstance(network, Estimator) else network.name
    models = [group.create_model(f"{kind}, seed {seed}", network) for seed in seeds]
    for model in models:
        model.data_set(data_set)
    entrainer.fit(models, training, seeds=seeds, progress=not isinstance(network, Estimator))
    return models


def percent_right(models: Sequence[Model], data_set: DataSet, part: str = "test") -> list[float]:
    """The percentage of the rows of a part that each model forecast right, by its stored forecasts.

    The predicted class is the most probable one, or with one output the positive class if the output is at least 0.5.
    """
    _, truth = data_set.targets(part)
    shares = []
    for model in models:
        output = model.forecasts(part)["value"].to_numpy().reshape(truth.shape)
        right = output.argmax(axis=1) == truth.argmax(axis=1) if truth.ndim > 1 else (output >= 0.5) == (truth >= 0.5)
        shares.append(100 * float(right.mean()))
    return shares


def shorter(**amounts: tuple[int, int]) -> str:
    """Describe a run shorter than the source's: `epochs=(3, 100)` becomes `3 of 100 epochs were run`; else an empty text."""
    less = [f"{ours:,} of {theirs:,} {name}" for name, (ours, theirs) in amounts.items() if ours < theirs]
    return f"{' and '.join(less)} were run" if less else ""


@contextmanager
def step(what: str) -> Iterator[None]:
    """Show the name of a step that takes a few seconds."""
    with CONSOLE.status(what):
        yield


def run(work: Callable[[Options], list[Row]]) -> None:
    """Read the options, open the store, run the example, and print its rows.

    Args:
        work: the function of the example; its docstring is printed.
    """
    parser = argparse.ArgumentParser(description=sys.modules[work.__module__].__doc__)
    parser.add_argument("--store", type=Path, default=Path("examples-store"), help="folder of the store that is filled")
    parser.add_argument("--data", type=Path, help="a local copy of the data, a file or a folder with it")
    parser.add_argument("--full", action="store_true", help="as the source did; takes up to half an hour")
    parser.add_argument("--seeds", type=int, help="networks that are trained, from seed 0")
    parser.add_argument("--epochs", type=int, help="epochs that each is trained")
    parser.add_argument("--rows", type=Path, help="file of JSON lines in which the rows of this example are replaced")
    given = parser.parse_args()
    name = Path(sys.argv[0]).stem
    print(f"{name}: {' '.join((work.__doc__ or '').split())}")
    started = time.perf_counter()
    connector = Connector.in_folder(given.store)
    try:
        with connector:
            rows = work(Options(given.data, given.full, given.seeds, given.epochs))
    except EnstorageError as error:
        raise SystemExit(f"{name}: {error}") from error
    finally:
        connector.close()
    seconds = time.perf_counter() - started
    for row in rows:
        print(f"  {row.work}, {row.figure}: {row.ours}; the source: {row.stated}; {row.verdict}")
    if given.rows is not None:
        kept(given.rows, name, rows, seconds)
    print(f"  {seconds:.0f} s. The models are kept: enstorage list models --store {given.store}")
