"""A multilayer perceptron for ten classes of random samples: 20 → 64 → 64 → 10, with dropout.

Source: the textbook of networks, which takes it from the guide to Keras. Samples and classes are drawn at random, so there
is nothing to learn: a random guess is right in one of ten cases.
"""

import numpy as np

from enstorage import DataSet
from entrainer import Schedule, Training
from entrainer.networks import MLP
from rows import Row
from running import Options, percent_right, research, run, shorter, trained

TRAIN, TEST, CLASSES = 1_000, 1_000, 10


def classes_mlp(options: Options) -> list[Row]:
    """On test rows it is about as right as chance. All seeds see the same rows, so the spread is that of the training."""
    random = np.random.default_rng(0)
    X = random.random((TRAIN + TEST, 20))
    y = np.eye(CLASSES)[random.integers(CLASSES, size=TRAIN + TEST)]
    part = ["train"] * TRAIN + ["test"] * TEST
    samples = DataSet.from_arrays(range(TRAIN + TEST), X, y, part, "Random classes")
    training = Training(
        epochs=options.epochs_of(20, 20),
        batch_size=128,
        loss="categorical_crossentropy",
        optimizer="sgd",
        optimizer_options={"momentum": 0.9, "nesterov": True},
        learning_rate=0.01,
        schedule=Schedule("time", rate=1e-6),
    )
    network = MLP((64, 64), dropout=0.5)
    models = trained(research("Random classes", "Perceptron"), network, samples, training, options.range_of_seeds(10))
    return [
        Row(
            "Perceptron 20–64–64–10 on random classes",
            "test rows that are right, %",
            None,
            percent_right(models, samples),
            less=shorter(epochs=(training.epochs, 20)),
            beside=f"chance: {100 / CLASSES:.1f}",
        )
    ]


if __name__ == "__main__":
    run(classes_mlp)
