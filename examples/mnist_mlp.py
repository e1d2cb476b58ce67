"""Classification of handwritten digits by a multilayer perceptron of 784 hidden units.

Source: the textbook of networks: error about 1.86 % after ten epochs of Adam, batch 200.
"""

from digits import ADAM, digit_rows, errors, row
from entrainer.networks import MLP
from rows import Row
from running import Options, run

NETWORK = MLP((784,), dropout=0.0, initializer="normal(0.05)")


def mnist_mlp(options: Options) -> list[Row]:
    """Each image is a row of 784 pixels."""
    digits = digit_rows(options, flatten=True)
    return [row("Perceptron 784–784–10", 1.86, *errors("Perceptron", NETWORK, digits, ADAM, options, seeds=5))]


if __name__ == "__main__":
    run(mnist_mlp)
