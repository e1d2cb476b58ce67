"""Commands that train models and keep their forecasts: fit, predict, backtest, tune."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.given import read_named, read_object, without_none
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, find_record, find_records
from enmyadmin.interruption import kept
from enmyadmin.output import Json, Quiet, print_json, print_line, print_table

if TYPE_CHECKING:
    from enstorage import Model
    from entrainer import Training

Models = Annotated[list[str], typer.Argument(help="Ids or names of models.", metavar="MODEL")]
Seeds = Annotated[
    list[int] | None,
    typer.Option("--seed", help="One for all, or repeated: one for each model; 0 by default.", show_default=False),
]


@dataclass(frozen=True)
class TrainingOptions:
    """The settings of a training: single ones, and all of them as JSON."""

    epochs: Annotated[int | None, typer.Option(help="Passes over all rows; 200 by default.", show_default=False)] = None
    batch_size: Annotated[int | None, typer.Option(help="Rows per step; 32 by default.", show_default=False)] = None
    learning_rate: Annotated[
        float | None, typer.Option(help="By default that of the optimizer.", show_default=False)
    ] = None
    early_stopping: Annotated[
        int | None,
        typer.Option(help="Stop after so many epochs without a lower loss.", metavar="EPOCHS", show_default=False),
    ] = None
    loss: Annotated[str | None, typer.Option(help="Such as mse, mae, huber; mse by default.", show_default=False)] = (
        None
    )
    optimizer: Annotated[
        str | None, typer.Option(help="Such as rmsprop, adam; rmsprop by default.", show_default=False)
    ] = None
    training: Annotated[
        str | None,
        typer.Option(
            help="All settings as a JSON object, a file, or - for standard input; options above replace its values.",
            metavar="JSON",
            show_default=False,
        ),
    ] = None

    def to_json(self) -> dict[str, Any]:
        """The settings that were given, as `Training.from_json` takes them."""
        names = ("epochs", "batch_size", "learning_rate", "loss", "optimizer")
        stopping = None if self.early_stopping is None else {"patience": self.early_stopping}
        options = {name: getattr(self, name) for name in names} | {"early_stopping": stopping}
        return read_object(self.training, "--training") | without_none(options)

    def settings(self) -> "Training":
        """All settings, with defaults for those that were not given."""
        from entrainer import Training

        return Training.from_json(self.to_json())


def fit(
    models: Models,
    *,
    training: TrainingOptions,
    seed: Seeds = None,
    share: Annotated[
        bool, typer.Option("--share", help="Skip models that other processes train or have trained.")
    ] = False,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Folder in which TensorBoard shows the training.", show_default=False)
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Train models and keep their forecasts.

    Networks of one kind train together, as one program. Ctrl-C keeps what is finished.

    Example: enstorage fit 1 2 3 --epochs 50 --learning-rate 0.001 --seed 7
    """
    import entrainer
    from enstorage import Model

    chosen = find_records(Model, models, open_store(store))
    settings, before = training.settings(), _state(chosen)
    with kept(lambda: _finished(chosen, before)):
        entrainer.fit(
            chosen,
            settings,
            seeds=_seeds(seed),
            share=share,
            tensorboard=tensorboard,
            progress=not (quiet or as_json),
        )
    if as_json:
        print_json([{**model.as_dictionary(), "meta": model.metas()} for model in chosen])
        return
    heads = ("epochs", "loss", "seconds")
    facts = [model.metas() for model in chosen]
    rows = [[model.id, model.name, *map(own.get, heads)] for model, own in zip(chosen, facts, strict=True)]
    print_table(["id", "model", *heads], rows)


def predict(models: Models, store: Store = None, as_json: Json = False) -> None:
    """Forecast the data sets of trained models.

    The forecasts are kept; they replace those of an earlier object.

    Example: enstorage predict 1 2
    """
    import entrainer
    from enstorage import Model

    chosen = find_records(Model, models, open_store(store))
    rows: list[tuple[int, str, dict[str, int]]] = []
    for model in chosen:
        parts = entrainer.predict(model).group_by("part", maintain_order=True).len()
        rows.append((model.id, model.name, dict(parts.iter_rows())))
    if as_json:
        print_json([{"id": id, "name": name, "forecasts": parts} for id, name, parts in rows])
        return
    names = list(dict.fromkeys(part for *_, parts in rows for part in parts))
    print_table(["id", "model", *names], [[id, name, *map(parts.get, names)] for id, name, parts in rows])


def backtest(
    models: Models,
    folds: Annotated[int, typer.Option(min=1, help="Number of origins.")] = 5,
    initial: Annotated[float, typer.Option(help="Share of the rows before the first origin.")] = 0.5,
    horizon: Annotated[
        int | None,
        typer.Option(min=1, help="Steps to forecast, at least; by default those of the data set.", show_default=False),
    ] = None,
    *,
    training: TrainingOptions,
    seed: Seeds = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Make out-of-fold forecasts from rolling origins.

    Each model forecasts rows that it was not trained on; its own object and forecasts stay as they are.

    Example: enstorage backtest 1 2 3 --folds 4 --epochs 50
    """
    import entrainer
    from enstorage import Model

    chosen = find_records(Model, models, open_store(store))
    settings, before = training.settings(), _state(chosen)
    with kept(lambda: _finished(chosen, before)):
        entrainer.backtest(
            chosen,
            settings,
            folds=folds,
            initial=initial,
            horizon=horizon,
            seeds=_seeds(seed),
            progress=not (quiet or as_json),
        )
    counts = [model.forecasts("out_of_fold").height for model in chosen]
    if as_json:
        facts = [model.meta("backtest") for model in chosen]
        print_json(
            [
                {"id": model.id, "name": model.name, "out_of_fold": count, "backtest": fact}
                for model, count, fact in zip(chosen, counts, facts, strict=True)
            ]
        )
        return
    rows = [[model.id, model.name, count] for model, count in zip(chosen, counts, strict=True)]
    print_table(["id", "model", "out-of-fold forecasts"], rows)


def tune(
    research: Annotated[str, typer.Argument(help="Id or name of the research of the models.", metavar="RESEARCH")],
    data_set: Annotated[
        list[str], typer.Option(help="Id or name of a data set with valid rows; may be repeated: several are tried.")
    ],
    network: Annotated[
        str, typer.Option(help="The name of a network, or a JSON object with its fixed parameters.", metavar="JSON")
    ],
    space: Annotated[
        str,
        typer.Option(
            help='Parameters to vary, as JSON or a file: {"network.hidden": [[4], [8]], "training.learning_rate": '
            '{"low": 0.0001, "high": 0.1, "log": true}}.',
            metavar="JSON",
        ),
    ] = "{}",
    trials: Annotated[int, typer.Option(min=1, help="Number of trials in all, with those stored already.")] = 20,
    name: Annotated[str, typer.Option(help="Name of the study; an existing one is continued.")] = "tuning",
    at_once: Annotated[int, typer.Option(min=1, help="Number of trials that are trained together.")] = 12,
    seed: Annotated[int, typer.Option(help="Of proposals, initial weights and shuffling.")] = 0,
    *,
    training: TrainingOptions,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Search for the network and settings with the lowest error.

    Each trial is a model of the research; valid rows choose, test rows play no part. Ctrl-C keeps finished trials, and the
    same command continues the search.

    Example: enstorage tune 1 --data-set 1 --network lstm --space space.json --trials 30 --epochs 50
    """
    import entrainer
    from enstorage import DataSet, Research
    from entrainer.experiments.search_space import SearchSpace

    connector = open_store(store)
    chosen = find_record(Research, research, connector)
    sets = {described(each): each for each in find_records(DataSet, data_set, connector)}
    searched = SearchSpace(
        read_named(network, "--network") or {}, training.to_json(), sets, read_object(space, "--space")
    )
    with kept(lambda: "Finished trials are kept; the same command continues the search."):
        tuning = entrainer.tune(
            chosen, searched, trials, name=name, at_once=at_once, seed=seed, progress=not (quiet or as_json)
        )
    facts = [model.meta("trial") for model in tuning.models]
    best = tuning.best if any(fact["value"] is not None for fact in facts) else None
    if as_json:
        found = [{"id": model.id, **fact} for model, fact in zip(tuning.models, facts, strict=True)]
        print_json({"study": name, "best": None if best is None else best.as_dictionary(), "trials": found})
        return
    varied = list(dict.fromkeys(key for fact in facts for key in fact["parameters"]))
    rows = [
        [model.id, model.name, fact["value"], fact["state"], *map(fact["parameters"].get, varied)]
        for model, fact in zip(tuning.models, facts, strict=True)
    ]
    print_table(["id", "model", "valid loss", "state", *varied], sorted(rows, key=_by_loss))
    print_line("No trial was completed." if best is None else f"Best: {described(best)}.")


def _by_loss(row: list[Any]) -> tuple[bool, float]:
    return row[2] is None, row[2] or 0.0


def _seeds(given: list[int] | None) -> int | list[int]:
    seeds = given or [0]
    return seeds[0] if len(seeds) == 1 else seeds


def _state(models: "Sequence[Model]") -> list[Any]:
    """Facts and forecasts of models, which change when they are trained."""
    from enstorage import Forecast

    return [(model.metas(), [forecast.id for forecast in Forecast.of(model)]) for model in models]


def _finished(models: "Sequence[Model]", before: list[Any]) -> str:
    """The models that changed, and those of them that are not at their last epoch."""
    kept_ones = []
    for model, then, now in zip(models, before, _state(models), strict=True):
        if now != then:
            facts, _ = now
            early = f", stopped at epoch {facts['epochs']}" if facts.get("stopped") == "interrupted" else ""
            kept_ones.append(f"{described(model)}{early}")
    left = len(models) - len(kept_ones)
    if not kept_ones:
        return "No model was finished; nothing was changed."
    return f"Kept: {'; '.join(kept_ones)}." + (f" {left} of {len(models)} are unchanged." if left else "")
