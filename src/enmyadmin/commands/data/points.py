"""Commands about points: import-csv, import-lines, export-csv, delete-points."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.confirmation import Yes, ask_before
from enmyadmin.arguments.given import pair
from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.arguments.records import Entity, described, described_first, entity_class, find_record
from enmyadmin.arguments.table import TableArguments, named_as_flags
from enmyadmin.output import Json, Quiet, counted, print_json, print_line
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.entity.data_source import DataSource
    from enstorage.entity.panel import Panel
    from enstorage.sources import TableReport
    from enstorage.sources.tables.raw.table import RawTable


@named_as_flags()
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
    model: Annotated[
        str | None,
        typer.Option(
            help="Id or name of a model: the table has forecasts, as export-csv writes them.", show_default=False
        ),
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Of --model, for a table without the column part.", show_default=False)
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
    not exist is made. With --model the table has forecasts of a model, from export-csv or from another program.

    Example: enstorage import-csv load.csv --name Load --unit MW
    """
    from enstorage import DataSource, Panel
    from enstorage.progress import listening
    from enstorage.sources.tables import TableOptions, read_cells
    from enstorage.sources.tables.calendars import infer_calendars, read_on_clock, zone_of_sources
    from enstorage.sources.tables.raw.files import stem

    if (source or panel) and (name or interval or unit or aggregate != "mean" or (source and panel)):
        raise InvalidInputError(
            "With --source or --panel the points are written to what is there; --name, --interval, --aggregate and --unit "
            "are for a new source. Leave out either."
        )
    if model is not None or part is not None:
        others = (
            source or panel or name or interval or anchor or unit or aggregate != "mean" or table != TableArguments()
        )
        _import_forecasts(file, None if others else model, part, store, as_json=as_json)
        return
    made = False
    with listening(not (quiet or as_json)) as report:
        report("Reading points", 0, 2)
        target: DataSource | Panel | None = None
        if source is not None:
            target = find_record(DataSource, source, open_store(store))
        elif panel is not None:
            target = find_record(Panel, panel, open_store(store))
        # Before anything is made: a bad row changes nothing.
        if target is None:
            cells = _without_forecasts(read_cells(file, TableOptions.of(table.given())))
            read, clock = read_on_clock(cells, interval, table.time_zone, anchor, table.given())
            zone = zone_of_sources(read, table.time_zone)
            is_panel = read.report.series > 1
            if clock is None and not is_panel:
                [clock] = infer_calendars(read, zone).values()
            connector, made = open_or_make_store(store)
            target = (Panel if is_panel else DataSource).from_table(
                read,
                name=name or stem(file),
                time_interval=None if clock is None else str(clock),
                time_zone=zone,
                anchor=None if clock is None else clock.anchor,
                aggregate=aggregate,
                unit=unit,
                connector=connector,
            )
        elif isinstance(target, DataSource):
            target.write(file, progress=report.within(1, 2, 2), **table.given())
        else:
            target.write(file, **table.given())
    told: TableReport = target.table_report  # type: ignore[assignment] # a table was read
    found = target.import_report()
    kind, series = "data_source", ""
    if isinstance(target, Panel):
        kind, series = "panel", f"{told.series} series, "
    if as_json:
        print_json(
            {"points": told.points, kind: target.as_dictionary()}
            | {"made_store": made, "table": told.to_json(), "import_report": found}
        )
        return
    for line in told.lines():
        print_line(line)
    print_line(f"Wrote {counted(told.points, 'point')} to {described(target)}, {series}{_interval(target, found)}.")
    for message in [*_without_interval(target, found), *found["messages"]]:
        print_line(message)


def _without_forecasts(cells: "RawTable") -> "RawTable":
    """The cells, refused if they are forecasts as export-csv writes them: these belong to a model."""
    names = set(cells.frame.columns)
    if {"id", "step"} <= names and names & {"quantile", "ensemble"}:
        raise InvalidInputError(
            f"{cells.name} has forecasts, with the columns {', '.join(cells.frame.columns)[:200]}; expected points. Name "
            "the model that they are of with --model."
        )
    return cells


def _import_forecasts(file: Path, model: str | None, part: str | None, store: Path | None, *, as_json: bool) -> None:
    from enstorage import Model
    from enstorage.exchange.forecast_table import import_forecasts

    if model is None:
        raise InvalidInputError(
            "--model says that the table has forecasts, and --part of which part; expected these without options of points "
            "and of other tables. Leave the others out."
        )
    target = find_record(Model, model, open_store(store))
    kept = import_forecasts(target, file, part)
    if as_json:
        print_json({"model": target.as_dictionary(), "forecasts": [each.as_dictionary() for each in kept]})
    else:
        rows = ", ".join(f"{counted(each.rows, 'forecast')} of the part {each.part}" for each in kept)
        print_line(f"Wrote {rows} to {described(target)}.")


def _without_interval(target: "DataSource | Panel", report: dict[str, Any]) -> list[str]:
    """A line that says so where no source has an interval."""
    intervals = report.get("calendars") or [{"time_interval": getattr(target, "time_interval", None)}]
    if any(each["time_interval"] is not None for each in intervals):
        return []
    return ["No interval was found in the times. To group them, give one (--interval), such as 1d."]


def _interval(target: "DataSource | Panel", report: dict[str, Any]) -> str:
    """The interval of a source, or of most sources of a panel."""
    [calendar, *others] = report.get("calendars") or [{"time_interval": getattr(target, "time_interval", None)}]
    interval, some = calendar["time_interval"], f" of {calendar['series']}" if others else ""
    return f"without interval{some}" if interval is None else f"interval {interval}{some}"


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
    have tables. Times are ISO 8601, local to the zone of their source, with the offset; counters stay integers. import-csv
    reads points back exactly, and with --model forecasts, those of an ensemble too.

    Example: enstorage export-csv data-source 1 load.csv
    """
    from enstorage import DataPreparation, DataSnapshot, DataSource, Model, Panel
    from enstorage.entity.csv_text import csv_text
    from enstorage.sources.csv_file import write_csv_points
    from enstorage.writing import check_writable, is_standard_output, is_stream, write_whole

    record = find_record(entity_class(entity), id, open_store(store))
    check_writable(file, overwrite=overwrite)
    if isinstance(record, DataSource):
        write_csv_points(file, *record.read(), overwrite=overwrite, clock=record.clock)
    elif isinstance(record, Model | Panel):
        table = record.forecasts() if isinstance(record, Model) else record.read()
        write_whole(file, csv_text(table, record.connector).encode(), overwrite=overwrite)
    elif hasattr(record, "to_csv"):
        record.to_csv(file)
    elif hasattr(record, "data_csv"):
        snapshot = record.data_snapshot if isinstance(record, DataPreparation) else record
        record.data_csv.to_csv(file, clock=snapshot.clock if isinstance(snapshot, DataSnapshot) else None)
    else:
        raise InvalidInputError(
            f"{described_first(record)} has no table; expected a data_source, panel, data_snapshot, "
            "data_preparation, data_set, model, forecast, ensemble or data_csv. Name one of these."
        )
    size = None if is_stream(file) else file.stat().st_size
    err = is_standard_output(file)
    print_json({"file": str(file), "bytes": size}, err=err) if as_json else print_line(f"Wrote {file}.", err=err)


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
