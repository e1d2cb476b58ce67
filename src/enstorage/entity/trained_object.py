"""The trained object of a model: stored as data, or fitted again on each load."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, UntrustedError
from enstorage.preparation.split import PARTS, Part

if TYPE_CHECKING:
    from enstorage.entity.model import Model
    from enstorage.estimators.refitting import Fitted


def keep_object(model: "Model", obj: Any, weight: NDArray[np.float64] | None = None, *, check: bool = True) -> None:
    """Store an object; or, if no format stores an estimator as data, the description from which it is fitted again.

    Args:
        model: a stored model.
        obj: the trained object.
        weight: weight of each row in the fit of an estimator, shape (fitted rows,), see `Fitted.train`; None for 1.
        check: fit an estimator that is not stored as data once again, and compare.

    Raises:
        UntrustedError: no format stores it as data, and it cannot be fitted again.
    """
    from enstorage.formats.base import dump

    allow_pickle = model.connector.allow_pickle
    try:
        form, content = dump(obj, allow_pickle=allow_pickle)
    except UntrustedError as untrusted:
        form, content = dump(_refit(model, obj, weight, check, untrusted), allow_pickle=allow_pickle)
    with model.connector.transaction():
        model.object_sha256 = model.connector.keep(content)
        model.object_format, model.object_bytes = form, len(content)
        model.save()


def _refit(model: "Model", obj: Any, weight: NDArray[np.float64] | None, check: bool, untrusted: UntrustedError) -> Any:
    from enstorage.formats.skops import SkopsFormat

    if not SkopsFormat.takes(obj):
        raise untrusted
    from enstorage.estimators.refitting import fit_again, refit_of

    try:
        data = _fitted(model)
        refit = refit_of(obj, data, weight)
        if check:
            fit_again(refit, data, model)
    except (CorruptError, InvalidInputError, NotFoundError) as error:
        raise UntrustedError(
            f"{untrusted} Nor can it be fitted again on each load: {error} Set the data set on whose train rows it was "
            "fitted before you store it, and a random_state if it has one; or make the model with "
            "research.create_model(name, estimator) and call entrainer.fit; or store its forecasts with save_forecasts; or, "
            "if you alone write to this store, open it with Connector(allow_pickle=True)."
        ) from error
    return refit


class OpenedObjects:
    """The trained objects that were loaded last, so that answering many questions does not load them each time.

    Several threads may use it: what one of them loads, others wait for.

    Args:
        most: number of objects kept.
    """

    def __init__(self, most: int = 8) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[str, int], Any] = OrderedDict()
        self._loading: dict[tuple[str, int], Lock] = {}
        self._lock = Lock()

    @contextmanager
    def used(self) -> Iterator[None]:
        """Inside the block, in this thread or task, `load_object` loads no object anew that is kept."""
        token = _OPENED.set(self)
        try:
            yield
        finally:
            _OPENED.reset(token)

    def find(self, model: "Model") -> Any:
        """The object of a model, loaded if it is not kept."""
        key = (str(model.object_sha256), model.id)
        with self._lock:
            loading = self._loading.setdefault(key, Lock())
        with loading:
            with self._lock:
                if key in self._opened:
                    self._opened.move_to_end(key)
                    return self._opened[key]
            found = _loaded(model)
            with self._lock:
                self._opened[key] = found
                while len(self._opened) > self._most:
                    old, _ = self._opened.popitem(last=False)
                    self._loading.pop(old, None)
        return found


_OPENED: ContextVar[OpenedObjects | None] = ContextVar("enstorage_opened_objects", default=None)


def load_object(model: "Model") -> Any:
    """See `Model.load_object`."""
    opened = _OPENED.get()
    return _loaded(model) if opened is None or model.object_sha256 is None else opened.find(model)


def _loaded(model: "Model") -> Any:
    from enstorage.formats.base import load
    from enstorage.formats.fitted.parameters import bound_jobs
    from enstorage.formats.refit import Refit
    from enstorage.formats.skops import SkopsFormat

    if model.object_sha256 is None or model.object_format is None:
        raise NotFoundError(f"{model} has no object. Train it, or store one with save_object.")
    content = model.connector.objects.get(model.object_sha256)
    obj = load(model.object_format, content, allow_pickle=model.connector.allow_pickle)
    if not isinstance(obj, Refit):
        if model.object_format == SkopsFormat.name:
            bound_jobs(obj, most_jobs(model))
        return obj
    from enstorage.estimators.refitting import fit_again

    data = _fitted(model)
    estimator = fit_again(obj, data, model, most_jobs(model))
    _compare_with_forecasts(model, estimator, data)
    return estimator


def _compare_with_forecasts(model: "Model", estimator: Any, data: "Fitted") -> None:
    """Compare an estimator that was fitted again with all forecasts that are stored of it.

    Raises:
        CorruptError: it forecasts other values, or other targets.
    """
    import polars as pl

    from enstorage.entity.forecast import Forecast, point_forecasts
    from enstorage.estimators.fitting import estimator_output
    from enstorage.estimators.refitting import check_same

    data_set, parts = model.data_set(), data.parts
    for kept in Forecast.of(model):
        if kept.part not in PARTS or kept.object_sha256 != model.object_sha256:
            continue
        rows = np.flatnonzero(parts == Part.of(kept.part))
        output = estimator_output(estimator, data.X[rows], data.targets)
        ids, values = data_set.targets(rows)[0], data_set.invert(output.reshape(len(rows), *data.y.shape[1:]), rows)
        named = data_set.series(rows)
        series = model.research.project.source_ids()[0] if named is None else named
        stored = kept.table().filter(pl.col("quantile").is_null())
        both = stored.join(point_forecasts(series, ids, values), on=["id", "step", "series"], how="left")
        now = both["value_right"].fill_null(np.nan).to_numpy()
        check_same(
            now, both["value"].to_numpy(), f"{type(estimator).__name__} of {model}", f"source units, {kept.part}"
        )


def most_jobs(record: Any) -> int | None:
    """Number of processes allowed to the estimators of a record: one if imported, else the number of cores."""
    from enstorage.entity._origin import is_imported

    return 1 if is_imported(record) else None


def _fitted(model: "Model") -> "Fitted":
    from enstorage.estimators.refitting import Fitted

    data_set = model.data_set()
    _, X, y = data_set.arrays()
    return Fitted(data_set.sha256, X, np.asarray(y, np.float64), data_set.parts())
