"""`Fold`: one origin of one model, with the rows that are trained on before it and those that are forecast from it."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from enstorage.adapter.samples import fully_measured, partly_measured
from enstorage.entity.open_samples import OpenSamples, open_samples
from enstorage.entity.row_origins import start_from_known
from enstorage.instant import to_iso
from enstorage.preparation.split import Part
from entrainer.experiments.further import FurtherSteps
from entrainer.fitting.job import Job, Loaded
from entrainer.local.rows import RowHistories
from entrainer.local.specification import LocalSpec
from entrainer.model_output import InSourceUnits, Output, by_level

Rows = NDArray[np.intp]
Predict = Callable[[NDArray[Any]], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class OpenRows:
    """Rows that a backtest may use; no test row is among them.

    Attributes:
        id: time of the first target, shape (rows,).
        X: shape (rows, …).
        y: float64, NaN where a target was not measured or is a test row, shape (rows,) or (rows, …).
        times: of each step's target, shape (rows,) or (rows, horizon).
        last: time of the last target, shape (rows,).
        inside: true for targets that are no test rows, the shape of `times`.
        allowed: true for rows that may be used, shape (rows,).
        starts: true for rows whose last known value was not filled from later ones, shape (rows,).
        series: data source of each row, shape (rows,); None unless the set is pooled.
        data_set: whose rows they are.
        open: the samples, if they are not those of the data set.
        further: steps behind the targets of the samples that are forecast too; None for none. `times` and `inside` have a
            column for each step then.
    """

    id: NDArray[np.int64]
    X: NDArray[Any]
    y: NDArray[np.float64]
    times: NDArray[np.int64]
    last: NDArray[np.int64]
    inside: NDArray[np.bool_]
    allowed: NDArray[np.bool_]
    starts: NDArray[np.bool_]
    series: NDArray[np.int64] | None
    data_set: DataSet
    open: OpenSamples | None = None
    further: FurtherSteps | None = None

    @classmethod
    def of(cls, loaded: Loaded, *, partly_known: bool = True, horizon: int | None = None) -> "OpenRows":
        """The rows of a data set.

        Args:
            loaded: the data set.
            partly_known: with the rows whose last targets lie behind the rows that are no test rows, see `open_samples`.
            horizon: number of steps that are forecast; None, or fewer than the rows have: those that they have.

        Raises:
            InvalidInputError: the rows have no such steps, see `FurtherSteps.of`.
        """
        found = open_samples(loaded.data_set) if partly_known else None
        rows = cls._of_data_set(loaded) if found is None else cls._of_open(found, loaded.data_set)
        own = 1 if rows.times.ndim == 1 else rows.times.shape[1]
        return rows if horizon is None or horizon <= own else rows._with_further(horizon)

    def _with_further(self, horizon: int) -> "OpenRows":
        further = FurtherSteps.of(self.data_set, horizon, None if self.open is None else self.open.samples)
        allowed = self.allowed & further.can_start
        return replace(self, times=further.times, inside=further.inside, allowed=allowed, further=further)

    @classmethod
    def _of_data_set(cls, loaded: Loaded) -> "OpenRows":
        data_set = loaded.data_set
        times = data_set.targets()[0]
        return cls(
            data_set.ids(),
            loaded.features,
            loaded.targets,
            times,
            loaded.last_targets,
            np.ones(times.shape, np.bool_),
            data_set.parts() != Part.TEST,
            start_from_known(data_set),
            data_set.series() if data_set.is_pooled else None,
            data_set,
        )

    @classmethod
    def _of_open(cls, found: OpenSamples, data_set: DataSet) -> "OpenRows":
        samples, times = found.samples, found.times
        return cls(
            samples.id,
            samples.X,
            np.asarray(samples.y, np.float64),
            times,
            times.reshape(len(times), -1).max(axis=1),
            found.inside,
            np.ones(len(times), np.bool_),
            start_from_known(data_set, samples),
            found.series,
            data_set,
            found,
        )

    def known(self) -> NDArray[np.int64]:
        """Times of the rows of which a target was measured, ascending, each once."""
        return np.unique(self.id[self.allowed & partly_measured(self.y)])

    def trainable(self, *, complete: bool) -> NDArray[np.bool_]:
        """True for rows that can be trained on: of which a target was measured, or all targets were; shape (rows,)."""
        return self.allowed & (fully_measured(self.y) if complete else partly_measured(self.y))

    def histories(self, spec: LocalSpec, rows: Rows, known_until: int) -> RowHistories:
        """The histories behind some rows for a local model. See `forecast_rows`."""
        samples = None if self.open is None else self.open.samples
        horizon = None if self.further is None else self.further.horizon
        return RowHistories.of(spec, self.data_set, rows, known_until, samples, horizon)

    def of_object(self, predict: Predict, rows: Rows, quantiles: tuple[float, ...]) -> Output:
        """The output of a network or an estimator for some rows, of which `predict` gives that for samples."""
        if self.further is None:
            return predict(self.X[rows])
        prepared = self.further.forecast(predict, rows, quantiles)
        return InSourceUnits(self._invert(prepared, rows))

    def forecast(self, output: Output, rows: Rows, quantiles: tuple[float, ...]) -> dict[str, Any]:
        """The arguments of `Model.save_forecasts` for output for some rows, without the steps that are test rows."""
        values, others = self._in_source_units(output, rows, quantiles)
        series, times, inside = None if self.series is None else self.series[rows], self.times[rows], self.inside[rows]
        if inside.all():
            return {"id": times, "values": values, "quantiles": others or None, "series": series}
        row, step = np.nonzero(inside)
        return {
            "id": times[inside],
            "values": values[inside],
            "quantiles": {level: each[inside] for level, each in others.items()} or None,
            "series": None if series is None else series[row],
            "step": step + 1,
        }

    def _in_source_units(
        self, output: Output, rows: Rows, quantiles: tuple[float, ...]
    ) -> tuple[NDArray[np.float64], Mapping[float, NDArray[np.float64]]]:
        """The point forecasts, and those of quantiles by level, of the shape of the targets."""
        if isinstance(output, InSourceUnits):
            return output.values, output.quantiles
        shape = (len(rows), *self.y.shape[1:])
        values = by_level(output, shape, quantiles, lambda prepared: self._invert(prepared, rows), str(self.data_set))
        return values[0.5], values if quantiles else {}

    def _invert(self, prepared: NDArray[np.float64], rows: Rows) -> NDArray[np.float64]:
        """Forecasts for some rows in source units."""
        return (self.data_set.invert if self.open is None else self.open.invert)(prepared, rows)


class Fold(NamedTuple):
    """One origin of one model.

    Attributes:
        job: the model.
        rows: those of its data set.
        train: numbers of the rows that are known at the origin, with all their targets, and can be trained on; a local model
            is fitted to all values before the origin instead.
        ahead: numbers of the rows from the origin to the next one, that start from known values.
    """

    job: Job
    rows: OpenRows
    train: Rows
    ahead: Rows

    @classmethod
    def of(cls, job: Job, rows: OpenRows, origins: NDArray[np.int64], number: int) -> "Fold":
        """The fold of an origin by its number; `origins` as `Origins.times`."""
        train = rows.trainable(complete=job.member is None) & (rows.last < origins[number])
        ahead = rows.allowed & (rows.id >= origins[number]) & (rows.id < origins[number + 1])
        if (ahead & rows.starts).any():
            ahead &= rows.starts
        elif ahead.any():
            warnings.warn(
                f"All rows of {rows.data_set} from {to_iso(int(origins[number]))} on start from values that were filled "
                "from later ones, so their errors may be too small. Clean by forward or drop.",
                stacklevel=2,
            )
        return cls(job, rows, np.flatnonzero(train), np.flatnonzero(ahead))

    def output(self, predict: Predict) -> Output:
        """The output for the rows ahead of a network or an estimator, of which `predict` gives that for samples."""
        return self.rows.of_object(predict, self.ahead, self.job.training.quantiles)
