"""The series behind the samples of a data set, and the last known row of each sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.samples import Prepared, Samples
from enstorage.calendars.calendar import Calendar
from enstorage.entity.data_set import DataSet
from enstorage.errors import InvalidInputError


@dataclass(frozen=True, eq=False)
class RowOrigins:
    """Prepared series, and the origin of each sample.

    Attributes:
        prepared: the rows of each series.
        source_ids: data source of each series, shape (series,).
        calendars: buckets of each series; None for events.
        series: number of the series of each sample, shape (samples,).
        origin: number of the last known row of its series, shape (samples,).
    """

    prepared: Sequence[Prepared]
    source_ids: NDArray[np.int64]
    calendars: Sequence[Calendar | None]
    series: NDArray[np.int64]
    origin: NDArray[np.int64]


def row_origins(data_set: DataSet, rows: NDArray[np.intp], samples: Samples | None = None) -> RowOrigins:
    """The origins of samples of a data set, by their numbers, shape (samples,).

    Args:
        data_set: the data set.
        rows: numbers of samples.
        samples: other samples of the same preparations, see `open_samples`; by default those of the set.

    Raises:
        InvalidInputError: its samples do not start from rows of a preparation, as those of arrays.
    """
    samples = data_set._samples if samples is None else samples
    if data_set.data_preparation_id is None or samples.origin is None:
        raise InvalidInputError(
            f"The samples of {data_set} do not start from rows of a series; expected a set made by an adapter such as "
            "Window."
        )
    inputs = data_set._inputs
    taken_from = samples.taken_from
    series = np.full(len(rows), inputs.asked, dtype=np.int64) if taken_from is None else taken_from[rows]
    return RowOrigins(inputs.prepared, inputs.source_ids, inputs.calendars, series, samples.origin[rows])
