"""Classification of handwritten digits by a larger convolutional network.

Source: the textbook of networks: error about 0.89 % after ten epochs of Adam, batch 200.
"""

from digits import ADAM, digit_rows, errors, row
from entrainer.networks import CNN, Convolution, Dense, Dropout, Pooling
from rows import Row
from running import Options, run

NETWORK = CNN(
    (Convolution(30, 5), Pooling(2), Convolution(15, 3), Pooling(2), Dropout(0.2), Dense(128), Dense(50)),
)


def mnist_large_cnn(options: Options) -> list[Row]:
    """Two convolutions, and two dense layers."""
    return [row("Large CNN", 0.89, *errors("Large CNN", NETWORK, digit_rows(options), ADAM, options, seeds=5))]


if __name__ == "__main__":
    run(mnist_large_cnn)
