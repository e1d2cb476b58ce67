"""Commands that train models and keep their forecasts: fit, predict, backtest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.given import read_object, without_none
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, find_records
from enmyadmin.interruption import kept
from enmyadmin.output import Json, Quiet, print_json, print_table

if TYPE_CHECKING:
    from enstorage import Model
    from entrainer import Training

Models = Annotated[list[str], typer.Argument(help="Ids or names of models.", metavar="MODEL")]
Epochs = Annotated[int | None, typer.Option(help="Passes over all rows; 200 by default.", show_default=False)]
BatchSize = Annotated[int | None, typer.Option(help="Rows per step; 32 by default.", show_default=False)]
Rate = Annotated[
    float | None, typer.Option("--learning-rate", help="By default that of the optimizer.", show_default=False)
]
Patience = Annotated[
    int | None,
    typer.Option(
        "--early-stopping", help="Stop after so many epochs without a lower loss.", metavar="EPOCHS", show_default=False
    ),
]
Loss = Annotated[str | None, typer.Option(help="Such as mse, mae, huber; mse by default.", show_default=False)]
Optimizer = Annotated[str | None, typer.Option(help="Such as rmsprop, adam; rmsprop by default.", show_default=False)]
Settings = Annotated[
    str | None,
    typer.Option(
        "--training",
        help="All settings as a JSON object, a file, or - for standard input; options above replace what it says.",
        metavar="JSON",
        show_default=False,
    ),
]
Seeds = Annotated[
    list[int] | None,
    typer.Option("--seed", help="One for all, or repeated: one for each model; 0 by default.", show_default=False),
]


def fit(
    models: Models,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Rate = None,
    early_stopping: Patience = None,
    loss: Loss = None,
    optimizer: Optimizer = None,
    training: Settings = None,
    seed: Seeds = None,
    share: Annotated[
        bool, typer.Option("--share", help="Leave to other processes what they train, and what is trained already.")
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
    settings = _training(
        training,
        early_stopping,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        loss=loss,
        optimizer=optimizer,
    )
    before = _state(chosen)
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
    folds: Annotated[int, typer.Option(min=1, help="How many origins.")] = 5,
    initial: Annotated[float, typer.Option(help="Share of the rows before the first origin.")] = 0.5,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    learning_rate: Rate = None,
    early_stopping: Patience = None,
    loss: Loss = None,
    optimizer: Optimizer = None,
    training: Settings = None,
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
    settings = _training(
        training,
        early_stopping,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        loss=loss,
        optimizer=optimizer,
    )
    before = _state(chosen)
    with kept(lambda: _finished(chosen, before)):
        entrainer.backtest(
            chosen, settings, folds=folds, initial=initial, seeds=_seeds(seed), progress=not (quiet or as_json)
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


def _training(given: str | None, early_stopping: int | None, **options: Any) -> "Training":
    """The settings that `--training` gives, but for what options say."""
    from entrainer import Training

    stopping = None if early_stopping is None else {"patience": early_stopping}
    return Training.from_json(read_object(given, "--training") | without_none({**options, "early_stopping": stopping}))


def _seeds(given: list[int] | None) -> int | list[int]:
    seeds = given or [0]
    return seeds[0] if len(seeds) == 1 else seeds


def _state(models: "Sequence[Model]") -> list[Any]:
    """Facts and forecasts of models: what changes when they are trained."""
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
    return f"Kept: {'; '.join(kept_ones)}." + (f" {left} of {len(models)} are as they were." if left else "")
