"""Features of the series of targets, each from the values that were measured until its origin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from endirector.members.gate_inputs import preparations_by_series
from endirector.members.series_features import NAMES, series_features
from enstorage import Model
from enstorage.calendars.season import usual_season
from enstorage.progress import checkpoint


def features_at(series: NDArray[np.int64], origin: NDArray[np.int64], models: Sequence[Model]) -> NDArray[np.float64]:
    """The features of each series at each origin.

    Args:
        series: id of the data source of each target, shape (rows,).
        origin: int64 ns, the latest time that was known, shape (rows,).
        models: the members, whose preparations have the series.

    Returns:
        Shape (rows, features), see `series_features`; NaN in rows of series of which no member has a preparation.
    """
    found = np.full((len(series), len(NAMES)), np.nan)
    for source, preparation in preparations_by_series(models).items():
        own = np.flatnonzero(series == source)
        if not len(own):
            continue
        checkpoint()
        times = preparation.table()["time"].to_numpy()
        values = preparation.truth().fill_null(np.nan).to_numpy()
        order = np.argsort(times, kind="stable")
        season = usual_season(preparation.data_snapshot.calendar)
        ends, place = np.unique(np.searchsorted(times[order], origin[own], side="right"), return_inverse=True)
        found[own] = np.array([series_features(values[order[:end]], season) for end in ends.tolist()])[place]
    return found
