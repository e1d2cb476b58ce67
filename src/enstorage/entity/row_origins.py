"""The series behind the samples of a data set, and the last known row of each sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.samples import Prepared, Samples
from enstorage.calendars.calendar import Calendar
from enstorage.entity.data_set import DataSet
from enstorage.errors import InvalidInputError
from enstorage.preparation.clean import parse_clean


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


def start_from_known(data_set: DataSet, samples: Samples | None = None) -> NDArray[np.bool_]:
    """True for samples whose last known value was not filled from later ones, as `linear` does, shape (samples,).

    A forecast from such a value would see part of its target. Gaps before a measured value are filled from what is known
    there.

    Args:
        data_set: the data set.
        samples: as of `row_origins`.
    """
    samples = data_set._samples if samples is None else samples
    everything = np.ones(len(samples.id), np.bool_)
    if data_set.data_preparation_id is None or samples.origin is None:
        return everything
    inputs = data_set._inputs
    look_ahead = [parse_clean(each.clean_method).looks_ahead for each in inputs.preparations]
    if not any(look_ahead):
        return everything
    found = row_origins(data_set, np.arange(len(everything)), samples)
    known = [
        each.measured if looks_ahead and each.measured is not None else np.ones(len(each.times), np.bool_)
        for each, looks_ahead in zip(inputs.prepared, look_ahead, strict=True)
    ]
    first = np.cumsum([0, *map(len, known)])
    return np.concatenate(known)[first[found.series] + found.origin]
