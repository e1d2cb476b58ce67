"""Series as charts draw them: at most two points for each pixel, and gaps where values are missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.entity.data_preparation import DataPreparation
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.model import Model
from enstorage.entity.targets import known_targets
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import TimeLike
from enstorage.preparation.split import PARTS

if TYPE_CHECKING:
    import polars as pl

#: Widest chart, in pixels.
WIDEST = 10_000
_POINTS_A_PIXEL = 2
_FEWEST_POINTS = 4

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ChartWindow:
    """The part of a series that a chart shows.

    Attributes:
        time_from: first time; None for the beginning.
        time_to: end, itself excluded; None for the end of the series.
        width: of the chart, in pixels.
    """

    time_from: TimeLike | None = None
    time_to: TimeLike | None = None
    width: int = 1_200

    def __post_init__(self) -> None:
        """Check the width."""
        if not 1 <= self.width <= WIDEST:
            raise InvalidInputError(f"width is {self.width}; expected 1 to {WIDEST} pixels.", field="width")

    def rows(self, times: Times, source: DataSource) -> slice:
        """The rows inside the window; times ascend."""
        ends = [None if each is None else source._time(each) for each in (self.time_from, self.time_to)]
        start, stop = (None if each is None else int(np.searchsorted(times, each)) for each in ends)
        return slice(start, stop)


@dataclass(frozen=True, slots=True)
class Chart:
    """Points to draw.

    Attributes:
        time: int64 ns, or integers of an integer axis, shape (n,), ascending.
        lines: values of each line, NaN at gaps, shape (n,) each: `value`; or `truth`, `forecast`, `lower`, `upper`.
        rows: number of points of the window; n or more.
        source: whose unit and clock it has.
        parts: first and last time of each part.
        members: values of each member, by the key of its item.
        names: name of each member, by the same keys.
        levels: of the quantiles `lower` and `upper`.
        quantiles: values of each quantile, by its level.
    """

    time: Times
    lines: Mapping[str, Floats]
    rows: int
    source: DataSource
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    members: Mapping[str, Floats] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    levels: tuple[float, float] | None = None
    quantiles: Mapping[float, Floats] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Columns as lists, times in seconds since 1970, or the integers of an integer axis; null at gaps."""
        clock = self.source.clock
        shown: dict[str, Any] = {
            "time": _seconds(self.time, clock).tolist(),
            **{name: values.tolist() for name, values in self.lines.items()},
            "rows": self.rows,
            "shown": len(self.time),
            "unit": self.source.unit,
            "time_zone": self.source.time_zone,
            "is_counter": clock.is_counter,
            "parts": {name: _seconds(np.array(ends), clock).tolist() for name, ends in self.parts.items()},
        }
        if self.names:
            shown |= {
                "members": {key: values.tolist() for key, values in self.members.items()},
                "names": dict(self.names),
            }
        if self.quantiles:
            shown["quantiles"] = {f"{level:g}": values.tolist() for level, values in self.quantiles.items()}
        return shown if self.levels is None else shown | {"levels": list(self.levels)}


def chart_of_source(source: DataSource, window: ChartWindow) -> Chart:
    """The points of a data source."""
    times, values = source.read(window.time_from, window.time_to)
    return thinned(Chart(times, {"value": values}, len(times), source), window)


def chart_of_snapshot(snapshot: DataSnapshot, window: ChartWindow) -> Chart:
    """The rows of a snapshot."""
    times, values = snapshot.read()
    source = snapshot.data_source
    rows = window.rows(times, source)
    return thinned(Chart(times[rows], {"value": values[rows]}, len(times[rows]), source), window)


def chart_of_preparation(preparation: DataPreparation, window: ChartWindow) -> Chart:
    """The rows of a preparation: `value` in units of the source, and `prepared`."""
    table, source = preparation.table(), preparation.data_snapshot.data_source
    times = table["time"].to_numpy()
    parts = _ends(times, table["part"].to_numpy())
    rows = window.rows(times, source)
    lines = {name: table[name].to_numpy()[rows] for name in ("value", "prepared")}
    return thinned(Chart(times[rows], lines, len(times[rows]), source, parts), window)


def chart_of_model(
    model: Model, window: ChartWindow, *, part: str | None = None, series: int | None = None, step: int = 1
) -> Chart:
    """The forecasts of a model beside the truth.

    Args:
        model: with stored forecasts.
        window: what is shown.
        part: `train`, `valid`, `test` or `out_of_fold`; None for all but the last.
        series: id of the data source; by default the first one.
        step: steps ahead.

    Raises:
        NotFoundError: there are no such forecasts.
    """
    import polars as pl

    table = model.forecasts(part)
    series = int(table["series"][0]) if series is None else series
    own = table.filter((pl.col("series") == series) & (pl.col("step") == step))
    targets = known_targets(model).filter(pl.col("series") == series)
    if "step" in targets.columns:
        targets = targets.filter(pl.col("step") == step)
    truth = targets.select("id", "truth").unique("id", keep="first")
    return _of_forecasts(own, truth, DataSource.get(series, connector=model.connector), window)


def chart_of_ensemble(
    ensemble: Ensemble, window: ChartWindow, *, part: str | None = None, series: int | None = None, step: int = 1
) -> Chart:
    """The forecasts of a rendered ensemble and of its members beside the truth; see `chart_of_model`."""
    import polars as pl

    table = ensemble.table()
    series = int(table["series"][0]) if series is None else series
    own = table.filter((pl.col("series") == series) & (pl.col("step") == step))
    items = ensemble.items()
    labels = ensemble.labels(items)
    names = {item.key: labels[item.id] for item in items if f"member_{item.key}" in own.columns}
    members = own.select("id", *(f"member_{key}" for key in names))
    forecasts = ensemble.forecasts(part).filter((pl.col("series") == series) & (pl.col("step") == step))
    source = DataSource.get(series, connector=ensemble.connector)
    return _of_forecasts(forecasts, own.select("id", "truth"), source, window, members, names)


def _of_forecasts(
    own: "pl.DataFrame",
    truth: "pl.DataFrame",
    source: DataSource,
    window: ChartWindow,
    members: "pl.DataFrame | None" = None,
    names: Mapping[str, str] | None = None,
) -> Chart:
    import polars as pl

    points = own.filter(pl.col("quantile").is_null()).unique("id", keep="first")
    if points.is_empty():
        raise NotFoundError(f"There are no such forecasts for {source}. Name another part, series or step.")
    wide = points.select("id", "part", forecast="value").join(truth, on="id", how="left")
    levels = sorted(own["quantile"].drop_nulls().unique().to_list())
    ends = (levels[0], levels[-1]) if len(levels) > 1 else None
    for name, level in zip(("lower", "upper"), ends or (), strict=False):
        quantile = own.filter(pl.col("quantile") == level).select("id", pl.col("value").alias(name)).unique("id")
        wide = wide.join(quantile, on="id", how="left")
    if members is not None:
        wide = wide.join(members, on="id", how="left")
    wide = wide.sort("id")
    times = wide["id"].to_numpy()
    codes = wide["part"].replace_strict({name: place for place, name in enumerate(PARTS)}, default=-1).to_numpy()
    rows = window.rows(times, source)

    def values(name: str) -> Floats:
        return wide[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()[rows]

    lines: dict[str, Floats] = {
        name: values(name) for name in ("truth", "forecast", "lower", "upper") if name in wide.columns
    }
    given = names or {}
    chart = Chart(
        times[rows],
        lines,
        len(times[rows]),
        source,
        _ends(times, codes),
        {key: values(f"member_{key}") for key in given},
        given,
        ends,
    )
    return thinned(chart, window)


def _ends(times: Times, codes: NDArray[Any]) -> dict[str, tuple[int, int]]:
    """The first and the last time of each part."""
    found = {}
    for code, name in enumerate(PARTS):
        own = times[codes == code]
        if len(own):
            found[name] = (int(own[0]), int(own[-1]))
    return found


def thinned(chart: Chart, window: ChartWindow) -> Chart:
    """The chart with at most two points for each pixel: those that draw the same picture.

    MinMaxLTTB (van der Donckt et al. 2023, MinMaxLTTB: Leveraging MinMax-Preselection to Scale LTTB) chooses them for each
    line; of a band and of members those of the truth and the forecast are taken.
    """
    most = max(_FEWEST_POINTS, _POINTS_A_PIXEL * window.width)
    if chart.rows <= most:
        return chart
    chosen = [name for name in ("value", "truth", "forecast") if name in chart.lines]
    kept = np.unique(np.concatenate([_indices(chart.time, chart.lines[name], most // len(chosen)) for name in chosen]))
    return Chart(
        chart.time[kept],
        {name: values[kept] for name, values in chart.lines.items()},
        chart.rows,
        chart.source,
        chart.parts,
        {key: values[kept] for key, values in chart.members.items()},
        chart.names,
        chart.levels,
        {level: values[kept] for level, values in chart.quantiles.items()},
    )


def _indices(times: Times, values: Floats, most: int) -> NDArray[np.int64]:
    """The indices of the points to keep; of a gap the first missing one, as far as there is room."""
    from enstorage.plugins import missing

    try:
        from tsdownsample import MinMaxLTTBDownsampler
    except ImportError as error:
        raise missing(error, "A chart of many points", extra="web") from error
    finite = np.flatnonzero(np.isfinite(values))
    gaps = np.flatnonzero(np.isnan(values) & np.isfinite(np.roll(values, 1)))
    gaps = gaps if len(gaps) <= most // 4 else gaps[:0]
    room = most - len(gaps)
    if len(finite) > room:
        thinner: Any = MinMaxLTTBDownsampler  # without types
        own = thinner().downsample(
            np.ascontiguousarray(times[finite]), np.ascontiguousarray(values[finite]), n_out=room
        )
        finite = finite[own.astype(np.int64)]
    return np.union1d(finite, gaps)


def _seconds(times: Sequence[int] | NDArray[Any], clock: Calendar) -> NDArray[Any]:
    given = np.asarray(times)
    return given if clock.is_counter else given / 1e9
