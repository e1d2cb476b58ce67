"""The command forecast: forecasts of times after the end of the data."""

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import find_record
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
        table = _forecast(entity, id, horizon, time_from, level, connector, progress=not (quiet or as_json))
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
    level: list[float] | None,
    connector: "Connector",
    *,
    progress: bool,
) -> "pl.DataFrame":
    if entity is Forecasting.MODEL:
        import entrainer
        from enstorage import Model

        return entrainer.forecast(find_record(Model, id, connector), horizon, time_from, levels=level or ())
    import endirector
    from enstorage import Ensemble

    ensemble = find_record(Ensemble, id, connector)
    return endirector.forecast(ensemble, horizon, time_from, levels=level, progress=progress)


def _readable(table: "pl.DataFrame", connector: "Connector") -> "pl.DataFrame":
    """The table with times as text beside the ids, as people at the source write them."""
    import polars as pl

    from enstorage import DataSource

    sources = {id: DataSource.get(id, connector=connector) for id in table["series"].unique().to_list()}
    labels = [sources[series].label(time) for series, time in table.select("series", "id").rows()]
    return table.with_columns(pl.Series("time", labels, dtype=pl.String))


def _print(table: "pl.DataFrame") -> None:
    """One row a step: the time, the point forecast, and a column for each quantile."""
    wide = table.pivot("quantile", index=["step", "time"], values="value", sort_columns=False)
    quantiles = sorted(name for name in wide.columns if name not in ("step", "time", "null"))
    rows: list[list[Any]] = [list(row) for row in wide.select("step", "time", "null", *quantiles).rows()]
    print_table(["step", "time", "forecast", *quantiles], rows)
