"""The windows that a model sees, and the preparation they are taken from."""

from enstorage import DataPreparation, DataSet, DataSource, Model
from enstorage.adapter import Window
from enstorage.adapter.base import adapter_from_json
from enstorage.errors import InvalidInputError


def windows_of(model: Model, series: DataSource | int | None = None) -> tuple[Window, DataPreparation]:
    """The adapter of the model's data set, and the preparation of the series.

    Args:
        model: with a data set.
        series: of a pooled set the data source, or its id.

    Raises:
        NotFoundError: the model has no data set.
        InvalidInputError: its samples are not windows, or the series is missing or not one of its data set.
    """
    data_set = model.data_set()
    adapter = adapter_from_json(data_set.adapter) if data_set.data_preparation_id is not None else None
    if not isinstance(adapter, Window):
        what = f"the adapter {data_set.adapter['name']!r}" if adapter is not None else "arrays"
        raise InvalidInputError(
            f"{model} was trained on samples of {what}; forecasts past the end of the data need windows of the values of "
            "one series, as the adapter Window makes them."
        )
    return adapter, _preparation(model, data_set, series)


def _preparation(model: Model, data_set: DataSet, series: DataSource | int | None) -> DataPreparation:
    source = series.id if isinstance(series, DataSource) else series
    by_series = {each.data_snapshot.data_source_id: each for each in data_set.preparations()}
    if source is None and len(by_series) == 1:
        return next(iter(by_series.values()))
    if source not in by_series:
        shown = ", ".join(map(str, list(by_series)[:8])) + (", …" if len(by_series) > 8 else "")
        received = "none" if source is None else repr(source)
        raise InvalidInputError(
            f"{model} knows the data sources {shown}; expected series= with one of them, received {received}."
        )
    return by_series[source]
