"""The command forecast: forecasts of times after the end of the data."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.covariates import find_others, read_known
from enmyadmin.arguments.interval_ends import IntervalSide, floor_of
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import find_record
from enmyadmin.arguments.series import find_series
from enmyadmin.output import Json, Quiet, print_json, print_line, print_table

if TYPE_CHECKING:
    import polars as pl

    from enstorage.connector import Connector


class Forecasting(StrEnum):
    """Entities that forecast times after the end of their data."""

    MODEL = "model"
    ENSEMBLE = "ensemble"


def forecast(
    entity: Annotated[Forecasting, typer.Argument(help="Entity that forecasts.", show_default=False)],
    id: Annotated[str, typer.Argument(help="Its id, as `enstorage list` shows, or its name.")],
    horizon: Annotated[int, typer.Option(help="Number of steps.")] = 1,
    time_from: Annotated[
        str | None,
        typer.Option(help="The first time to forecast; by default right after the data.", show_default=False),
    ] = None,
    level: Annotated[
        list[float] | None,
        typer.Option(help="Of an interval, such as 0.95; may be repeated.", show_default=False),
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a model of many series, one to forecast: its key in the panel, its data source by name or id, or a "
            "file with a series that the model was not trained on; may be repeated. By default all that it was trained on.",
            show_default=False,
        ),
    ] = None,
    known: Annotated[
        list[str] | None,
        typer.Option(
            help="Of a model of several series, a table with times and a column of each covariate that is known ahead, "
            "named as its data source; or NAME=FILE. May be repeated.",
            show_default=False,
            metavar="FILE",
        ),
    ] = None,
    other: Annotated[
        list[str] | None,
        typer.Option(
            help="Who forecasts a covariate where it is not known: a model by id or name, ensemble:ID, or naive for its "
            "last value. May be repeated.",
            show_default=False,
            metavar="NAME=MODEL",
        ),
    ] = None,
    side: Annotated[IntervalSide, typer.Option(help="The ends of the intervals.")] = IntervalSide.BOTH,
    floor: Annotated[
        str, typer.Option(help="Value that no end is below; none; or found: 0 for a series never below 0.")
    ] = "found",
    csv: Annotated[
        Path | None, typer.Option(help="Write the forecasts to this file, which is replaced.", show_default=False)
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Forecast the steps after the data of a model or an ensemble.

    Forecasts are in the units of the source.

    Example: enstorage forecast ensemble 1 --horizon 12 --level 0.9
    """
    from enstorage.writing import check_writable, is_standard_output, write_whole

    if csv is not None:
        check_writable(csv, overwrite=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        connector = open_store(store)
        intervals: dict[str, Any] = {"side": side.value, "floor": floor_of(floor)}
        if level is not None or entity is Forecasting.MODEL:
            intervals["levels"] = level or ()
        options = intervals | {"known": known, "others": find_others(other, connector)}
        progress = not (quiet or as_json)
        table = _forecast(entity, id, horizon, time_from, series, options, connector, progress=progress)
        table = _readable(table, connector)
    notes = [str(each.message) for each in caught if each.category is UserWarning]
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


def _forecast(
    entity: Forecasting,
    id: str,
    horizon: int,
    time_from: str | None,
    series: list[str] | None,
    options: dict[str, Any],
    connector: "Connector",
    *,
    progress: bool,
) -> "pl.DataFrame":
    if entity is Forecasting.MODEL:
        import entrainer
        from enstorage import Model

        model = find_record(Model, id, connector)
        options["known"] = read_known(options["known"], model.research.project)
        asked = find_series(series, model.research.project, connector)
        return entrainer.forecast(model, horizon, time_from, series=asked, **options)
    import endirector
    from enstorage import Ensemble

    ensemble = find_record(Ensemble, id, connector)
    options["known"] = read_known(options["known"], ensemble.project)
    asked = find_series(series, ensemble.project, connector)
    return endirector.forecast(ensemble, horizon, time_from, series=asked, progress=progress, **options)


def _readable(table: "pl.DataFrame", connector: "Connector") -> "pl.DataFrame":
    """The table with times as text beside the ids, as people at the source write them, and the names of the sources."""
    import polars as pl

    from enstorage import DataSource
    from enstorage.instant import to_iso

    ids = table["series"].drop_nulls().unique().to_list()
    sources = {source.id: source for source in DataSource.get_list(ids, connector=connector)}
    rows = [(sources.get(series), time) for series, time in table.select("series", "id").rows()]
    labels = [to_iso(time) if source is None else source.label(time) for source, time in rows]
    names = [None if source is None else source.name for source, _ in rows]
    return table.with_columns(pl.Series("time", labels, dtype=pl.String), pl.Series("name", names, dtype=pl.String))


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
