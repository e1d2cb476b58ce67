"""Classification of handwritten digits by a small convolutional network.

Source: the textbook of networks: error about 1.11 % after ten epochs of Adam, batch 200.
"""

from digits import ADAM, digit_rows, errors, row
from entrainer.networks import CNN, Convolution, Dense, Dropout, Pooling
from rows import Row
from running import Options, run

NETWORK = CNN((Convolution(32, 5), Pooling(2), Dropout(0.2), Dense(128)))


def mnist_cnn(options: Options) -> list[Row]:
    """One convolution of 32 kernels, and a dense layer."""
    return [row("CNN", 1.11, *errors("CNN", NETWORK, digit_rows(options), ADAM, options, seeds=5))]


if __name__ == "__main__":
    run(mnist_cnn)
