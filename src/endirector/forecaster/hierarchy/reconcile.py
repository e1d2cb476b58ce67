"""Forecasts of series and of their sums that agree: the sum of the forecasts is the forecast of the sum."""

import warnings

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from enstorage.errors import MissingLibraryError


def reconciled(table: pl.DataFrame, hierarchy: Hierarchy) -> pl.DataFrame:
    """The forecasts with point forecasts that add up; quantiles move with them, and keep their distances.

    Minimum trace reconciliation with structural scaling (Wickramasuriya, Athanasopoulos & Hyndman 2019), by
    hierarchicalforecast. No value is below 0 where no base forecast is. Times that some series lack stay as they are.

    Args:
        table: as `AutoForecast.table`, of the series and their sums.
        hierarchy: of them.

    Raises:
        MissingLibraryError: hierarchicalforecast is not installed.
    """
    points = table.filter(pl.col("quantile").is_null(), pl.col("series").is_in(hierarchy.keys))
    wide = points.pivot("time", index="series", values="value")
    times = [name for name in wide.columns if name != "series" and wide[name].is_not_null().all()]
    if wide.height < len(hierarchy.keys) or not times:
        return table
    order = pl.DataFrame({"series": hierarchy.keys})
    base = order.join(wide, on="series", maintain_order="left").select(times).to_numpy()
    bottom = _bottom(hierarchy.matrix(), base)
    values = hierarchy.matrix() @ bottom
    moved = pl.DataFrame(
        {
            "series": np.repeat(hierarchy.keys, len(times)),
            "time": times * len(hierarchy.keys),
            "moved": (values - base).ravel(),
            "agreed": values.ravel(),
        }
    )
    joined = table.join(moved, on=["series", "time"], how="left", maintain_order="left")
    is_point = pl.col("quantile").is_null() & pl.col("agreed").is_not_null()
    value = pl.when(is_point).then("agreed").otherwise(pl.col("value") + pl.col("moved").fill_null(0.0))
    return joined.with_columns(value.alias("value")).select(table.columns)


def remark_on(hierarchy: Hierarchy, table: pl.DataFrame, horizon: int) -> str:
    """A sentence on the sums, and on the times at which they agree."""
    points = table.filter(pl.col("quantile").is_null(), pl.col("series").is_in(hierarchy.keys))
    counts = points.drop_nulls("value").group_by("time").len()
    times = counts.filter(pl.col("len") == len(hierarchy.keys)).height
    told = f"{len(hierarchy.sums)} sums by {', '.join(hierarchy.levels)} are forecast too"
    if times == horizon:
        return f"{told}; all forecasts are reconciled, so that they add up."
    return f"{told}; forecasts add up at {times} times only, since series end at different times."


def _bottom(matrix: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """The forecasts of the series, shape (series, times)."""
    try:
        from hierarchicalforecast.methods import MinTrace
    except ImportError as error:
        raise MissingLibraryError(
            "Forecasts of a hierarchy need hierarchicalforecast, which is not installed. Run: "
            'pip install "enstorage[statistical]"'
        ) from error
    count = matrix.shape[1]
    found = MinTrace(method="wls_struct").fit_predict(S=matrix, y_hat=base)["mean"][-count:]
    if (base >= 0).all() and (found < 0).any():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the solver converts matrices
            bounded = MinTrace(method="wls_struct", nonnegative=True).fit_predict(S=matrix, y_hat=base)
        found = np.maximum(bounded["mean"][-count:], 0.0)
    return np.asarray(found)
