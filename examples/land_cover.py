"""Classes of land from satellite bands, by a network on patches of 3 × 3 pixels: its confusion matrix and its map.

The truth is the scene classification of Sen2Cor, which is itself made from the bands of the scene; so the figures tell how
well a network repeats a known classification on blocks that it did not see, not how well either knows the ground.

    python examples/land_cover.py --data FOLDER --output land-cover.png

FOLDER has the bands of one tile of Sentinel-2 with its STAC item, such as B02.tif, B03.tif, …, SCL.tif.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import entrainer
from enspatial import Grid, Patches, class_map, confusion_matrix, keep_scene, open_cube, scenes_in, split_blocks
from enspatial.bands import CLASSES
from enspatial.raster.preview import png
from enstorage import Connector
from entrainer.networks import CNN, Convolution, Dense
from running import research, trained

BANDS = ("blue", "green", "red", "nir", "swir16", "swir22")
RADIUS, BLOCK, MOST = 1, 40, 6_000


def land_cover(folder: Path, output: Path, *, epochs: int = 10, seed: int = 0) -> tuple[list[str], NDArray[np.int64]]:
    """Train on blocks of a tile, and forecast the classes of others.

    Returns:
        The names of the classes, and the confusion matrix of the test blocks: true classes are rows.
    """
    (found,) = scenes_in(folder, bands=(*BANDS, "scl"))
    scene = keep_scene(found).scene
    cube = open_cube([scene], bands=BANDS, mask=False)
    classes = open_cube([scene], bands=("scl",), grid=Grid.from_json(cube.attrs["grid"]))["scl"].to_numpy()[0]
    parts = split_blocks(Grid.from_json(cube.attrs["grid"]), BLOCK, seed=seed).with_gap(RADIUS)
    in_all = [
        number
        for number in CLASSES
        if number and all(((classes == number) & (parts.part == part)).sum() >= 50 for part in range(3))
    ]
    labels = np.full(classes.shape, -1, dtype=np.int64)
    random = np.random.default_rng(seed)
    for place, number in enumerate(in_all):
        rows = np.flatnonzero(classes == number)  # rare classes as often as frequent ones, as far as there are so many
        labels.flat[random.permutation(rows)[:MOST]] = place
    data_set = Patches(RADIUS, len(in_all)).data_set(cube, labels, parts, name="Land cover")
    network = CNN((Convolution(32), Dense(32)))
    training = entrainer.Training(epochs=epochs, batch_size=200, loss="categorical_crossentropy", optimizer="adam")
    (model,) = trained(research("Land cover", "Patches"), network, data_set, training, range(1))
    ids, _, y = data_set.arrays("test")
    forecast = model.forecasts("test").sort("id", "step")["value"].to_numpy().reshape(len(ids), -1)
    order = np.argsort(ids)
    guessed = np.empty(len(ids), dtype=np.int64)
    guessed[order] = forecast.argmax(axis=1)
    colours = np.array(
        [[230, 230, 230], *(np.random.default_rng(1).integers(30, 220, (len(in_all), 3)))], dtype=np.uint8
    )
    output.write_bytes(png(np.moveaxis(colours[class_map(data_set, guessed, "test") + 1], -1, 0)))
    return [CLASSES[number] for number in in_all], confusion_matrix(y.argmax(axis=1), guessed, len(in_all))


def main() -> None:
    """Print the confusion matrix."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("land-cover.png"))
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, Connector.in_folder(Path(place) / "store"):
        names, matrix = land_cover(options.data, options.output, epochs=options.epochs)
    width = max(map(len, names))
    print(f"{'true class':>{width}}  " + "  ".join(f"{name:>{width}}" for name in names))
    for name, row in zip(names, matrix, strict=True):
        print(f"{name:>{width}}  " + "  ".join(f"{count:>{width}}" for count in row))
    print(f"{np.trace(matrix) / matrix.sum():.1%} of {matrix.sum()} test pixels are right. Map: {options.output}")


if __name__ == "__main__":
    main()
