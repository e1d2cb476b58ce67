"""Ways to combine beside the plain mean, on M1 and on the series of M4 with even numbers, with five cheap members.

ENSTORAGE_TEST_DATA=… python benchmarks/bench_combining.py [--origins 3] [--methods online fforma]

Members are the naive forecast, the seasonal naive one, the drift, a Theta forecast and a ridge autoregression.
Methods are fitted on forecasts from origins inside the learning part, one horizon apart, over all series of a group.
The figures are the mean MASE of the forecasts after the learning part, and its difference to that of the mean of members.
"""

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from combining_data import MEMBERS, Floats, Group, forecasts, groups
from endirector import Fitting, Method, Rows, TargetTimes
from endirector.members.series_features import series_features
from endirector.methods.fixed.trimmed import Trimmed
from endirector.methods.fixed.voting import Voting
from endirector.methods.stacked.multilayer_stack import MultilayerStack
from endirector.methods.varying.fforma import Fforma
from endirector.methods.varying.online import Online
from endirector.methods.varying.partial_pooling import PartialPooling
from endirector.methods.weighted.greedy import Greedy
from endirector.methods.weighted.quantile_voting import QuantileVoting
from endirector.methods.weighted.weighted_voting import WeightedVoting
from timing import seconds

METHODS: dict[str, Method] = {
    "voting (median)": Voting(average="median"),
    "trimmed": Trimmed(),
    "weighted_voting (inverse_error)": WeightedVoting(weights="inverse_error"),
    "weighted_voting (simplex)": WeightedVoting(),
    "greedy": Greedy(),
    "greedy (mae)": Greedy(metric="mae"),
    "quantile_voting": QuantileVoting(),
    "multilayer_stack": MultilayerStack(),
    "online (boa)": Online(),
    "online (boa, series)": Online(weights_per="series"),
    "online (ml_poly)": Online(rule="ml_poly"),
    "online (exponential)": Online(rule="exponential"),
    "online (fixed_share)": Online(rule="fixed_share"),
    "partial_pooling": PartialPooling(),
    "partial_pooling (inverse_error)": PartialPooling(weights="inverse_error"),
    "fforma": Fforma(),
}


@dataclass(frozen=True)
class Panel:
    """The forecasts of a group: those to fit on, and those to judge by.

    Attributes:
        fit: from the origins inside of the learning part.
        truth: of these, shape (rows,).
        test: from the end of the learning part.
        test_truth: of these, shape (rows,).
        scale: mean absolute change over a season of each learning part, shape (series,).
    """

    fit: Rows
    truth: Floats
    test: Rows
    test_truth: Floats
    scale: Floats

    def mase(self, forecast: Floats) -> Floats:
        """Of each series, (rows,) → (series,)."""
        assert self.test.targets is not None
        error = np.abs(forecast - self.test_truth)
        return error.reshape(len(self.scale), -1).mean(axis=1) / self.scale


def panel_of(group: Group, origins: int) -> Panel:
    """Forecast every series from every origin. Times are counted from the end of the learning part, the same for all."""
    fit, test, scale = [], [], []
    for number, (train, truth) in enumerate(group.series):
        cuts = [len(train) - back * group.horizon for back in range(origins, 0, -1)]
        fit += [
            _block(number, train[:cut], train[cut : cut + group.horizon], cut - len(train), group)
            for cut in cuts
            if cut >= max(6, group.season + 2)
        ]
        test.append(_block(number, train, truth, 0, group))
        lag = group.season if len(train) > group.season else 1
        scale.append(float(np.abs(train[lag:] - train[:-lag]).mean()) or 1.0)
    return Panel(*_together(fit), *_together(test), np.array(scale))


_Block = tuple[Floats, Floats, Floats, Floats]


def _block(number: int, known: Floats, truth: Floats, start: int, group: Group) -> _Block:
    """Forecasts, features, truth, and (series, time, origin, step) of the forecasts from one origin."""
    step = np.arange(1, group.horizon + 1)
    keys = np.column_stack([np.full(len(step), number), start + step - 1, np.full(len(step), start - 1), step])
    features = np.tile(series_features(known, group.season), (len(step), 1))
    return forecasts(known, group.horizon, group.season), features, truth, keys


def _together(blocks: list[_Block]) -> tuple[Rows, Floats]:
    members, features, truth, keys = (np.concatenate(each) for each in zip(*blocks, strict=True))
    series, time, origin, step = keys.astype(np.int64).T
    return Rows(members, step.astype(np.int32), None, TargetTimes(series, time, origin), features), truth


def judged(group: Group, panel: Panel, names: list[str]) -> Iterator[tuple[str, str]]:
    """The line of each member and method: its mean MASE, and the paired difference to the mean with its standard error."""
    mean = panel.mase(panel.test.forecasts.mean(axis=1))
    yield "mean", f"{mean.mean():.3f}"
    for place, name in enumerate(MEMBERS):
        yield name, _beside(panel.mase(panel.test.forecasts[:, place]), mean)
    for name in names:
        found: list[Floats] = []

        def work(method: Method = METHODS[name], found: list[Floats] = found) -> None:
            found.append(method.fit(Fitting(panel.fit, panel.truth)).predict(panel.test))

        taken = seconds(work)
        yield name, _beside(panel.mase(found[0]), mean)
        print(f"{group.name}: {name}, {taken:.1f} s", flush=True)


def _beside(mase: Floats, mean: Floats) -> str:
    difference = mase - mean
    return f"{mase.mean():.3f} ({difference.mean():+.3f} ± {difference.std(ddof=1) / len(mean) ** 0.5:.3f})"


def main() -> None:
    """Judge all methods on all groups, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--origins", type=int, default=3)
    parser.add_argument("--methods", nargs="*", default=[""], help="parts of names of methods")
    given = parser.parse_args()
    names = [name for name in METHODS if any(part in name for part in given.methods)]
    warnings.simplefilter("ignore", np.exceptions.RankWarning)
    columns, lines = [], dict[str, list[str]]()
    for group in groups():
        columns.append(f"{group.name} ({len(group.series)})")
        for name, cell in judged(group, panel_of(group, given.origins), names):
            lines.setdefault(name, []).append(cell)
    print("\n| | " + " | ".join(columns) + " |")
    print("|---|" + "---:|" * len(columns))
    for name, cells in lines.items():
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
