"""The preparations of a data set: their rows, their sources, and the inverse transform to source units."""

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter, ArrayAdapter
from enstorage.adapter.samples import Prepared, Samples, target_times, true_targets
from enstorage.calendars.calendar import Calendar
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.errors import InvalidInputError


class Inputs:
    """The preparations of one data set, in order.

    Args:
        preparations: stored preparations, at least one.
        asked: index of the preparation whose values are the targets if a sample joins several.
    """

    def __init__(self, preparations: Sequence[DataPreparation], asked: int) -> None:
        self.preparations = tuple(preparations)
        self.asked = asked

    @cached_property
    def prepared(self) -> list[Prepared]:
        """The rows of each preparation, read together."""
        snapshots_of(self.preparations)
        read_tables(self.preparations)
        return [each.prepared() for each in self.preparations]

    @cached_property
    def source_ids(self) -> NDArray[np.int64]:
        """The id of the data source of each preparation, shape (preparations,)."""
        return np.array([snapshot.data_source_id for snapshot in self._snapshots], dtype=np.int64)

    @cached_property
    def calendars(self) -> list[Calendar | None]:
        """The buckets of each preparation; None for events."""
        return [snapshot.calendar for snapshot in self._snapshots]

    def targets(self, samples: Samples) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The times of the targets, and their true values in source units. See `DataSet.targets`."""
        return target_times(samples, self.prepared, self.asked), true_targets(samples, self.prepared, self.asked)

    def invert(self, outputs: NDArray[np.float64], samples: Samples) -> NDArray[np.float64]:
        """Outputs for samples, in source units. See `DataSet.invert`."""
        if samples.invert is not None:
            return samples.invert(outputs)
        if samples.origin is None:
            return outputs
        if samples.taken_from is None:
            return self.preparations[self.asked].invert(outputs, samples.origin)
        forecasts = np.empty_like(outputs)
        order = np.argsort(samples.taken_from, kind="stable")
        which, starts = np.unique(samples.taken_from[order], return_index=True)
        for index, rows in zip(which, np.split(order, starts[1:]), strict=True):
            forecasts[rows] = self.preparations[index].invert(outputs[rows], samples.origin[rows])
        return forecasts

    def check_sources(self) -> None:
        """Refuse two preparations of one data source in a pooled set, where series and id identify a sample.

        Raises:
            InvalidInputError: two preparations are of one data source.
        """
        ids, counts = np.unique(self.source_ids, return_counts=True)
        if (counts > 1).any():
            raise InvalidInputError(
                f"The preparations of a pooled set must have different data sources; {int(counts.max())} have data source "
                f"{ids[counts.argmax()]}, and their ids would be the same. Take one of them."
            )

    @cached_property
    def _snapshots(self) -> list[DataSnapshot]:
        return snapshots_of(self.preparations)


def snapshots_of(preparations: Sequence[DataPreparation]) -> list[DataSnapshot]:
    """The snapshots of preparations of one store, in order, read together and kept by them."""
    unread = [each for each in preparations if "_snapshot" not in each.__dict__]
    if unread:
        ids = [each.data_snapshot_id for each in unread]
        for each, snapshot in zip(unread, DataSnapshot.get_list(ids, connector=unread[0].connector), strict=True):
            each.__dict__["_snapshot"] = snapshot
    return [each.__dict__["_snapshot"] for each in preparations]


def read_tables(preparations: Sequence[DataPreparation]) -> None:
    """Read the tables of preparations together: one by one, hundreds would take hundreds of queries."""
    unread = [each for each in preparations if "_table" not in each.__dict__]
    tables = DataCsv.get_list([each.data_csv_id for each in unread], connector=unread[0].connector) if unread else []
    for each, data_csv in zip(unread, tables, strict=True):
        each.__dict__["_table"] = data_csv.table()


def check_adapter(adapter: object) -> None:
    """Refuse an object that is not an adapter for preparations.

    Raises:
        InvalidInputError: it is not such an adapter.
    """
    if isinstance(adapter, ArrayAdapter):
        raise InvalidInputError(
            f"{adapter} takes arrays, not a preparation. Use DataSet.from_arrays(id, X, y, part, name, adapter=…)."
        )
    if not isinstance(adapter, Adapter):
        raise InvalidInputError(
            f"{adapter!r:.80} is not an adapter; expected for example enstorage.adapter.Window(lag=7)."
        )


def checked_preparations(preparations: Iterable[DataPreparation]) -> list[DataPreparation]:
    """Preparations as a list.

    Raises:
        InvalidInputError: there is no preparation, or an element is something else.
    """
    given = list(preparations)
    others = [each for each in given if not isinstance(each, DataPreparation)]
    if others or not given:
        raise InvalidInputError(
            f"A data set needs preparations, at least one; received {repr(others[0])[:80] if others else 'none'}. Make "
            "them with snapshot.create_preparation(…)."
        )
    return given
