"""The series that forecasts are asked of, and the rows of each that are known."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from enstorage import DataPreparation, DataSnapshot, DataSource, Model, Panel
from enstorage.entity._inputs import read_tables, snapshots_of
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from entrainer.forecasting.asked import unseen
from entrainer.forecasting.asked.unseen import CommonPreparation
from entrainer.forecasting.history import Known, known_rows, prepared_rows
from entrainer.forecasting.window import learned_series, shown_sources

#: Series of which forecasts are asked: data sources or their ids, a panel, snapshots, a table of one series; or several of
#: these in a list. None: every series of the data set.
Asked: TypeAlias = Any

T = TypeVar("T")
R = TypeVar("R")


def known_series(
    model: Model,
    asked: Asked,
    width: int,
    snapshot: DataSnapshot | None = None,
    time_from: TimeLike | None = None,
    learned: Mapping[int, DataPreparation] | None = None,
) -> list[Known]:
    """The known rows of each series that is asked for, in order.

    Args:
        model: with a data set of windows.
        asked: the series.
        width: number of prepared values that the model needs.
        snapshot: a newer one of the only series that is asked for.
        time_from: the first time that is not known; by default for each series the bucket after its last value.

        learned: as `learned_series` gives it, if it is known.

    Returns:
        Of several series those that can be forecast; a warning names the others and the first reason.

    Raises:
        InvalidInputError: none can be forecast, or the snapshot is of another series.
    """
    learned = learned_series(model) if learned is None else learned
    if asked is None:
        asked = list(learned) if snapshot is None or len(learned) == 1 else snapshot.data_source_id
    entries = _flat(asked)
    if not entries:
        raise InvalidInputError(
            f"No series is asked for; expected some of those of {model}, or others. Leave series out for all of them."
        )
    if snapshot is not None and len(entries) > 1:
        raise InvalidInputError(
            f"snapshot= is of one series; {len(entries)} series are asked for. Give the snapshots as series=[…]."
        )
    seen = [id for entry in entries if (id := _id_of(entry)) is not None and id in learned]
    snapshots = dict(zip(seen, snapshots_of([learned[id] for id in seen]), strict=True))
    read_tables([learned[id] for id in seen])
    cold = _Cold(model, learned, [entry for entry in entries if _id_of(entry) not in learned], snapshot)

    def known_of(entry: Any) -> Known:
        id = _id_of(entry)
        if id is None or id not in learned:
            return cold.known(entry, time_from, width)
        newer = entry if isinstance(entry, DataSnapshot) else snapshot
        if newer is None and time_from is None and (known := prepared_rows(learned[id], snapshots[id])) is not None:
            return known
        return known_rows(learned[id], newer, time_from)

    return each_possible(entries, known_of)


def each_possible(entries: Sequence[T], found_of: Callable[[T], R]) -> list[R]:
    """Results of a function for each of some series, without those that it refuses: a warning names their number.

    Raises:
        InvalidInputError: it refuses all.
    """
    found, refusals = [], []
    for entry in entries:
        try:
            found.append(found_of(entry))
        except InvalidInputError as error:
            refusals.append(error)
    if refusals and not found:
        if len(refusals) == 1:
            raise refusals[0]
        raise InvalidInputError(f"None of {len(entries)} series can be forecast; the first: {refusals[0]}")
    if refusals:
        warnings.warn(
            f"{len(refusals)} of {len(entries)} series cannot be forecast and are left out; the first: {refusals[0]}",
            stacklevel=4,
        )
    return found


class _Cold:
    """The series that a model was not trained on, those that are sources read at once."""

    def __init__(
        self, model: Model, learned: Mapping[int, DataPreparation], others: Sequence[Any], snapshot: DataSnapshot | None
    ) -> None:
        if not others:
            return
        shown = shown_sources(list(learned))
        received = ", ".join(f"{each!s:.60}" for each in others[:3])
        if not model.data_set().is_pooled:
            raise InvalidInputError(
                f"{model} knows {shown}; expected series= with it, received {received}. To forecast series that it was not "
                "trained on, train a model on many: DataSet.from_preparations."
            )
        if snapshot is not None:
            raise InvalidInputError(
                f"snapshot= is a newer one of {shown}, which {model} knows; {received} is none of them. Give that snapshot "
                "itself as series."
            )
        preparations = list(learned.values())
        self._snapshots = snapshots_of(preparations)
        self._common = CommonPreparation.of(model, preparations, self._snapshots)
        ids = [each for each in others if type(each) is int]
        sources = [each for each in others if isinstance(each, DataSource)]
        sources += DataSource.get_list(ids, connector=model.connector)
        self._rows = {each.id: each for each in unseen.of_sources(sources)}

    def known(self, entry: Any, time_from: TimeLike | None, width: int) -> Known:
        """The known rows of one of them."""
        if isinstance(entry, DataSnapshot):
            series = unseen.of_snapshot(entry)
        elif (id := _id_of(entry)) is not None:
            series = self._rows[id]
        else:
            series = unseen.of_table(entry, self._snapshots[0])
        return self._common.known(series, time_from, width)


def _flat(asked: Asked) -> list[Any]:
    """One entry for each series; pairs of times and values are tables."""
    if isinstance(asked, Panel):
        return list(asked.sources().values())
    if isinstance(asked, list):
        return [entry for each in asked for entry in _flat(each)]
    return [asked]


def _id_of(entry: Any) -> int | None:
    """The id of the data source; None for a table."""
    if isinstance(entry, DataSource):
        return entry.id
    if isinstance(entry, DataSnapshot):
        return entry.data_source_id
    return entry if type(entry) is int else None
