"""ONNX models: networks and estimators of any library, as data alone."""

from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import plugins
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.formats.base import Format
from enstorage.formats.onnx_process import PROCESS, Ends

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


# So many samples are computed within the limit of time.
_AT_ONCE = 1024


@dataclass(frozen=True)
class OnnxModel:
    """A model as ONNX, made by any library: kept by `Model.save_object`, a member of ensembles as any estimator.

    It runs in a process of its own, with limits of time and memory (settings `max_onnx_seconds`, `max_onnx_bytes`), since
    a model may loop for ever or ask for any memory.

    Attributes:
        content: the bytes of the `.onnx` file, with the weights inside.

    Raises:
        InvalidInputError: the bytes are no ONNX model, weights lie in other files, or it has not one input and one output
            that are arrays of numbers.
        MissingLibraryError: onnx or onnxruntime is not installed.
    """

    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for what, ends in (("input", self._ends.inputs), ("output", self._ends.outputs)):
            kinds = ", ".join(f"{end.name} {end.type}" for end in ends)
            if len(ends) != 1 or ends[0].type not in _TYPES:
                raise InvalidInputError(
                    f"The ONNX model has {len(ends)} {what}s ({kinds}); expected one {what} that is an array of numbers. "
                    f"Export it again with the one {what} that forecasts need; onnx.utils.extract_model cuts it out."
                )

    @cached_property
    def _ends(self) -> Ends:
        for library in ("onnx", "onnxruntime"):
            try:
                import_module(library)
            except ModuleNotFoundError as error:
                raise plugins.missing(error, "An ONNX model", extra="onnx") from error
        try:
            return PROCESS.open(self.content)
        except InvalidInputError as error:
            raise InvalidInputError(f"The ONNX model cannot be run by onnxruntime: {error}") from error

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Shape of the input, rows first; None where any length will do."""
        return tuple(size if isinstance(size, int) else None for size in self._ends.inputs[0].shape)

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
        if not len(rows):
            return self._run(np.zeros((1, *rows.shape[1:]), rows.dtype))[:0]
        at_once = _AT_ONCE if self.shape[0] is None else 1
        return np.concatenate([self._run(rows[begin : begin + at_once]) for begin in range(0, len(rows), at_once)])

    def _run(self, rows: NDArray[Any]) -> NDArray[Any]:
        try:
            output = PROCESS.run(self.content, rows)
        except InvalidInputError as error:
            raise InvalidInputError(f"The ONNX model fails for samples of shape {rows.shape}: {error}") from error
        if output.shape[:1] != rows.shape[:1]:
            raise InvalidInputError(
                f"The ONNX model gives an output of shape {output.shape} for {len(rows)} samples; expected one row for each."
            )
        return output

    def _fitted(self, X: NDArray[Any]) -> NDArray[Any]:
        """The samples in the shape and the type of the input."""
        end, shape = self._ends.inputs[0], self.shape
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
