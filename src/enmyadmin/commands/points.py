"""Commands about points: import-csv, import-lines, export-csv, delete-points."""

from pathlib import Path
from typing import Annotated, Any

import typer

from enmyadmin.arguments.confirmation import Yes, ask_before
from enmyadmin.arguments.given import pair
from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.arguments.records import Entity, described, described_first, entity_class, find_record
from enmyadmin.arguments.table import TableArguments
from enmyadmin.output import Json, Quiet, counted, print_json, print_line
from enstorage.errors import InvalidInputError


def import_csv(
    file: Annotated[Path, typer.Argument(help="A table: CSV or other text, Parquet or Excel, also .gz and .zst.")],
    table: TableArguments,
    name: Annotated[
        str | None, typer.Option(help="Name of a new source, or of a panel of several; by default that of the file.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="Id or name of a source to write to instead of making one.", show_default=False)
    ] = None,
    panel: Annotated[
        str | None, typer.Option(help="Id or name of a panel to whose sources to write.", show_default=False)
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="Of the new source, such as 1y or 15m; by default inferred from the times.")
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(help="Of --interval: local start of a bucket, such as 2022-03-01.", show_default=False),
    ] = None,
    aggregate: Annotated[str, typer.Option(help="Of the new source.")] = "mean",
    unit: Annotated[str, typer.Option(help="Of the new source's values.")] = "",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Import points from a CSV file or another table.

    The table has a column of times, and a column of values for each series or a column with the key of the series. One
    series becomes a data source, several become a panel. Separator, dates and columns are found and told. A store that does
    not exist is made.

    Example: enstorage import-csv load.csv --name Load --unit MW
    """
    from enstorage import DataSource, Panel
    from enstorage.calendars.calendar import Calendar
    from enstorage.calendars.guess import infer_calendar
    from enstorage.progress import listening
    from enstorage.sources.tables import read_table
    from enstorage.sources.tables.raw.files import stem

    if (source or panel) and (name or interval or unit or aggregate != "mean" or (source and panel)):
        raise InvalidInputError(
            "With --source or --panel the points are written to what is there; --name, --interval, --aggregate and --unit "
            "are for a new source. Leave out either."
        )
    made = False
    with listening(not (quiet or as_json)) as report:
        report("Reading points", 0, 2)
        target: DataSource | Panel | None = None
        if source is not None:
            target = find_record(DataSource, source, open_store(store))
        elif panel is not None:
            target = find_record(Panel, panel, open_store(store))
        # Before anything is made: a bad row changes nothing.
        read = read_table(file, table.options(by_clock_of=target))
        if isinstance(target, DataSource):
            target.write(read, progress=report.within(1, 2, 2))
        elif target is not None:
            target.write(read)
        else:
            zone = table.time_zone or "UTC"
            found = (
                Calendar.parse(interval, time_zone=zone, anchor=anchor)
                if interval
                else infer_calendar(read.times(), zone)
            )
            connector, made = open_or_make_store(store)
            target = (Panel if read.report.series > 1 else DataSource).from_table(
                read,
                name=name or stem(file),
                time_interval=None if found is None else str(found),
                time_zone=zone,
                anchor=None if found is None else found.anchor,
                aggregate=aggregate,
                unit=unit,
                connector=connector,
            )
    count = read.report.points
    kind, interval = "data_source", None
    if isinstance(target, Panel):
        kind, interval = "panel", f"{read.report.series} series"
    elif target.time_interval is not None:
        interval = f"interval {target.time_interval}"
    told = {"import_report": target.import_report()} if isinstance(target, DataSource) else {}
    if as_json:
        print_json(
            {"points": count, kind: target.as_dictionary(), "made_store": made, "table": read.report.to_json()} | told
        )
        return
    for line in read.report.lines():
        print_line(line)
    print_line(f"Wrote {counted(count, 'point')} to {described(target)}, {interval or 'without interval'}.")
    for message in told.get("import_report", {"messages": ()})["messages"]:
        print_line(message)


def import_lines(
    file: Annotated[Path, typer.Argument(help="Lines of InfluxDB's line protocol, plain or packed (.gz).")],
    source: Annotated[str, typer.Option(help="Id or name of the source to write to.")],
    measurement: Annotated[str, typer.Option(help="The measurement of the lines.")] = "data_source",
    field: Annotated[str, typer.Option(help="The field that holds the value.")] = "value",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="KEY=TEXT that a line must have, may be repeated; by default mysql_id=ID.", metavar="KEY=TEXT"
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Unit of the times: ns, us, ms or s; by default ns, recognised by 17 digits.")
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Import points from a file of InfluxDB's line protocol.

    Example: enstorage import-lines load.lp --source 1
    """
    from enstorage import DataSource

    tags = dict(pair(text, "--tag") for text in tag) if tag else None
    target = find_record(DataSource, source, open_store(store))
    count = target.import_lines(
        file,
        measurement=measurement,
        field=field,
        tags=tags,
        precision=precision,
        progress=not (quiet or as_json),
    )
    if as_json:
        print_json({"points": count, "data_source": target.as_dictionary(), "import_report": target.import_report()})
    else:
        print_line(f"Wrote {counted(count, 'point')} to {described(target)}.")
        for message in target.import_report()["messages"]:
            print_line(message)


def export_csv(
    entity: Entity,
    id: Annotated[str, typer.Argument(help="Its id or name.")],
    file: Annotated[Path, typer.Argument(help="A file, a pipe or /dev/stdout to write to.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Export points, or the table of a record, to a CSV file.

    A data source and a panel have points, a model has forecasts; snapshots, preparations, data sets, forecasts and ensembles
    have tables. Times are ISO 8601, counters stay integers; import-csv reads the file back exactly.

    Example: enstorage export-csv data-source 1 load.csv
    """
    from enstorage import DataSource, Model, Panel
    from enstorage.sources.csv_file import with_iso_times, write_csv_points
    from enstorage.writing import check_writable, is_standard_output, is_stream, write_whole

    record = find_record(entity_class(entity), id, open_store(store))
    check_writable(file, overwrite=overwrite)
    if isinstance(record, DataSource):
        write_csv_points(file, *record.read(), overwrite=overwrite, is_counter=record.clock.is_counter)
    elif isinstance(record, Model | Panel):
        table = record.forecasts() if isinstance(record, Model) else record.read()
        content = with_iso_times(table, is_counter=_is_counter(record)).write_csv().encode()
        write_whole(file, content, overwrite=overwrite)
    elif hasattr(record, "to_csv"):
        record.to_csv(file)
    elif hasattr(record, "data_csv"):
        record.data_csv.to_csv(file, is_counter=_is_counter(record))
    else:
        raise InvalidInputError(
            f"{described_first(record)} has no table; expected a data_source, panel, data_snapshot, "
            "data_preparation, data_set, model, forecast, ensemble or data_csv. Name one of these."
        )
    size = None if is_stream(file) else file.stat().st_size
    err = is_standard_output(file)
    print_json({"file": str(file), "bytes": size}, err=err) if as_json else print_line(f"Wrote {file}.", err=err)


def _is_counter(record: Any) -> bool | None:
    """True if the times of a record are those of an integer axis, False if not; None if the record does not know."""
    from enstorage import DataPreparation, DataSnapshot, Panel

    if isinstance(record, Panel):
        return all(source.clock.is_counter for source in record.sources().values())
    snapshot = record.data_snapshot if isinstance(record, DataPreparation) else record
    return snapshot.clock.is_counter if isinstance(snapshot, DataSnapshot) else None


def delete_points(
    source: Annotated[str, typer.Argument(help="Id or name of the data source.", metavar="SOURCE")],
    time_from: Annotated[str | None, typer.Option(help="The first time to delete.", show_default=False)] = None,
    time_to: Annotated[
        str | None, typer.Option(help="The first time after those to keep again.", show_default=False)
    ] = None,
    yes: Yes = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Delete points of a data source, of a period or all.

    Snapshots are not changed.

    Example: enstorage delete-points Load --time-from 2024-01-01 --time-to 2024-02-01
    """
    from enstorage import DataSource

    target = find_record(DataSource, source, open_store(store))
    count = len(target.read(time_from, time_to)[0])
    if count:
        ask_before(f"delete {counted(count, 'point')} of {described(target)} for good", yes=yes)
        count = target.delete_points(time_from, time_to)
    if as_json:
        print_json({"deleted": count, "data_source": target.as_dictionary()})
    else:
        print_line(f"Deleted {counted(count, 'point')} of {described(target)}.")
