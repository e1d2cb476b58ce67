"""The command autoforecast: from a table to forecasts, intervals and a report."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.arguments.period import parse_period
from enmyadmin.arguments.table import TableArguments, named_as_flags, without_table_options
from enmyadmin.output import Json, Language, Quiet, print_json, print_line, print_table
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast

_SHOWN_ROWS = 12
#: Seconds that any limit leaves for forecasts.
_LEAST_SECONDS = 0.1
_FORECASTS, _REPORT, _PROGRAM = "forecasts.csv", "report.html", "forecast.py"


@named_as_flags()
def autoforecast(
    file: Annotated[Path, typer.Argument(help="A table: CSV or other text, Parquet or Excel, also .gz and .zst.")],
    table: TableArguments,
    horizon: Annotated[
        int | None, typer.Option(help="Number of steps to forecast; needed without --update.", show_default=False)
    ] = None,
    level: Annotated[
        list[str] | None,
        typer.Option(
            "--level",
            "--levels",
            help="Of intervals, such as 0.5,0.95; by default 0.8 and 0.95.",
            metavar="LEVELS",
            show_default=False,
        ),
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="Of the series, such as 1mo or 15m; by default inferred.", show_default=False)
    ] = None,
    season: Annotated[
        int | None, typer.Option(help="Buckets in a season, 1 for none; by default found.", show_default=False)
    ] = None,
    known: Annotated[
        list[str] | None, typer.Option(help="Columns that are known ahead, such as price,promo.", show_default=False)
    ] = None,
    past: Annotated[
        list[str] | None, typer.Option(help="Columns that are known up to now.", show_default=False)
    ] = None,
    static: Annotated[
        list[str] | None, typer.Option(help="Columns that stay the same for each series.", show_default=False)
    ] = None,
    hierarchy: Annotated[
        list[str] | None,
        typer.Option(help="Columns with the groups of each series, the uppermost first.", show_default=False),
    ] = None,
    metric: Annotated[str, typer.Option(help="That members and methods are judged by.")] = "mase",
    method: Annotated[
        list[str] | None,
        typer.Option(help="To combine the members, may be repeated; by default mean and median.", show_default=False),
    ] = None,
    network: Annotated[
        list[str] | None,
        typer.Option(help="Learned over all series as a candidate, such as mlp; may be repeated.", show_default=False),
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Such as 30s or 5m; members it has no time for are left out.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the project; by default that of the file.")] = None,
    unit: Annotated[str, typer.Option(help="Of the values.")] = "",
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "--output",
            help="Folder for forecasts.csv, report.html and forecast.py, which are replaced.",
            show_default=False,
        ),
    ] = None,
    update: Annotated[
        str | None,
        typer.Option(
            help="Panel of an earlier forecast in the store, by id or name: the table has its new rows.",
            show_default=False,
        ),
    ] = None,
    language: Language = "en",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Forecast each series of a table by an ensemble.

    Models are trained and judged from rolling origins at the asked horizon, and the best combination is selected. What was
    found and chosen is told. Without --store all but the files of --out is forgotten. With --update the models of an earlier
    forecast are kept, and forecast from the new rows.

    Example: enstorage autoforecast sales.csv --horizon 12 --out forecast
    """
    from endirector import autoforecast as run
    from endirector.forecasting.calibrate import LEVELS
    from endirector.reporting.language import check_language
    from enstorage.sources.tables.raw.files import stem

    check_language(language)
    if out is not None:
        _check(out)
    show = not (quiet or as_json)
    if update is not None:
        table.refuse("--update")
        result = _updated(file, update, store, progress=show)
    elif horizon is None:
        raise InvalidInputError("How many steps are to be forecast? Give --horizon, or --update for new rows.")
    else:
        result = run(
            file,
            horizon,
            time_interval=interval,
            season=season,
            known=_names(known),
            past=_names(past),
            static=_names(static),
            hierarchy=_names(hierarchy),
            levels=LEVELS if level is None else _levels(level),
            metric=metric,
            methods=method,
            networks=_names(network),
            time_limit=None if time_limit is None else _seconds(time_limit),
            report_in_time=out is not None,
            name=name or stem(file),
            unit=unit,
            seed=seed,
            connector=None if store is None else open_or_make_store(store)[0],
            progress=show,
            **table.given(),
        )
    written = [] if out is None else _write(result, out, language)
    if as_json:
        print_json(
            {
                "forecasts": result.table.to_dicts(),
                "remarks": list(result.remarks),
                "groups": [
                    {"series": group.tier.keys, "ensemble": None if group.ensemble is None else group.ensemble.id}
                    for group in result.groups
                ],
                "files": [str(path) for path in written],
            }
        )
        return
    for remark in result.remarks:
        print_line(remark)
    _print(result)
    for path in written:
        print_line(f"Wrote {path}.")


def _updated(file: Path, panel: str, store: Path | None, *, progress: bool) -> "AutoForecast":
    from endirector import AutoForecast
    from enmyadmin.arguments.records import find_record
    from enstorage import Panel

    connector = open_store(store)
    with without_table_options("--update"):
        return AutoForecast.open(find_record(Panel, panel, connector)).update(file, progress=progress)


def _seconds(time_limit: str) -> float:
    """Seconds that are left of a limit, without those until now."""
    return max(parse_period(time_limit, "--time-limit").total_seconds() - _since_start(), _LEAST_SECONDS)


def _since_start() -> float:
    """Seconds since the process began: on a busy machine loading libraries takes longer than their processor time."""
    import psutil

    return max(time.time() - float(psutil.Process().create_time()), time.process_time())


def _names(given: list[str] | None) -> list[str]:
    """Names of columns, of which one option may have several."""
    return [name for each in given or () for name in each.split(",") if name]


def _levels(given: list[str]) -> list[float]:
    """The levels of intervals, of which one option may have several.

    Raises:
        InvalidInputError: one is no number.
    """
    try:
        return [float(each) for each in _names(given)]
    except ValueError as error:
        raise InvalidInputError(
            f"--level is a number between 0 and 1, or several such as 0.5,0.95; received {','.join(given)!r:.60}."
        ) from error


def _check(folder: Path) -> None:
    """Refuse a folder that cannot be written to, before anything is computed."""
    from enstorage.writing import check_writable, make_folder

    make_folder(folder)
    for name in (_FORECASTS, _REPORT, _PROGRAM):
        check_writable(folder / name, overwrite=True)


def _write(result: "AutoForecast", folder: Path, language: str) -> list[Path]:
    """The files that were written; without an ensemble there is no program."""
    from enstorage.writing import write_whole

    write_whole(folder / _FORECASTS, result.table.write_csv().encode(), overwrite=True)
    result.report(folder / _REPORT, language=language, progress=False)
    if all(group.ensemble is None for group in result.groups):
        return [folder / _FORECASTS, folder / _REPORT]
    write_whole(folder / _PROGRAM, result.code().encode(), overwrite=True)
    return [folder / _FORECASTS, folder / _REPORT, folder / _PROGRAM]


def _print(result: "AutoForecast") -> None:
    """The first forecasts: one row a step, with a column for each quantile."""
    wide = result.table.pivot("quantile", index=["series", "step", "time"], values="value", sort_columns=False)
    quantiles = sorted(name for name in wide.columns if name not in ("series", "step", "time", "null"))
    columns = ["series", "time", "null", *quantiles]
    rows: list[list[Any]] = [list(row) for row in wide.select(columns).head(_SHOWN_ROWS).rows()]
    print_table(["series", "time", "forecast", *quantiles], rows)
    if wide.height > _SHOWN_ROWS:
        print_line(f"… and {wide.height - _SHOWN_ROWS} more; --json or --out has all.")
