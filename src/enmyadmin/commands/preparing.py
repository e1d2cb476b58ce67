"""Commands from a source to prepared data: snapshot, check-snapshots, prepare."""

from dataclasses import asdict, dataclass
from typing import Annotated

import typer

from enmyadmin.arguments.given import without_none
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, find_records
from enmyadmin.output import Json, Quiet, print_json, print_line

Description = Annotated[str, typer.Option(help="Free text.", show_default=False)]


@dataclass(frozen=True)
class PreparationOptions:
    """The parameters of a preparation, by the names of its columns."""

    clean_method: Annotated[
        str | None,
        typer.Option(
            "--clean",
            help="Rows without value: drop (by default), forward, backward, linear, mean, median, constant(v), "
            "seasonal(n).",
            metavar="METHOD",
            show_default=False,
        ),
    ] = None
    transform_method: Annotated[
        str | None,
        typer.Option(
            "--transform",
            help="none (by default), minmax, standard, log, difference, or a chain: log+minmax.",
            metavar="METHOD",
            show_default=False,
        ),
    ] = None
    train_part: Annotated[
        float | None,
        typer.Option(
            "--train", help="Share of the rows, in time order, to train on; 0.7 by default.", show_default=False
        ),
    ] = None
    valid_part: Annotated[
        float | None,
        typer.Option("--valid", help="Share after those, to choose by; 0 by default.", show_default=False),
    ] = None
    test_part: Annotated[
        float | None,
        typer.Option("--test", help="Share at the end; by default what the others leave.", show_default=False),
    ] = None
    split: Annotated[
        str | None,
        typer.Option(help="time (by default), or random, which leaks the future into training.", show_default=False),
    ] = None
    seed: Annotated[int | None, typer.Option(help="Of a random split; 0 by default.", show_default=False)] = None


def snapshot(
    sources: Annotated[list[str], typer.Argument(help="Ids or names of data sources.", metavar="SOURCE")],
    description: Description = "",
    whole_period: Annotated[
        bool, typer.Option("--whole-period", help="Keep empty buckets before and after all points.")
    ] = False,
    keep_partial: Annotated[
        bool, typer.Option("--keep-partial", help="Keep a first and last bucket that points cover only in part.")
    ] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Take a snapshot of a data source.

    Points that are written later do not change it. Several sources are read at one moment.

    It begins and ends with buckets that have points and are covered by them; what is left out is printed.

    Example: enstorage snapshot 1
    """
    from enstorage import DataSource, create_snapshots

    chosen = find_records(DataSource, sources, open_store(store))
    taken = create_snapshots(
        chosen,
        description,
        whole_period=whole_period,
        keep_partial=keep_partial,
        progress=not (quiet or as_json),
    )
    if as_json:
        print_json([each.as_dictionary() for each in taken])
        return
    for each in taken:
        times, _ = each.read()
        empty = f", {each.empty_rows} of them without value" if each.empty_rows else ""
        print_line(
            f"Took {described(each)} of {described(each.data_source)}: {each.rows} rows from {each.label(int(times[0]))} to "
            f"{each.label(int(times[-1]))}{empty}."
        )
        for remark in each.remarks():
            print_line(remark)


def check_snapshots(
    sources: Annotated[list[str], typer.Argument(help="Ids or names of data sources.", metavar="SOURCE")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Compare the points of a data source with its snapshots.

    The result is kept: ensembles over a snapshot whose points changed are shown as not up to date.

    Example: enstorage check-snapshots Load
    """
    from enstorage import DataSource

    chosen = find_records(DataSource, sources, open_store(store))
    changed = {source.id: {each.id for each in source.check_snapshots()} for source in chosen}
    snapshots = [(source, each) for source in chosen for each in source.snapshots()]
    if as_json:
        print_json([{**each.as_dictionary(), "same": each.id not in changed[source.id]} for source, each in snapshots])
        return
    for source, each in snapshots:
        word = "has other points now" if each.id in changed[source.id] else "is as it was"
        print_line(f"The period of {described(each)} of {described(source)} {word}.")
    if not snapshots:
        print_line("There are no snapshots.")


def prepare(
    snapshots: Annotated[list[str], typer.Argument(help="Ids of snapshots.", metavar="SNAPSHOT")],
    *,
    preparing: PreparationOptions,
    description: Description = "",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Clean, transform and split a snapshot.

    Example: enstorage prepare 1 --clean linear --transform minmax --train 0.7 --valid 0.15
    """
    from enstorage import DataSnapshot, create_preparations

    chosen = find_records(DataSnapshot, snapshots, open_store(store))
    made = create_preparations(
        chosen, **without_none(asdict(preparing)), description=description, progress=not (quiet or as_json)
    )
    if as_json:
        print_json([each.as_dictionary() for each in made])
        return
    for each in made:
        rows = ", ".join(f"{count} {part}" for part, count in each.state["parts"].items() if count)
        filled = each.state["filled_rows"]
        told = f" {filled} filled: models see them, and no error counts them." if filled else ""
        print_line(f"Made {described(each)} of data snapshot {each.data_snapshot_id}: {each.rows} rows ({rows}).{told}")
