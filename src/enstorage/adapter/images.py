"""`Images`: pixels as numbers from 0 to 1, with a channel axis."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import ArrayAdapter
from enstorage.arrays.missing import unmasked
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size


@dataclass(frozen=True, slots=True)
class Images(ArrayAdapter):
    """Images as float32, shape (samples, height, width, channels), each pixel divided by `scale`.

    The pixels are stored as given: with one byte each they take a quarter of the space of the features, and less when
    compressed.

    Args:
        flatten: true if X is one row of numbers for each image, shape (samples, height · width · channels).
        classes: number of classes; labels are integers from 0, and y is one-hot, float32, (samples, classes). None: y is
            the labels.
        scale: divisor of the pixels; None: 255 for pixels of one byte (uint8), 1 for floats.
    """

    name: ClassVar[str] = "images"

    flatten: bool = False
    classes: int | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if type(self.flatten) is not bool:
            raise InvalidInputError(f"Images: flatten is {self.flatten!r:.80}; expected True or False.")
        if self.classes is not None:
            check_size(self, "classes", 2)
        if self.scale is not None and (
            isinstance(self.scale, bool) or not isinstance(self.scale, int | float) or not 0 < self.scale < float("inf")
        ):
            raise InvalidInputError(f"Images: scale is {self.scale!r:.80}; expected a number above 0.")

    def encode(self, X: Any) -> NDArray[Any]:
        """The images as they are, shape (samples, height, width) or (samples, height, width, channels).

        Raises:
            InvalidInputError: these are not images, or they are of a type that needs a scale.
        """
        images = unmasked(X)
        if images.ndim not in (3, 4) or images.dtype.kind not in "iuf":
            raise InvalidInputError(
                "Images must be numbers of shape (samples, height, width) or (samples, height, width, channels); "
                f"received {images.shape} of {images.dtype}. Stack them in one array."
            )
        self._scale(images.dtype)
        return images

    def features(self, kept: NDArray[Any]) -> NDArray[np.float32]:
        """See `ArrayAdapter.features`."""
        scaled = kept.astype(np.float32)
        scaled /= np.float32(self._scale(kept.dtype))
        if self.flatten:
            return scaled.reshape(len(kept), math.prod(kept.shape[1:]))  # -1 is not defined for no images
        return scaled[..., np.newaxis] if kept.ndim == 3 else scaled

    def _scale(self, kind: np.dtype[Any]) -> float:
        if self.scale is not None:
            return self.scale
        if kind == np.uint8:
            return 255.0
        if kind.kind == "f":
            return 1.0
        raise InvalidInputError(
            f"Pixels of type {kind} have no default scale; expected uint8 or floats where no scale is given. Give scale, "
            "such as 65535 for uint16."
        )
