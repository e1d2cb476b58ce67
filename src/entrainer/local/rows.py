"""Forecasts of a local model for the rows of a data set, from the whole history that was known at each row's origin."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from enstorage.adapter import Window
from enstorage.adapter.base import adapter_from_json
from enstorage.adapter.samples import Prepared, Samples
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.season import usual_season
from enstorage.entity.row_origins import row_origins
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from entrainer.local.histories import Histories, SeriesPlace
from entrainer.local.specification import LocalSpec
from entrainer.model_output import InSourceUnits


def window_for(spec: LocalSpec, data_set: DataSet) -> Window:
    """The windows of a data set, whose targets a local model forecasts.

    Raises:
        InvalidInputError: Its samples are no windows of values.
    """
    adapter = adapter_from_json(data_set.adapter) if data_set.data_preparation_id is not None else None
    if not isinstance(adapter, Window):
        what = "arrays" if adapter is None else f"the adapter {adapter.name!r}"
        raise InvalidInputError(
            f"The local model {spec} forecasts the next values of a series; {data_set} has samples of {what}. Make the data "
            "set with enstorage.adapter.Window(lag=1, horizon=…)."
        )
    return adapter


@dataclass(frozen=True, eq=False)
class RowHistories:
    """The histories behind rows of a data set.

    Attributes:
        histories: an origin for each row.
        steps: number of steps from an origin to the last target.
        ahead: number of steps before the first target.
        shape: of the targets.
        source_ids: data source of each series, shape (series,).
    """

    histories: Histories
    steps: int
    ahead: int
    shape: tuple[int, ...]
    source_ids: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        spec: LocalSpec,
        data_set: DataSet,
        rows: NDArray[np.intp],
        known_until: int | None = None,
        samples: Samples | None = None,
        horizon: int | None = None,
    ) -> "RowHistories":
        """The histories behind rows of a data set, by their numbers; see `forecast_rows`."""
        window = window_for(spec, data_set)
        found = row_origins(data_set, rows, samples)
        grids, measured, fitted = [], [], []
        for each in found.prepared:
            grid = np.full(int(each.position[-1]) + 1 if len(each.position) else 0, np.nan)
            grid[each.position] = each.source_values
            grids.append(grid)
            is_measured = np.zeros(len(grid), np.bool_)
            is_measured[each.position] = True if each.measured is None else each.measured
            measured.append(is_measured)
            may_be_used = each.part == Part.TRAIN if known_until is None else each.times < known_until
            if known_until is not None and each.measured is not None:
                may_be_used &= each.measured  # what was filled last may have been filled from later values
            fitted.append(int(each.position[may_be_used].max(initial=-1)) + 1)
        first = np.cumsum([0, *(len(each.position) for each in found.prepared)])
        known = np.concatenate([each.position for each in found.prepared])[first[found.series] + found.origin] + 1
        season = [usual_season(calendar) for calendar in found.calendars]
        places = [
            None
            if calendar is None or not len(each.times)
            else SeriesPlace(source, calendar, _first_bucket(each, calendar))
            for source, calendar, each in zip(found.source_ids.tolist(), found.calendars, found.prepared, strict=True)
        ]
        histories = Histories.of(grids, season, fitted, found.series, known, places=places, measured=measured)
        ahead = window.offset - 1
        steps = window.horizon if horizon is None else horizon
        shape = (len(rows), steps) if steps > 1 else (len(rows),)
        return cls(histories, ahead + steps, ahead, shape, found.source_ids)


def fitted_local(spec: LocalSpec, data_set: DataSet) -> LocalSpec:
    """The local model with what it learns from the train rows of all series together, see `LocalSpec.fitted`."""
    known = RowHistories.of(spec, data_set, np.arange(data_set.rows))
    return spec.fitted(known.histories, known.steps)


def forecast_rows(
    spec: LocalSpec,
    data_set: DataSet,
    rows: NDArray[np.intp],
    quantiles: Sequence[float] = (),
    known_until: int | None = None,
    samples: Samples | None = None,
    horizon: int | None = None,
) -> InSourceUnits:
    """Forecast rows of a data set.

    Each forecast starts from all values up to the row's origin. Parameters are estimated once for each series.

    Args:
        spec: The local model.
        data_set: Windows of one or many series.
        rows: Numbers of the rows, shape (rows,).
        quantiles: Levels to forecast too, with 0.5, for which the point forecast stands.
        known_until: Parameters are estimated from values before this time, ns; by default from those of the train part.
        samples: Other samples of its preparations, whose numbers `rows` are; by default those of the data set.
        horizon: Number of steps; by default that of the windows.

    Raises:
        InvalidInputError: The samples are no windows of values, or the model gives no quantiles.
    """
    check_quantiles(spec, quantiles)
    known = RowHistories.of(spec, data_set, rows, known_until, samples, horizon)
    return forecast_known(spec, known, quantiles)


def forecast_known(spec: LocalSpec, known: RowHistories, quantiles: Sequence[float] = ()) -> InSourceUnits:
    """Forecasts from the histories behind some rows; see `forecast_rows`."""
    asked = tuple(level for level in quantiles if level != 0.5)
    forecast = spec.forecast(known.histories, known.steps, asked)
    by_level = {level: values[:, known.ahead :].reshape(known.shape) for level, values in forecast.quantiles.items()}
    points = forecast.values[:, known.ahead :].reshape(known.shape)
    if quantiles:
        by_level = dict(sorted({**by_level, 0.5: points}.items()))
    remarks = {int(known.source_ids[series]): text for series, text in forecast.remarks.items()}
    return InSourceUnits(points, by_level, remarks)


def _first_bucket(prepared: Prepared, calendar: Calendar) -> int:
    """The number of the bucket of the first row of a snapshot, of which the preparation may have dropped some."""
    return int(calendar.numbers(prepared.times[:1])[0] - prepared.position[0])


def check_quantiles(spec: LocalSpec, quantiles: Sequence[float]) -> None:
    """Refuse quantiles for a model that gives none.

    Raises:
        InvalidInputError: There are some, and it gives none.
    """
    if quantiles and not spec.gives_quantiles:
        raise InvalidInputError(
            f"The local model {spec} forecasts no quantiles; asked for {', '.join(f'{each:g}' for each in quantiles)}. "
            "Leave quantiles out of the training, and take intervals from residuals: entrainer.backtest(model), then "
            "entrainer.forecast(model, horizon, levels=[…])."
        )
