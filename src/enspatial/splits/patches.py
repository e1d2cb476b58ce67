"""`Patches`: image patches around pixels as a data set for networks, with parts that share no pixel."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enspatial.cubes.grid import Grid
from enspatial.splits.blocks import SpatialParts
from enstorage import Connector, DataSet
from enstorage.adapter import Images
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, slots=True)
class Patches:
    """Square patches of a cube, one around each labelled pixel.

    Attributes:
        radius: pixels on each side of the centre: a patch has 2 · radius + 1 rows and columns. 0: the pixel alone.
        classes: number of classes; labels are integers from 0.
    """

    radius: int
    classes: int

    def __post_init__(self) -> None:
        for field, least in (("radius", 0), ("classes", 2)):
            value = getattr(self, field)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise InvalidInputError(
                    f"Patches: {field} is {value!r:.40}; expected an integer from {least} on. Correct it.", field=field
                )

    def data_set(
        self,
        cube: "xr.Dataset",
        labels: NDArray[Any],
        parts: SpatialParts,
        *,
        name: str,
        leaks: str = "refuse",
        flatten: bool = False,
        connector: Connector | None = None,
    ) -> DataSet:
        """Make a data set of the patches that were measured whole.

        Args:
            cube: as `open_cube` gives it; its variables and times are the channels.
            labels: class of each pixel, shape (rows, columns); below 0 for pixels without one.
            parts: see `split_blocks`.
            name: of the data set.
            leaks: of patches that share a pixel with a patch of another part: `refuse` them, or `mark` the set, which
                then has the tag `leaks` with their number.
            flatten: whether X is one row of numbers for each patch.
            connector: the store; the current one by default.

        Returns:
            A set with id = row · columns + column of the centre, and the tag `spatial` with grid, radius and `leaks`.

        Raises:
            InvalidInputError: parts share a pixel, the shapes differ, or no patch was measured whole.
        """
        if leaks not in ("refuse", "mark"):
            raise InvalidInputError(f"leaks is {leaks!r:.40}; expected refuse or mark. Choose one.", field="leaks")
        channels = _channels(cube)
        if labels.shape != channels.shape[:2] or parts.part.shape != labels.shape:
            raise InvalidInputError(
                f"The cube has {channels.shape[:2]} pixels, the labels {labels.shape}, the parts {parts.part.shape}; "
                "expected one "
                "shape. Make all of them on one grid.",
                field="labels",
            )
        r = self.radius
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(channels, ((r, r), (r, r), (0, 0)), constant_values=np.nan), (2 * r + 1, 2 * r + 1), axis=(0, 1)
        )
        whole = np.isfinite(windows).all(axis=(2, 3, 4)) & (labels >= 0) & (parts.part >= 0)
        used = SpatialParts(parts.block, np.where(whole, parts.part, -1).astype(np.int8))
        shared = int(used.leaks(r).sum())
        if shared and leaks == "refuse":
            raise InvalidInputError(
                f"{shared} of {int(whole.sum())} patches share a pixel with a patch of another part; expected none, "
                "since the test "
                "would be on what was trained on. Leave a gap, parts.with_gap(radius), or mark the set as leaking.",
                field="parts",
            )
        rows, columns = np.nonzero(whole)
        if not len(rows):
            raise InvalidInputError(
                "No patch was measured whole. Take scenes with fewer clouds, or a smaller radius.", field="radius"
            )
        made = DataSet.from_arrays(
            rows * labels.shape[1] + columns,
            np.moveaxis(windows[rows, columns], 1, -1).astype(np.float32),
            labels[rows, columns].astype(np.int64),
            np.array(PARTS)[used.part[rows, columns]],
            name,
            adapter=Images(flatten=flatten, classes=self.classes, scale=1.0),
            connector=connector,
        )
        made.tags["spatial"] = {"grid": dict(cube.attrs["grid"]), "radius": r, "leaks": shared}
        return made.save()


def block_groups(data_set: DataSet, size: int) -> NDArray[np.int64]:
    """The square block of each patch of a set, as `groups` of `entrainer.backtest`: those of two blocks share no pixel.

    Args:
        data_set: of `Patches.data_set`.
        size: rows and columns of a block.

    Returns:
        Number of the block of each row of the set, in its order; -1 for patches that reach beyond their block.

    Raises:
        InvalidInputError: the set has no grid, or no patch fits into a block.
    """
    grid, radius = _grid_and_radius(data_set)
    if isinstance(size, bool) or not isinstance(size, int) or size < 2 * radius + 1:
        raise InvalidInputError(
            f"size is {size!r:.40}; expected a number of pixels from {2 * radius + 1} on, the width of a patch. Correct it.",
            field="size",
        )
    row, column = np.divmod(data_set.ids(), grid.columns)
    within = [(place % size >= radius) & (place % size < size - radius) for place in (row, column)]
    block = row // size * -(-grid.columns // size) + column // size
    return np.where(np.logical_and(*within), block, -1)


def class_map(data_set: DataSet, classes: NDArray[np.int64], part: str | None = None) -> NDArray[np.int64]:
    """Classes of the patches of a set back on their grid, shape (rows, columns); -1 for other pixels.

    Args:
        data_set: of `Patches.data_set`.
        classes: of each row of the set, in its order.
        part: rows of this part alone.

    Raises:
        InvalidInputError: the set has no grid, or another number of rows.
    """
    grid, _ = _grid_and_radius(data_set)
    ids, _, _ = data_set.arrays(part)
    if len(ids) != len(classes):
        raise InvalidInputError(
            f"{data_set} has {len(ids)} rows; received {len(classes)} classes. Give one for each row."
        )
    found = np.full(grid.rows * grid.columns, -1, dtype=np.int64)
    found[ids] = classes
    return found.reshape(grid.rows, grid.columns)


def _grid_and_radius(data_set: DataSet) -> tuple[Grid, int]:
    known = data_set.tags.get("spatial")
    if not isinstance(known, dict):
        raise InvalidInputError(f"{data_set} has no grid; expected one that `Patches` made. Give another set.")
    return Grid.from_json(known["grid"]), int(known["radius"])


def confusion_matrix(truth: NDArray[np.int64], forecast: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """Number of samples by true class (rows) and forecast class (columns)."""
    found = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(found, (truth, forecast), 1)
    return found


def _channels(cube: "xr.Dataset") -> NDArray[np.float32]:
    """The values with a channel for each variable and time, shape (rows, columns, channels)."""
    layers = [cube[name].transpose("time", "y", "x").to_numpy() for name in cube.data_vars]
    return np.moveaxis(np.concatenate(layers), 0, -1)
