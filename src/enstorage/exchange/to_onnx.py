"""Conversion of Keras models and estimators to ONNX, checked by comparing outputs."""

import contextlib
import io
import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import NotSupportedError
from enstorage.formats.onnx_session import first_line, open_session
from enstorage.writing import temporary_folder

_TOLERANCE = 1e-4
_SAMPLES = 20


def onnx_bytes(obj: Any, samples: NDArray[Any] | None) -> bytes:
    """A Keras model or a fitted estimator as ONNX.

    Keras converts by jax2onnx on the JAX backend, and by tf2onnx or Torch on theirs; estimators are converted by skl2onnx,
    in double precision where possible. The converted model is run by onnxruntime and its outputs are compared.

    Args:
        obj: the model.
        samples: samples of its data set for the comparison, shape (rows, …); None draws random ones.

    Raises:
        NotSupportedError: it cannot be converted, or the converted model gives other outputs.
        MissingLibraryError: a library for it is not installed.
    """
    try:
        import onnxruntime as _  # noqa: F401
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "Writing ONNX", extra="onnx") from error
    return _of_estimator(obj, samples) if hasattr(obj, "get_params") else _of_keras(obj, samples)


def _of_keras(obj: Any, samples: NDArray[Any] | None) -> bytes:
    if len(obj.inputs) != 1 or len(obj.outputs) != 1:
        raise NotSupportedError(
            f"The Keras model has {len(obj.inputs)} inputs and {len(obj.outputs)} outputs; expected one of each for ONNX."
        )
    shape = tuple(size or 1 for size in obj.input_shape[1:])
    X = _drawn(shape) if samples is None or samples.shape[1:] != shape else samples[:_SAMPLES]
    X = X.astype(obj.inputs[0].dtype)
    expected = np.asarray(obj(X, training=False))  # Keras converts only models that were called
    with temporary_folder() as folder, _quiet():
        path = folder / "model.onnx"
        try:
            obj.export(path, format="onnx", verbose=False)
            content = path.read_bytes()
        except ImportError as error:
            raise NotSupportedError(
                f"Keras needs another library to write ONNX. {first_line(error).split('. ')[0]}. Install it with: "
                'pip install "enstorage[onnx-keras]"'
            ) from error
        except Exception as error:
            raise NotSupportedError(f"Keras cannot write this model as ONNX: {first_line(error)}") from error
    _compare(content, X, expected)
    return content


def _of_estimator(obj: Any, samples: NDArray[Any] | None) -> bytes:
    try:
        import skl2onnx
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "Writing an estimator as ONNX", extra="onnx") from error
    width = getattr(obj, "n_features_in_", None)
    if width is None:
        raise NotSupportedError("The estimator has no number of features: it is not fitted.")
    rows = None if samples is None else samples.reshape(len(samples), -1)
    X = _drawn((width,)) if rows is None or rows.shape[1] != width else rows[:_SAMPLES]
    reason: Exception | None = None
    for kind, type in ((np.float64, DoubleTensorType), (np.float32, FloatTensorType)):
        try:
            with _quiet():
                model = skl2onnx.to_onnx(obj, initial_types=[("X", type([None, width]))], options=_options(obj))
            content: bytes = model.SerializeToString()
            given = X.astype(kind)
            _compare(content, given, obj.predict(given.astype(np.float64)))
            return content
        except Exception as error:  # noqa: BLE001 - a converter may fail in any way, and single precision may work
            reason = error
    assert reason is not None  # noqa: S101 - the loop has run
    raise NotSupportedError(f"skl2onnx cannot write this estimator as ONNX: {first_line(reason)}") from reason


def _options(obj: Any) -> dict[Any, Any] | None:
    """Options for a classifier: its probabilities as an array instead of dictionaries."""
    return {id(obj): {"zipmap": False}} if hasattr(obj, "classes_") else None


def _compare(content: bytes, X: NDArray[Any], expected: NDArray[Any]) -> None:
    """Refuse a converted model whose outputs differ from those of the object."""
    session = open_session(content)
    output = session.run(None, {session.get_inputs()[0].name: X})[0]
    given, wanted = np.asarray(output).reshape(len(X), -1), np.asarray(expected).reshape(len(X), -1)
    if wanted.dtype.kind in "fiub" and given.shape == wanted.shape:
        same = np.allclose(given, wanted, rtol=_TOLERANCE, atol=_TOLERANCE * max(1.0, float(np.abs(wanted).max())))
    else:
        same = np.array_equal(given.astype(str), wanted.astype(str))
    if not same:
        raise NotSupportedError("The converted model gives other values than the object, so it was not written.")


def _drawn(shape: tuple[int, ...]) -> NDArray[np.float64]:
    return np.random.default_rng(0).uniform(0.0, 1.0, (_SAMPLES, *shape))


@contextlib.contextmanager
def _quiet() -> Any:
    """Suppress the output, warnings and logs of a converter."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
