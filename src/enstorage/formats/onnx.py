"""ONNX models: networks and estimators of any library, as data alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.formats.base import Format

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(int16)": np.int16,
    "tensor(int8)": np.int8,
    "tensor(uint8)": np.uint8,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True)
class OnnxModel:
    """A model as ONNX, made by any library: kept by `Model.save_object`, a member of ensembles as any estimator.

    Attributes:
        content: the bytes of the `.onnx` file, with the weights inside.

    Raises:
        InvalidInputError: the bytes are no ONNX model, weights lie in other files, or it has not one input and one output
            that are arrays of numbers.
        MissingLibraryError: onnx or onnxruntime is not installed.
    """

    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        _refuse_weights_elsewhere(self.content)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        for what, ends in (("input", inputs), ("output", outputs)):
            kinds = ", ".join(f"{end.name} {end.type}" for end in ends)
            if len(ends) != 1 or ends[0].type not in _TYPES:
                raise InvalidInputError(
                    f"The ONNX model has {len(ends)} {what}s ({kinds}); expected one {what} that is an array of numbers. "
                    f"Export it again with the one {what} that forecasts need; onnx.utils.extract_model cuts it out."
                )

    @cached_property
    def _session(self) -> Any:
        try:
            return open_session(self.content)
        except ModuleNotFoundError as error:
            raise plugins.missing(error, "An ONNX model", extra="onnx") from error
        except Exception as error:
            raise InvalidInputError(f"The ONNX model cannot be run by onnxruntime: {first_line(error)}") from error

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape of the input, rows first; None where any length will do."""
        return tuple(size if isinstance(size, int) else None for size in self._session.get_inputs()[0].shape)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        """The output for samples, computed by onnxruntime on the CPU.

        Args:
            X: shape (rows, …); numbers of any type that become those of the input without loss of integers. Samples
                of one axis are given to an input with axes of length 1 besides, and samples of several axes are laid out
                as one row for an input of one axis, as for an estimator.

        Returns:
            Shape (rows, …).

        Raises:
            InvalidInputError: X does not fit the input, or the output has not one row for each sample.
        """
        rows = self._fitted(np.asarray(X))
        if self.shape[0] is None:
            return self._run(rows)
        if not len(rows):
            return self._run(np.zeros((1, *rows.shape[1:]), rows.dtype))[:0]
        return np.concatenate([self._run(row[None]) for row in rows])

    def _run(self, rows: NDArray[Any]) -> NDArray[Any]:
        given, output_of = self._session.get_inputs()[0], self._session.get_outputs()[0]
        try:
            output: NDArray[Any] = np.asarray(self._session.run([output_of.name], {given.name: rows})[0])
        except Exception as error:
            raise InvalidInputError(
                f"The ONNX model fails for samples of shape {rows.shape}: {first_line(error)}"
            ) from error
        if output.shape[:1] != rows.shape[:1]:
            raise InvalidInputError(
                f"The ONNX model gives an output of shape {output.shape} for {len(rows)} samples; expected one row for each."
            )
        return output

    def _fitted(self, X: NDArray[Any]) -> NDArray[Any]:
        """The samples in the shape and the type of the input."""
        end, shape = self._session.get_inputs()[0], self.shape
        if X.dtype.kind not in "fiub":
            raise InvalidInputError(f"X is an array of {X.dtype}; expected numbers.")
        if shape and shape[0] not in (None, 1):
            raise InvalidInputError(
                f"The ONNX model takes {shape[0]} samples at once, neither more nor fewer. Export it with an input whose "
                "first axis has any length."
            )
        sizes = shape[1:]
        fits = X.ndim == len(shape) and all(want in (None, size) for want, size in zip(sizes, X.shape[1:], strict=True))
        if not fits and X.ndim > 1 and sizes and _is_one_row(X.shape[1:], sizes):
            X, fits = X.reshape(len(X), *(size for size in sizes if size is not None)), True
        if not fits:
            wanted = ", ".join("rows" if not place else str(size or "any") for place, size in enumerate(shape))
            raise InvalidInputError(
                f"The ONNX model takes samples of shape ({wanted}); X has shape {X.shape}. Use a data set with the lag that "
                "the model was made for."
            )
        kind = np.dtype(_TYPES[end.type])
        cast = X.astype(kind)
        if kind.kind in "iub" and not np.array_equal(cast, X):
            raise InvalidInputError(
                f"The ONNX model takes numbers of type {kind}; X has values that are none, such as "
                f"{X[cast != X].ravel()[0]!r}. Use a data set of integers, such as one of Sequences or Bins."
            )
        return np.ascontiguousarray(cast)


def _is_one_row(given: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """True where one shape is a plain row of numbers, and both have equally many."""
    if None in wanted or np.prod(given) != np.prod([size or 0 for size in wanted]):
        return False
    return sum(size != 1 for size in given) <= 1 or sum(size != 1 for size in wanted) <= 1


def _refuse_weights_elsewhere(content: bytes) -> None:
    """Refuse what is no ONNX model, or would read other files when it is opened."""
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise plugins.missing(error, "An ONNX model", extra="onnx") from error
    try:
        model = onnx.load_model_from_string(content)
        elsewhere = [tensor.name for tensor in _tensors(model) if onnx.external_data_helper.uses_external_data(tensor)]
        if not elsewhere:
            onnx.checker.check_model(content)
    except Exception as error:
        raise InvalidInputError(f"The bytes are no whole ONNX model: {first_line(error)}") from error
    if elsewhere:
        raise InvalidInputError(
            f"The weights {elsewhere[0]!r} of the ONNX model lie in another file; expected one file with everything. Write "
            "it with onnx.save_model(onnx.load(path), path)."
        )


def _tensors(message: Any) -> Iterator[Any]:
    """Every tensor of a model, wherever it stands: in graphs, attributes, functions."""
    if message.DESCRIPTOR.name == "TensorProto":
        yield message
        return
    for descriptor, value in message.ListFields():
        if descriptor.message_type is not None:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _tensors(each)


def open_session(content: bytes) -> Any:
    """The bytes of an ONNX model, ready to be run on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def first_line(error: Exception) -> str:
    """The first line of an error message of a library."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class OnnxFormat(Format):
    """An ONNX model, as it is. ONNX is data: operators of onnxruntime with their weights."""

    name = "onnx"

    @staticmethod
    def takes(obj: Any) -> bool:
        """True for an `OnnxModel`."""
        return isinstance(obj, OnnxModel)

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:  # noqa: ARG004 - never needed
        """See `Format.dump`."""
        content: bytes = obj.content
        return content

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:  # noqa: ARG004 - never needed
        """See `Format.load`."""
        try:
            return OnnxModel(content)
        except InvalidInputError as error:
            raise CorruptError(f"The stored ONNX model cannot be opened: {error}") from error
