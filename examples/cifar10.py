"""Classification of small pictures into ten classes by a deep convolutional network.

Source: the textbook of networks, which takes it from the examples of Keras: 1,250,858 parameters, RMSprop with a learning
rate of 1e-4 and a decay of 1e-6, batch 32, 100 epochs. It states no accuracy.
"""

import io
import tarfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from enstorage.adapter import Images
from entrainer import Schedule, Training
from entrainer.networks import CNN, Convolution, Dense, Dropout, Pooling
from rows import Row
from running import Options, percent_right, research, run, shorter, step, trained

EPOCHS, PICTURES = 100, 60_000
KINDS = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
NETWORK = CNN(
    (
        *(Convolution(32, padding="same"), Convolution(32), Pooling(2), Dropout(0.25)),
        *(Convolution(64, padding="same"), Convolution(64), Pooling(2), Dropout(0.25)),
        *(Dense(512), Dropout(0.5)),
    )
)


def cifar10(options: Options) -> list[Row]:
    """The number of parameters is the source's; the accuracy is ours, after few epochs."""
    path = options.local("cifar10/cifar10_jpeg_q75.tar.xz")
    train, test = options.pick(50_000, 200), options.pick(10_000, 50)
    with step("Reading and keeping the pictures"):
        pictures, kinds = _read(path, train, test)
        part = ["train"] * train + ["test"] * test
        adapter = Images(classes=len(KINDS))
        data_set = DataSet.from_arrays(range(train + test), pictures, kinds, part, "Pictures", adapter=adapter)
    training = Training(
        epochs=options.epochs_of(2, 1),
        batch_size=32,
        loss="categorical_crossentropy",
        optimizer="rmsprop",
        learning_rate=1e-4,
        schedule=Schedule("time", rate=1e-6),
    )
    models = trained(research("Pictures", "Deep CNN"), NETWORK, data_set, training, options.range_of_seeds(2))
    less = shorter(epochs=(training.epochs, EPOCHS), pictures=(train + test, PICTURES))
    name = "CNN on CIFAR-10" if path is None else "CNN on a lossy copy of CIFAR-10"
    parameters = [models[0].load_object().count_params()]
    return [
        Row("CNN on CIFAR-10", "parameters", 1_250_858, parameters, always=True),
        Row(name, "test pictures that are right, %", None, percent_right(models, data_set), "higher", less=less),
    ]


def _read(path: Path | None, train: int, test: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The first `train` train pictures, then the first `test` test pictures, (pictures, 32, 32, 3), and their classes."""
    if path is None:
        from keras.datasets import cifar10 as given

        (to_train, kinds_train), (to_test, kinds_test) = given.load_data()
    else:
        parts = _unpacked(path, {"train": train // len(KINDS), "test": test // len(KINDS)})
        (to_train, kinds_train), (to_test, kinds_test) = parts["train"], parts["test"]
    kinds = np.concatenate([kinds_train[:train], kinds_test[:test]]).ravel()
    return np.concatenate([to_train[:train], to_test[:test]]), kinds


def _unpacked(path: Path, each: dict[str, int]) -> dict[str, tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """The first pictures of each class in an archive of `train/KIND/NUMBER.jpg` and `test/KIND/NUMBER.jpg`."""
    from PIL import Image

    found: dict[str, tuple[list[NDArray[np.uint8]], list[int]]] = {part: ([], []) for part in each}
    with tarfile.open(path) as archive:
        for member in archive:
            *_, part, kind, _ = member.name.split("/")
            pictures, kinds = found[part]
            number = KINDS.index(kind)
            file = archive.extractfile(member)
            if file is not None and kinds.count(number) < each[part]:
                pictures.append(np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB")))
                kinds.append(number)
    return {part: (np.stack(pictures), np.array(kinds)) for part, (pictures, kinds) in found.items()}


if __name__ == "__main__":
    run(cifar10)
