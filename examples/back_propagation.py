"""XOR by a multilayer perceptron that learns by back-propagation, one sample after the other.

Source: the textbook of networks, training of a multilayer perceptron: it goes on until the summed squared error E is at most
E_m.
"""

import numpy as np

from enstorage import DataSet
from entrainer import Training
from entrainer.networks import Estimator
from rows import Row
from running import Options, research, run, trained

LIMIT = 0.01
TABLE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
PERCEPTRON = Estimator(
    "BackPropagation",
    {
        "hidden": [8],
        "activation": "tanh",
        "last_activation": "sigmoid",
        "learning_rate": 0.5,
        "error_limit": LIMIT,
        "max_epochs": 20_000,
    },
)


def back_propagation(options: Options) -> list[Row]:
    """What a single layer cannot learn, eight hidden units can."""
    rows = DataSet.from_arrays(range(4), TABLE, XOR, ["train"] * 4, "XOR")
    models = trained(research("XOR", "Back-propagation"), PERCEPTRON, rows, Training(), options.range_of_seeds(10))
    errors = [float(((model.forecasts()["value"].to_numpy() - XOR) ** 2).sum()) for model in models]
    return [
        Row(
            "Multilayer perceptron by online back-propagation: XOR",
            "E at the end",
            LIMIT,
            errors,
            "lower",
            always=True,
            source_says=f"E ≤ E_m = {LIMIT}",
        )
    ]


if __name__ == "__main__":
    run(back_propagation)
