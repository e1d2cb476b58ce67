"""XOR by a multilayer perceptron that is trained by back-propagation, one sample after the other.

Source: the textbook of networks, training of a multilayer perceptron: it continues until the summed squared error E is
at most E_m.
"""

from entrainer.networks import Estimator
from rows import Row
from running import Options, run
from truth_tables import XOR, stop_rule

PERCEPTRON = Estimator(
    "BackPropagation",
    {
        "hidden": [8],
        "activation": "tanh",
        "last_activation": "sigmoid",
        "learning_rate": 0.5,
        "error_limit": 0.01,
        "max_epochs": 20_000,
    },
)


def back_propagation(options: Options) -> list[Row]:
    """What a single layer cannot learn, eight hidden units can."""
    work = "Multilayer perceptron by online back-propagation"
    return stop_rule(work, "XOR", XOR, "Back-propagation", PERCEPTRON, options)


if __name__ == "__main__":
    run(back_propagation)
