"""The windows that a model sees, and the preparations they are taken from."""

from collections.abc import Sequence

from enstorage import DataPreparation, DataSnapshot, DataSource, Model
from enstorage.adapter import Branches, Window
from enstorage.adapter.base import adapter_from_json
from enstorage.entity._inputs import snapshots_of
from enstorage.errors import InvalidInputError


def window_of(model: Model) -> Window:
    """The windows of a model: the adapter of its data set, for `Branches` the part of its own series.

    Raises:
        NotFoundError: the model has no data set.
        InvalidInputError: its samples are not windows.
    """
    data_set = model.data_set()
    adapter = adapter_from_json(data_set.adapter) if data_set.data_preparation_id is not None else None
    if isinstance(adapter, Branches):
        return Window(adapter.lag, adapter.offset, adapter.horizon, adapter.step)
    if not isinstance(adapter, Window):
        what = f"the adapter {data_set.adapter['name']!r}" if adapter is not None else "arrays"
        raise InvalidInputError(
            f"{model} was trained on samples of {what}; forecasts past the end of the data need windows of values, as "
            "the adapters Window and Branches make them."
        )
    return adapter


def sees_others(model: Model) -> bool:
    """True for a model whose samples have other series beside their own, see `Branches`."""
    data_set = model.data_set()
    return data_set.data_preparation_id is not None and data_set.adapter["name"] == Branches.name


def snapshots_for(
    model: Model, given: DataSnapshot | Sequence[DataSnapshot] | None
) -> tuple[DataSnapshot | None, tuple[DataSnapshot, ...]]:
    """The newer snapshot of the series that a model forecasts, and those of the others that it sees.

    Raises:
        InvalidInputError: several are given for a model that sees one series at a time.
    """
    if given is None:
        return None, ()
    several = tuple(given) if isinstance(given, list | tuple) else None
    if not sees_others(model):
        if several is not None and len(several) != 1:
            raise InvalidInputError(
                f"{model} sees one series at a time; received {len(several)} snapshots as snapshot=. Give them as "
                "series=[…]."
            )
        return (given if several is None else several[0]), ()  # type: ignore[return-value]
    snapshots: tuple[DataSnapshot, ...] = (given,) if several is None else several
    (own,) = learned_series(model)
    of_own = [each for each in snapshots if each.data_source_id == own]
    return (of_own[-1] if of_own else None), tuple(each for each in snapshots if each.data_source_id != own)


def windows_of(model: Model, series: DataSource | int | None = None) -> tuple[Window, DataPreparation]:
    """The adapter of the model's data set, and the preparation of one of its series.

    Args:
        model: with a data set.
        series: of a pooled set the data source, or its id.

    Raises:
        NotFoundError: the model has no data set.
        InvalidInputError: its samples are not windows, or the series is missing or not one of its data set.
    """
    source = series.id if isinstance(series, DataSource) else series
    window, by_series = window_of(model), learned_series(model)
    if source is None and len(by_series) == 1:
        return window, next(iter(by_series.values()))
    if source not in by_series:
        received = "none" if source is None else repr(source)
        raise InvalidInputError(
            f"{model} knows {shown_sources(list(by_series))}; expected series= with one of them, received {received}."
        )
    return window, by_series[source]


def learned_series(model: Model) -> dict[int, DataPreparation]:
    """The preparation of each series that the model forecasts, by the id of its data source."""
    data_set = model.data_set()
    own = data_set.data_preparation
    preparations = [own] if own is not None and not data_set.is_pooled else data_set.preparations()
    return dict(zip((each.data_source_id for each in snapshots_of(preparations)), preparations, strict=True))


def shown_sources(ids: list[int]) -> str:
    """Some of the data sources, as messages name them."""
    return f"the data sources {', '.join(map(str, ids[:8]))}" + (", …" if len(ids) > 8 else "")
