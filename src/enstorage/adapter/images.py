"""`Images`: pixels as numbers from 0 to 1, with a channel axis."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import ArrayAdapter
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size


@dataclass(frozen=True, slots=True)
class Images(ArrayAdapter):
    """Images as float32, shape (samples, height, width, channels), each pixel divided by `scale`.

    The pixels are kept as they are given: of one byte each, they take a quarter of the room of what models eat, and less
    when packed.

    Args:
        flatten: true if X is one row of numbers for each image, shape (samples, height · width · channels).
        classes: number of label classes: whole numbers from 0, of which y makes one-hot rows, float32, (samples,
            classes). None: y is the labels as they are.
        scale: divisor of the pixels; None: 255 for pixels of one byte (uint8), 1 for floats.
    """

    name: ClassVar[str] = "images"

    flatten: bool = False
    classes: int | None = None
    scale: float | None = None

    def __post_init__(self) -> None:
        if type(self.flatten) is not bool:
            raise InvalidInputError(f"The flatten of Images is True or False; received {self.flatten!r:.80}.")
        if self.classes is not None:
            check_size(self, "classes", 2)
        if self.scale is not None and (
            isinstance(self.scale, bool) or not isinstance(self.scale, int | float) or not 0 < self.scale < float("inf")
        ):
            raise InvalidInputError(f"The scale of Images is a number above 0; received {self.scale!r:.80}.")

    def encode(self, X: Any) -> NDArray[Any]:
        """The images as they are, shape (samples, height, width) or (samples, height, width, channels).

        Raises:
            InvalidInputError: these are no images, or of a kind for which a scale has to be given.
        """
        images = np.asarray(X)
        if images.ndim not in (3, 4) or images.dtype.kind not in "iuf":
            raise InvalidInputError(
                "Images have the shape (samples, height, width) or (samples, height, width, channels) and hold numbers; "
                f"received {images.shape} of {images.dtype}. Stack them in one array."
            )
        self._scale(images.dtype)
        return images

    def features(self, kept: NDArray[Any]) -> NDArray[np.float32]:
        """See `ArrayAdapter.features`."""
        scaled = kept.astype(np.float32)
        scaled /= np.float32(self._scale(kept.dtype))
        if self.flatten:
            return scaled.reshape(len(kept), math.prod(kept.shape[1:]))  # -1 cannot be found out for no image
        return scaled[..., np.newaxis] if kept.ndim == 3 else scaled

    def _scale(self, kind: np.dtype[Any]) -> float:
        if self.scale is not None:
            return self.scale
        if kind == np.uint8:
            return 255.0
        if kind.kind == "f":
            return 1.0
        raise InvalidInputError(
            f"What pixels of {kind} are divided by is not clear; expected uint8 or floats where no scale is given. Give "
            "scale, such as 65535 for uint16."
        )
