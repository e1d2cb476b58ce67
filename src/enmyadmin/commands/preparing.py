"""Commands that lead from a source to prepared data: snapshot, prepare."""

from typing import Annotated

import typer

from enmyadmin.commands.opening import Store, open_store
from enmyadmin.commands.records import described, find_records
from enmyadmin.output import Json, print_json

Clean = Annotated[
    str,
    typer.Option(
        "--clean",
        help="Fill or drop rows without value: drop, forward, backward, linear, mean, median, constant(v), seasonal(n).",
        metavar="METHOD",
    ),
]
Transform = Annotated[
    str, typer.Option(help="Such as none, minmax, standard, log, difference, or a chain: log+minmax.", metavar="METHOD")
]
Train = Annotated[float, typer.Option("--train", help="Share of the rows, in time order, to train on.")]
Valid = Annotated[float, typer.Option("--valid", help="Share after those, to choose by.")]
Test = Annotated[
    float | None,
    typer.Option("--test", help="Share at the end; by default what the others leave.", show_default=False),
]
Description = Annotated[str, typer.Option(help="Free text.", show_default=False)]


def snapshot(
    sources: Annotated[list[str], typer.Argument(help="Ids or names of data sources.", metavar="SOURCE")],
    description: Description = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Take a snapshot of a data source.

    Points that are written later do not change it. Several sources are read at one moment.

    Example: enstorage snapshot 1
    """
    from enstorage import DataSource, create_snapshots
    from enstorage.instant import to_iso

    taken = create_snapshots(find_records(DataSource, sources, open_store(store)), description)
    if as_json:
        print_json([each.as_dictionary() for each in taken])
        return
    for each in taken:
        period = f"{to_iso(each.time_from)} to {to_iso(each.time_to)}"
        empty = f", {each.empty_rows} of them without value" if each.empty_rows else ""
        typer.echo(f"Took {described(each)} of {described(each.data_source)}: {each.rows} rows{empty}, {period}.")


def prepare(
    snapshots: Annotated[list[str], typer.Argument(help="Ids of snapshots.", metavar="SNAPSHOT")],
    clean: Clean = "drop",
    transform: Transform = "none",
    train: Train = 0.7,
    valid: Valid = 0.0,
    test: Test = None,
    split: Annotated[str, typer.Option(help="time, or random, which leaks the future into training.")] = "time",
    seed: Annotated[int, typer.Option(help="Seed of a random split.")] = 0,
    description: Description = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Clean, transform and split a snapshot.

    Example: enstorage prepare 1 --clean linear --transform minmax --train 0.7 --valid 0.15
    """
    from enstorage import DataSnapshot, create_preparations

    made = create_preparations(
        find_records(DataSnapshot, snapshots, open_store(store)),
        clean,
        transform,
        train,
        valid,
        test,
        split=split,
        seed=seed,
        description=description,
    )
    if as_json:
        print_json([each.as_dictionary() for each in made])
        return
    for each in made:
        parts = ", ".join(f"{rows} {part}" for part, rows in each.state["parts"].items() if rows)
        typer.echo(f"Made {described(each)} of data snapshot {each.data_snapshot_id}: {each.rows} rows ({parts}).")
