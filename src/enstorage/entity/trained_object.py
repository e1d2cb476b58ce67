"""The trained object of a model: stored as data, or fitted again on each load."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, UntrustedError

if TYPE_CHECKING:
    from enstorage.entity.model import Model
    from enstorage.estimators.refitting import Fitted


def keep_object(model: "Model", obj: Any, weight: NDArray[np.float64] | None = None, *, check: bool = True) -> None:
    """Store an object; or, if no format stores an estimator as data, the description from which it is fitted again.

    Args:
        model: a stored model.
        obj: the trained object.
        weight: weight of each train row in the fit of an estimator, shape (train rows,); None for 1.
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
            f"No format stores a {type(obj).__name__} as data, so it would be fitted again on each load, and that is not "
            f"possible: {error} Set the data set on whose train rows it was fitted before you store it, and a random_state "
            "if it has one; or make the model with research.create_model(name, estimator) and call entrainer.fit; or store "
            "its forecasts with save_forecasts; or, if you alone write to this store, open it with "
            "Connector(allow_pickle=True)."
        ) from error
    return refit


def load_object(model: "Model") -> Any:
    """See `Model.load_object`."""
    from enstorage.formats.base import load
    from enstorage.formats.refit import Refit

    if model.object_sha256 is None or model.object_format is None:
        raise NotFoundError(f"{model} has no object. Train it, or store one with save_object.")
    content = model.connector.objects.get(model.object_sha256)
    obj = load(model.object_format, content, allow_pickle=model.connector.allow_pickle)
    if not isinstance(obj, Refit):
        return obj
    from enstorage.estimators.refitting import fit_again

    return fit_again(obj, _fitted(model), model, most_jobs(model))


def most_jobs(record: Any) -> int | None:
    """Number of processes allowed to the estimators of a record: one if imported, else the number of cores."""
    from enstorage.entity._origin import is_imported

    return 1 if is_imported(record) else None


def _fitted(model: "Model") -> "Fitted":
    from enstorage.estimators.refitting import Fitted

    data_set = model.data_set()
    _, X, y = data_set.arrays()
    return Fitted(data_set.sha256, X, np.asarray(y, np.float64), data_set.parts() == 0)
