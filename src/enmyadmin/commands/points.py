"""Commands about points: import-csv, import-lines, export-csv."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.commands.entities import Entity, entity_class
from enmyadmin.commands.opening import Store, open_store
from enmyadmin.output import Json, print_json
from enstorage.errors import InvalidInputError


def import_csv(
    file: Annotated[Path, typer.Argument(help="Two columns, time and value; a header is optional.")],
    name: Annotated[str | None, typer.Option(help="Name of a new source; by default that of the file.")] = None,
    source: Annotated[int | None, typer.Option(help="Id of a source to write to instead of making one.")] = None,
    interval: Annotated[
        str | None, typer.Option(help="Of the new source, such as 1y or 15m; by default as the times lie.")
    ] = None,
    aggregate: Annotated[str, typer.Option(help="Of the new source.")] = "mean",
    unit: Annotated[str, typer.Option(help="Of the new source's values.")] = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write the points of a CSV file to a source."""
    from enstorage import DataSource
    from enstorage.interval import infer_interval
    from enstorage.sources.points import as_points

    if source is not None and (name or interval or unit or aggregate != "mean"):
        raise InvalidInputError(
            "With --source the points go to a source that is there; --name, --interval, --aggregate and --unit are for a "
            "new one. Leave out either."
        )
    connector = open_store(store)
    times, values = as_points(file)  # before anything is made: a bad row changes nothing
    if source is not None:
        target = DataSource.get(source, connector=connector)
    else:
        found = interval or infer_interval(times)
        target = DataSource(
            name=name or file.stem,
            time_interval=None if found is None else str(found),
            aggregate=aggregate,
            unit=unit,
            connector=connector,
        )
    count = target.write(times, values, progress=not as_json)
    if as_json:
        print_json({"points": count, "data_source": target.as_dictionary()})
    else:
        typer.echo(f"Wrote {count} points to data source {target.id} ({target.name}), interval {target.time_interval}.")


def import_lines(
    file: Annotated[Path, typer.Argument(help="Lines of InfluxDB's line protocol, plain or packed (.gz).")],
    source: Annotated[int, typer.Option(help="Id of the source to write to.")],
    measurement: Annotated[str, typer.Option(help="What the lines begin with.")] = "data_source",
    field: Annotated[str, typer.Option(help="The field that holds the value.")] = "value",
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="KEY=TEXT that a line must have, may be given again; by default mysql_id=ID.", metavar="KEY=TEXT"
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Unit of the times: ns, us, ms or s; by default ns, recognised by 17 digits.")
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write the points of a line-protocol file to a source."""
    from enstorage import DataSource

    unequal = [text for text in tag or [] if not text.partition("=")[2]]
    if unequal:
        raise InvalidInputError(f"--tag received {unequal[0]!r}; expected KEY=TEXT, such as host=server01.")
    tags = dict(text.split("=", 1) for text in tag) if tag else None
    target = DataSource.get(source, connector=open_store(store))
    count = target.import_lines(file, measurement=measurement, field=field, tags=tags, precision=precision)
    if as_json:
        print_json({"points": count, "data_source": target.as_dictionary()})
    else:
        typer.echo(f"Wrote {count} points to data source {target.id} ({target.name}).")


def export_csv(
    entity: Entity,
    id: Annotated[int, typer.Argument(help="Its id.")],
    file: Annotated[Path, typer.Argument(help="Where to write.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write the points of a data source, or the table of a snapshot, preparation, data set, forecast, to a CSV file."""
    from enstorage import DataSource

    record = entity_class(entity).get(id, connector=open_store(store))
    if file.exists() and not overwrite:
        raise InvalidInputError(f"{file} is there already. Choose another name, or replace it with --overwrite.")
    if isinstance(record, DataSource):
        from enstorage.sources.csv_file import write_csv_points

        write_csv_points(file, *record.read(), overwrite=overwrite)
    elif hasattr(record, "to_csv"):
        record.to_csv(file)
    elif hasattr(record, "data_csv"):
        record.data_csv.to_csv(file)
    else:
        raise InvalidInputError(
            f"{record} has no table. What has one: data_source, data_snapshot, data_preparation, data_set, forecast, "
            "ensemble, data_csv."
        )
    print_json({"file": str(file), "bytes": file.stat().st_size}) if as_json else typer.echo(f"Wrote {file}.")
