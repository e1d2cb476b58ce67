"""Forecasts of a model from a table: what `enstorage export-csv` wrote, or what another program made."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.read import read_cells

if TYPE_CHECKING:
    import polars as pl

    from enstorage.entity.forecast import Forecast
    from enstorage.entity.model import Model

_TIMES = ("id", "time")
_OF_ENSEMBLES = ("truth", "fitted")  # beside the columns of its members: not forecasts of the ensemble
_OF_MEMBERS = ("member_", "weight_", "out_of_fold_")


def import_forecasts(model: "Model", table: Any, part: str | None = None) -> "list[Forecast]":
    """Store the forecasts of a table, as `Model.save_forecasts` does it for each part; all or none.

    Args:
        model: whose forecasts they are; those of the same parts are replaced.
        table: a path, or a table of pandas, Polars or Arrow, with a row for each forecast: `id` or `time` (of the target),
            `value` (source units) and, where they are needed, `part`, `series` (id of the data source), `step` (from 1) and
            `quantile` (empty for the point forecast). Other columns are refused. Of the table of an ensemble, `ensemble` is
            the value; the truth and the columns of its members are left out.
        part: `train`, `valid`, `test` or `out_of_fold`, for a table without the column.

    Returns:
        One for each part.

    Raises:
        InvalidInputError: a column is missing or unknown, a cell cannot be read, a quantile has no point forecast or is
            missing for some, or `Model.save_forecasts` refuses the forecasts.
    """
    import polars as pl

    raw = read_cells(table)
    rows = _rows(raw, part)
    parts = rows["part"].unique(maintain_order=True)
    with model.connector.transaction():
        return [_save(model, raw, rows.filter(pl.col("part") == each), each) for each in parts]


def _rows(raw: RawTable, part: str | None) -> "pl.DataFrame":
    """Columns `row`, `part`, `id`, `value` and, where the table has them, `series`, `step` and `quantile`."""
    import polars as pl

    names = {name.strip().lower(): name for name in raw.frame.columns}
    if "ensemble" in names and "value" not in names:
        raw, names = _of_ensemble(raw, names)
    time = next((name for name in _TIMES if name in names), None)
    known = (*_TIMES, "part", "series", "step", "quantile", "value")
    unknown = [name for key, name in names.items() if key not in known]
    if time is None or "value" not in names or unknown or len({*_TIMES} & names.keys()) > 1:
        advice = f"Leave out {unknown[0]!r:.60}" if unknown else "Add them"
        raise InvalidInputError(
            f"{raw.name} has the columns {', '.join(raw.frame.columns)[:200]}; expected those of forecasts: id or time, "
            f"value and, where they are needed, part, series, step and quantile. {advice}."
        )
    if ("part" in names) == (part is not None):
        fact = "has the column part, and a part is given" if part else "has no column part, and no part is given"
        raise InvalidInputError(
            f"{raw.name} {fact}; expected one of both. Give the part (--part), such as test, for a table without the column."
        )
    rows = raw.frame.select(pl.col(name).alias(key) for key, name in names.items()).with_row_index("row")
    dtypes = {"value": pl.Float64, "series": pl.Int64, "step": pl.Int64, "quantile": pl.Float64}
    rows = rows.with_columns(
        rows["part"].cast(pl.String).str.strip_chars() if part is None else pl.lit(part).alias("part"),
        *(_cells(raw, rows[name], dtype, empty=name == "quantile") for name, dtype in dtypes.items() if name in names),
    )
    return rows.rename({time: "id"})


def _of_ensemble(raw: RawTable, names: dict[str, str]) -> tuple[RawTable, dict[str, str]]:
    """The table of an ensemble as one of its forecasts, and its columns.

    A target on which the ensemble was fitted by out-of-fold forecasts alone has none.
    """
    import polars as pl

    kept = {key: name for key, name in names.items() if key not in _OF_ENSEMBLES and not key.startswith(_OF_MEMBERS)}
    has_forecast = pl.col(names["ensemble"]).cast(pl.String).fill_null("") != ""
    positions = raw.frame.select(has_forecast.arg_true()).to_series()
    rows = raw.frame[positions].select(kept.values())
    if "part" in kept:
        labels = {str(int(each)): each.label for each in Part}
        rows = rows.with_columns(pl.col(kept["part"]).cast(pl.String).str.strip_chars().replace(labels))
    kept["value"] = kept.pop("ensemble")
    return replace(raw, frame=rows, place=lambda row: raw.place(positions[row])), kept


def _cells(raw: RawTable, column: "pl.Series", dtype: Any, *, empty: bool = False) -> "pl.Series":
    """Numbers; a cell that is none is refused by its place."""
    import polars as pl

    if column.dtype == pl.String:
        stripped = column.str.strip_chars()
        column = stripped.set(stripped == "", None)
    numbers = column.cast(dtype, strict=False)
    wrong = numbers.is_null() & (column.is_not_null() if empty else True)
    if wrong.any():
        row = int(wrong.arg_max() or 0)
        raise InvalidInputError(
            f"{raw.name}, {raw.place(row)}, column {column.name!r}: {column[row]!r:.60} is not "
            f"{'a whole number' if dtype == pl.Int64 else 'a number'}. Correct it."
        )
    return numbers


def _save(model: "Model", raw: RawTable, rows: "pl.DataFrame", part: str) -> "Forecast":
    import polars as pl

    keys = [name for name in ("series", "id", "step") if name in rows.columns]
    has_quantiles = "quantile" in rows.columns
    points = rows.filter(pl.col("quantile").is_null()) if has_quantiles else rows
    quantiles: dict[float, NDArray[np.float64]] = {}
    if has_quantiles:
        places = points.select(*keys, pl.int_range(pl.len()).alias("place"))
        for level, own in rows.filter(pl.col("quantile").is_not_null()).partition_by("quantile", as_dict=True).items():
            quantiles[float(level[0])] = _in_order(raw, own, places, keys)
    return model.save_forecasts(
        part,
        _stamps(points["id"]),
        points["value"].to_numpy(),
        series=points["series"].to_numpy() if "series" in keys else None,
        quantiles=quantiles,
        step=points["step"].to_numpy() if "step" in keys else None,
    )


def _in_order(raw: RawTable, own: "pl.DataFrame", places: "pl.DataFrame", keys: Iterable[str]) -> NDArray[np.float64]:
    """The values of one quantile in the order of the point forecasts."""
    found = own.join(places, on=list(keys), how="left")
    lost = found.filter(found["place"].is_null())
    values = np.full(len(places), np.nan)
    level = own["quantile"][0]
    if lost.height:
        raise InvalidInputError(
            f"{raw.name}, {raw.place(lost['row'][0])}: the quantile {level:g} has no point forecast; expected a row of the "
            "same target with an empty quantile. Add it."
        )
    values[found["place"].to_numpy()] = found["value"].to_numpy()
    if found.height != len(places) or not np.isfinite(values).all():
        raise InvalidInputError(
            f"{raw.name} has {found.height} rows of the quantile {level:g} for {len(places)} point forecasts; expected one "
            "for each. Correct the table."
        )
    return values


def _stamps(column: "pl.Series") -> NDArray[Any]:
    """Times as `Model.save_forecasts` takes them: integers of counters, or texts as they are written."""
    import polars as pl

    if column.dtype == pl.String:
        numbers = column.str.strip_chars().cast(pl.Int64, strict=False)
        return (column if numbers.null_count() else numbers).to_numpy()
    return column.to_numpy()
