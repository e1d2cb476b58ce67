"""Forecasts that a person adjusts: the original stays, and the quantiles move with the point forecast."""

from collections.abc import Mapping

import polars as pl

from enstorage.errors import InvalidInputError, NotFoundError


def adjusted_table(table: pl.DataFrame, key: str, values: Mapping[int, float]) -> pl.DataFrame:
    """The forecasts with other values for some steps of a series.

    Args:
        table: as `AutoForecast.table`.
        key: of the series.
        values: by step, in units of the source.

    Raises:
        NotFoundError: there is no such series or step.
        InvalidInputError: there is no value, or one is no finite number.
    """
    own = table.filter(pl.col("series") == key)
    if own.is_empty():
        known = ", ".join(map(repr, table["series"].unique(maintain_order=True).head(8)))
        raise NotFoundError(f"There is no series {key!r:.60} to adjust; known are {known}. Take one of these.")
    steps = own["step"].unique().to_list()
    if strange := [step for step in values if step not in steps]:
        raise NotFoundError(f"{key} has no step {strange[0]!r:.20}; it has the steps 1 to {max(steps)}. Correct it.")
    numbers = {step: float(value) for step, value in values.items() if isinstance(value, int | float)}
    if not values or len(numbers) < len(values) or not all(abs(value) < float("inf") for value in numbers.values()):
        raise InvalidInputError(
            f"The values of {key} are {dict(values)!r:.80}; expected a finite number by step, such as {{1: 120}}."
        )
    points = own.filter(pl.col("quantile").is_null())
    before = dict(points.select("step", "value").rows())
    moved = {step: value - before[step] for step, value in numbers.items()}
    shift = pl.col("step").replace_strict(moved, default=0.0, return_dtype=pl.Float64)
    return table.with_columns(
        pl.when(pl.col("series") == key).then(pl.col("value") + shift).otherwise("value").alias("value")
    )
