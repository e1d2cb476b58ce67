"""The commands load and check-data-set."""

from typing import Annotated

import typer

from enmyadmin.arguments.expected import ExpectedOptions
from enmyadmin.arguments.given import read_parameters
from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.arguments.records import described, find_record
from enmyadmin.output import Json, Quiet, counted, print_json, print_line
from enstorage.errors import InvalidInputError


def load(
    kind: Annotated[str, typer.Argument(help="The loader: csv, parquet, sql, http, influxdb, objects, or a plug-in.")],
    expected: ExpectedOptions,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            help="Parameters of the loader; a value may be JSON.", metavar="[KEY=VALUE]...", show_default=False
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="Name of the source or panel; made of what comes if there is none.", show_default=False)
    ] = "",
    time_from: Annotated[str | None, typer.Option(help="Start of the period to load.", show_default=False)] = None,
    time_to: Annotated[
        str | None, typer.Option(help="End of that period, itself excluded.", show_default=False)
    ] = None,
    snapshot: Annotated[bool, typer.Option("--snapshot", help="Fix the state after the load.")] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Load points from files, databases and services.

    Only what is new is written: loading the same again changes nothing. Places and passwords are in variables such as
    ENSTORAGE_CONNECTION_GRID=postgresql://user:password@host/database, of which connection=grid is the name.

    Example: enstorage load sql connection=grid "query=SELECT time, load FROM meters" --source Load --snapshot
    """
    from enstorage import Connector, DataSource
    from enstorage import load as load_points
    from enstorage.exchange.loading import MOST_POINTS
    from enstorage.instant import to_ns
    from enstorage.sources import Wanted, loader_from_json

    if not source:
        raise InvalidInputError("Nothing says where the points go; expected --source NAME. Give it.")
    loader = loader_from_json({"name": kind} | read_parameters(parameters, "loader", "path=load.csv"))
    start, end = (None if each is None else to_ns(each) for each in (time_from, time_to))
    made = False

    def opened() -> Connector:
        nonlocal made
        connector, made = open_or_make_store(store)
        return connector

    found = load_points(
        loader,
        source,
        wanted=Wanted(None, start, end, MOST_POINTS),
        expected=expected.values(),
        snapshot=snapshot,
        connector=opened,
        progress=not (quiet or as_json),
    )
    key = "data_source" if isinstance(found.target, DataSource) else "panel"
    if as_json:
        print_json(
            {"added": found.added, "changed": found.changed, "unchanged": found.unchanged, "series": found.series}
            | {
                key: found.target.as_dictionary(),
                "snapshots": [each.id for each in found.snapshots],
                "made_store": made,
            }
        )
        return
    print_line(
        f"{described(found.target)}: {counted(found.added, 'point')} added, {found.changed} changed, {found.unchanged} "
        f"there already, {found.series} series."
    )
    for each in found.snapshots:
        print_line(f"Snapshot {each.id}: {counted(each.rows, 'row')}.")


def check_data_set(
    data_set: Annotated[str, typer.Argument(help="Id or name of the data set.", metavar="DATA-SET")],
    expected: ExpectedOptions,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Check the values that a data set was made from.

    The report is kept with it. Where values are not as expected, the data set is blocked, nothing is trained on it, and the
    exit status is 1.

    Example: enstorage check-data-set 3 --minimum 0 --maximum 500 --most-missing 0.1
    """
    from enstorage import DataSet

    found = find_record(DataSet, data_set, open_store(store))
    report = found.check(expected.values())
    if as_json:
        print_json({"data_set": found.as_dictionary(), "report": report})
    elif report["passed"]:
        print_line(f"{described(found)}: {report['series']} series, all values as expected.")
    else:
        print_line(f"{described(found)} is blocked: {report['faults']}.")
    if not report["passed"]:
        raise typer.Exit(1)
