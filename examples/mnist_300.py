"""Classification of handwritten digits by a network of three layers: 784–300–10.

Source: the textbook of networks, with TensorFlow: about 97.9 % of the test images are right after ten epochs of gradient
descent with a learning rate of 0.5, batch 100. The loss is the cross-entropy of each output and of its complement. 5,000 of
the 60,000 train images are set aside, and the accuracy is computed after each epoch.
"""

from digits import digit_rows, errors
from entrainer import Training
from entrainer.networks import MLP
from rows import Row
from running import Options, run

NETWORK = MLP((300,), dropout=0.0, initializer="normal(0.03)", bias_initializer="normal(1)")
TRAINING = Training(
    batch_size=100, loss="two_sided_crossentropy", optimizer="sgd", learning_rate=0.5, metrics=("accuracy",)
)


def mnist_300(options: Options) -> list[Row]:
    """Weights begin normal with a deviation of 0.03, biases with one of 1."""
    digits = digit_rows(options, valid=options.pick(5_000, 200), flatten=True)
    wrong, less = errors("Perceptron 784–300–10", NETWORK, digits, TRAINING, options, seeds=5)
    right = [100 - each for each in wrong]
    return [Row("Perceptron 784–300–10 on MNIST", "test images that are right, %", 97.9, right, "higher", less=less)]


if __name__ == "__main__":
    run(mnist_300)
