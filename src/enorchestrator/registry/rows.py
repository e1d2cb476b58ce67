"""The rows of a version: its stored forecasts beside the truth, by series, target and step."""

from typing import TYPE_CHECKING

from enstorage.preparation.split import Part

if TYPE_CHECKING:
    import polars as pl

    from enstorage import Ensemble, Model


def rows_of(entity: "Ensemble | Model") -> "pl.DataFrame":
    """The forecasts that are stored, in the order of time; without targets that were not measured.

    Returns:
        Columns `part` (its label), `series`, `id` (time of the target, ns), `step`, `truth` and `forecast` (source units).
    """
    import polars as pl

    from enstorage import Model

    if not isinstance(entity, Model):
        table = entity.table().drop_nulls("ensemble").rename({"ensemble": "forecast"})
        labels = {int(part): part.label for part in Part}
        table = table.with_columns(pl.col("part").cast(pl.Int64).replace_strict(labels, return_dtype=pl.String))
        return _measured(table)
    data_set = entity.data_set()
    known = entity.forecasts().filter(pl.col("quantile").is_null()).rename({"value": "forecast"})
    tables = []
    for part in known["part"].unique(maintain_order=True).to_list():
        ids, truth = data_set.targets(part)
        series = data_set.series(part)
        own = known.filter(pl.col("part") == part)
        first = ids if ids.ndim == 1 else ids.ravel()
        columns = {"id": first, "truth": truth.ravel()}
        keys = ["id"]
        if series is not None:
            columns["series"] = series if ids.ndim == 1 else series.repeat(ids.shape[1])
            keys = ["series", "id"]
        tables.append(own.join(pl.DataFrame(columns).unique(keys), on=keys, how="inner"))
    return _measured(pl.concat(tables))


def _measured(table: "pl.DataFrame") -> "pl.DataFrame":
    found = table.select("part", "series", "id", "step", "truth", "forecast")
    return found.drop_nulls().drop_nans(["truth", "forecast"]).sort("id", "step", "series")
