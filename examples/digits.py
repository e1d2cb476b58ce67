"""Common code of the examples on handwritten digits: read the digits, train a network on them and compute its error."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from enstorage.adapter import Images
from entrainer import Training
from entrainer.networks.specification import NetworkSpec
from rows import Row
from running import Options, percent_right, research, shorter, step, trained

EPOCHS, TRAIN, TEST, CLASSES = 10, 60_000, 10_000, 10
SHORT_TRAIN, SHORT_TEST = 1_000, 200

ADAM = Training(batch_size=200, loss="categorical_crossentropy", optimizer="adam")
"""The training of all networks of the source except one."""


def digit_rows(options: Options, *, valid: int = 0, flatten: bool = False) -> DataSet:
    """The digits as a data set in their original order: train, then test.

    Args:
        options: the path of the data, and whether all digits are used.
        valid: the number of last train rows that are set aside; they are not used.
        flatten: whether the network takes rows of pixels.
    """
    train, test = options.pick(TRAIN, SHORT_TRAIN), options.pick(TEST, SHORT_TEST)
    with step("Reading and keeping the digits"):
        train_images, train_digits, test_images, test_digits = _read(options.local("mnist/mnist.npz"))
        images = np.concatenate([train_images[:train], test_images[:test]])
        digits = np.concatenate([train_digits[:train], test_digits[:test]])
        part = np.repeat(["train", "valid", "test"], [train - valid, valid, test])
        adapter = Images(flatten=flatten, classes=CLASSES)
        return DataSet.from_arrays(range(train + test), images, digits, part, "Digits", adapter=adapter)


def errors(
    name: str, network: NetworkSpec, digits: DataSet, training: Training, options: Options, seeds: int
) -> tuple[list[float], str]:
    """Train networks on the digits.

    Returns:
        The percentage of wrong test rows of each network; and in what the run was shorter than that of the source.
    """
    training = replace(training, epochs=options.epochs_of(EPOCHS, 1))
    models = trained(research("Handwritten digits", name), network, digits, training, options.range_of_seeds(seeds))
    less = shorter(epochs=(training.epochs, EPOCHS), rows=(digits.rows, TRAIN + TEST))
    return [100 - right for right in percent_right(models, digits)], less


def row(name: str, source: float, wrong: list[float], less: str) -> Row:
    """The row of a network whose source states its error."""
    return Row(f"{name} on MNIST", "test error, %", source, wrong, "lower", less=less)


def _read(path: Path | None) -> tuple[NDArray[np.uint8], ...]:
    """Train images, train digits, test images and test digits."""
    if path is None:
        from keras.datasets import mnist

        train, test = mnist.load_data()
        return (*train, *test)
    with np.load(path) as file:
        return tuple(file[name] for name in ("x_train", "y_train", "x_test", "y_test"))
