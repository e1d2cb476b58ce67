"""The commands forecast and deliver: forecasts of times after the end of the data."""

import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.covariates import find_others, read_known
from enmyadmin.arguments.given import read_parameters
from enmyadmin.arguments.interval_ends import IntervalSide, floor_of
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import find_record
from enmyadmin.arguments.series import find_series
from enmyadmin.arguments.table import without_table_options
from enmyadmin.output import Json, Quiet, counted, print_json, print_line, print_table
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import polars as pl

    from enstorage import Ensemble, Model
    from enstorage.connector import Connector


class Forecasting(StrEnum):
    """Entities that forecast times after the end of their data; a registered model stands for one of both."""

    MODEL = "model"
    ENSEMBLE = "ensemble"
    REGISTERED = "registered"


Forecaster = Annotated[Forecasting, typer.Argument(help="Entity that forecasts.", show_default=False)]
Id = Annotated[
    str, typer.Argument(help="Its id, as `enstorage list` shows, or its name; of a registered model, its name.")
]


@dataclass(frozen=True)
class ForecastOptions:
    """Steps, intervals and series of a forecast as options of a command."""

    horizon: Annotated[int, typer.Option(help="Number of steps.")] = 1
    time_from: Annotated[
        str | None,
        typer.Option(help="The first time to forecast; by default right after the data.", show_default=False),
    ] = None
    level: Annotated[
        list[float] | None,
        typer.Option(help="Of an interval, such as 0.95; may be repeated.", show_default=False),
    ] = None
    series: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a model of many series, one to forecast: its key in the panel, its data source by name or id, or a "
            "file with a series that the model was not trained on; may be repeated. By default all that it was trained on.",
            show_default=False,
        ),
    ] = None
    known: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a model of several series, a table with times and a column of each covariate that is known ahead, "
            "named as its data source; or NAME=FILE. May be repeated.",
            show_default=False,
            metavar="FILE",
        ),
    ] = None
    other: Annotated[
        list[str] | None,
        typer.Option(
            help="Who forecasts a covariate where it is not known: a model by id or name, ensemble:ID, or naive for its "
            "last value. May be repeated.",
            show_default=False,
            metavar="NAME=MODEL",
        ),
    ] = None
    version: Annotated[
        str | None,
        typer.Option(
            help="Of a registered model, the number of a version or an alias; production by default.",
            show_default=False,
        ),
    ] = None
    side: Annotated[IntervalSide, typer.Option(help="The ends of the intervals.")] = IntervalSide.BOTH
    floor: Annotated[
        str, typer.Option(help="Value that no end is below; none; or found: 0 for a series never below 0.")
    ] = "found"

    def table(
        self, entity: Forecasting, id: str, connector: "Connector", *, progress: bool
    ) -> "tuple[pl.DataFrame, list[str]]":
        """The forecasts, and notes about them."""
        from enstorage.exchange.readable_forecasts import readable_forecasts

        with warnings.catch_warnings(record=True) as caught, without_table_options("A file of --series or --known"):
            warnings.simplefilter("always", UserWarning)
            found = readable_forecasts(self._table(entity, id, connector, progress=progress), connector)
        return found, [str(each.message) for each in caught if each.category is UserWarning]

    def _table(self, entity: Forecasting, id: str, connector: "Connector", *, progress: bool) -> "pl.DataFrame":
        import endirector
        import entrainer
        from enstorage import Model

        options: dict[str, Any] = {"side": self.side.value, "floor": floor_of(self.floor)}
        found = self._found(entity, id, connector)
        if self.level is not None or isinstance(found, Model):
            options["levels"] = self.level or ()
        options["others"] = find_others(self.other, connector)
        project = found.research.project if isinstance(found, Model) else found.project
        options["known"] = read_known(self.known, project)
        options["series"] = find_series(self.series, project, connector)
        if isinstance(found, Model):
            return entrainer.forecast(found, self.horizon, self.time_from, **options)
        return endirector.forecast(found, self.horizon, self.time_from, progress=progress, **options)

    def _found(self, entity: Forecasting, id: str, connector: "Connector") -> "Model | Ensemble":
        """The model or ensemble, also that of a version, if it is still what was registered."""
        from enorchestrator import load_version
        from enstorage import Ensemble, Model

        if entity is Forecasting.REGISTERED:
            return load_version(id, self.version or "production", connector=connector)
        if self.version is not None:
            raise InvalidInputError(
                f"--version is that of a registered model; received it with {entity} {id}. Leave it out, or write: "
                "registered NAME"
            )
        return (
            find_record(Model, id, connector) if entity is Forecasting.MODEL else find_record(Ensemble, id, connector)
        )


def forecast(
    entity: Forecaster,
    id: Id,
    options: ForecastOptions,
    csv: Annotated[
        Path | None, typer.Option(help="Write the forecasts to this file, which is replaced.", show_default=False)
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Forecast the steps after the data of a model or an ensemble.

    Forecasts are in the units of the source. A registered model stands for what is in production under its name.

    Example: enstorage forecast ensemble 1 --horizon 12 --level 0.9
    """
    from enstorage.writing import check_writable, is_standard_output, write_whole

    if csv is not None:
        check_writable(csv, overwrite=True)
    table, notes = options.table(entity, id, open_store(store), progress=not (quiet or as_json))
    if csv is not None:
        write_whole(csv, table.write_csv().encode(), overwrite=True)
    err = csv is not None and is_standard_output(csv)
    if as_json:
        print_json({"forecasts": table.to_dicts(), "notes": notes}, err=err)
        return
    for note in notes:
        print_line(f"note: {note}", err=True)
    if csv is not None:
        print_line(f"Wrote {table.height} forecasts to {csv}.", err=err)
    else:
        _print(table)


def deliver(
    entity: Forecaster,
    id: Id,
    sink: Annotated[str, typer.Argument(help="The sink: file, objects, sql, webhook, or one of a plug-in.")],
    options: ForecastOptions,
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            help="Parameters of the sink; a value may be JSON.", metavar="[KEY=VALUE]...", show_default=False
        ),
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Forecast, and give the forecasts to another place.

    A registered model stands for what is in production under its name. What a place was given last is not given
    again. Places and passwords are in variables such as
    ENSTORAGE_CONNECTION_GRID=postgresql://user:password@host/database, of which connection=grid is the name.

    Example: enstorage deliver ensemble 1 objects connection=bucket path=load.csv --horizon 12
    """
    from enorchestrator import deliver as deliver_rows
    from enstorage.sinks import sink_from_json

    place = sink_from_json({"name": sink} | read_parameters(parameters, "sink", "connection=grid"))
    connector = open_store(store)
    table, notes = options.table(entity, id, connector, progress=not (quiet or as_json))
    found = deliver_rows(table, place, f"forecast of {entity} {id}", connector=connector)
    if as_json:
        print_json(
            {"target": found.target, "rows": found.rows, "is_new": found.is_new, "key": found.key, "notes": notes}
        )
        return
    for note in notes:
        print_line(f"note: {note}", err=True)
    rows = counted(found.rows, "row")
    if found.is_new:
        print_line(f"Delivered {rows} to {found.target}.")
    else:
        print_line(f"Delivered nothing: {found.target} was given these {rows} last.")


def _print(table: "pl.DataFrame") -> None:
    """One row a step: the names of several series, the time, the point forecast, each quantile, and what they rest on."""
    import polars as pl

    keys = ["step", "time"] if table["series"].n_unique() == 1 else ["name", "series", "step", "time"]
    wide = table.pivot("quantile", index=keys, values="value", sort_columns=False)
    quantiles = sorted(name for name in wide.columns if name not in (*keys, "null"))
    own = [name for name in keys if name != "time"]
    bases = table.drop_nulls("basis").group_by(own).agg(pl.col("basis").unique(maintain_order=True).str.join(", "))
    told = ["basis"] if bases.height else []
    wide = wide.join(bases, on=own, how="left", maintain_order="left", nulls_equal=True)
    rows: list[list[Any]] = [list(row) for row in wide.select(*keys, "null", *quantiles, *told).rows()]
    print_table([*keys, "forecast", *quantiles, *told], rows)
