"""The table of a rendered ensemble: targets, truth and all forecasts, enough to fit the method again."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.alignment.align import KEY, Alignment
from endirector.members.member import Member
from endirector.methods.base import Floats


def table_of(
    members: Sequence[Member],
    alignment: Alignment,
    forecast: Floats,
    fitted: NDArray[np.bool_] | None,
    *,
    folds: Alignment | None = None,
    row_weights: Floats | None = None,
) -> pl.DataFrame:
    """Make the table.

    Args:
        members: in the order of their columns.
        alignment: the targets that they share.
        forecast: of the ensemble, shape (rows,).
        fitted: mask of the rows on which the method was fitted, shape (rows,); None if there are none.
        folds: the out-of-fold forecasts on which the method was fitted instead. A target that has no other forecasts
            gets a row in which these are null.
        row_weights: weights of the members that differ by row, shape (rows, members).

    Returns:
        Columns `series`, `id`, `step`, `part`, `fitted`, `truth`, `member_<key>` …, `ensemble`; with folds also
        `out_of_fold_<key>` …, and with weights by row `weight_<key>` ….
    """
    table = alignment.keys.with_columns(
        pl.Series("part", alignment.part, dtype=pl.Int8),
        pl.Series("fitted", np.zeros(len(alignment.truth), dtype=bool) if fitted is None else fitted),
        pl.Series("truth", alignment.truth),
        *_columns("member", members, alignment.forecasts),
        pl.Series("ensemble", forecast),
        *([] if row_weights is None else _columns("weight", members, row_weights)),
    )
    if folds is None:
        return table
    own = folds.keys.with_columns(
        pl.Series("_part", folds.part, dtype=pl.Int8),
        pl.Series("_truth", folds.truth),
        *_columns("out_of_fold", members, folds.forecasts),
    )
    return (
        table.join(own, on=KEY, how="full", coalesce=True)
        .with_columns(
            pl.coalesce("part", "_part").alias("part"),
            pl.coalesce("truth", "_truth").alias("truth"),
            pl.col("_part").is_not_null().alias("fitted"),
        )
        .drop("_part", "_truth")
        .sort(KEY)
    )


def _columns(prefix: str, members: Sequence[Member], values: Floats) -> list[pl.Series]:
    return [pl.Series(f"{prefix}_{member.key}", values[:, column]) for column, member in enumerate(members)]
