"""XOR by three threshold units whose weights were written down.

Source: the textbook of networks, neurons with a weight matrix and threshold activation: the network gives the truth table.
"""

import numpy as np

from enstorage import DataSet
from entrainer import Training
from entrainer.networks import Estimator
from rows import Row
from running import Options, research, run, trained

TABLE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
UNITS = Estimator("ThresholdNetwork", {"weights": [[[-1, -1], [-1, -1]], [[1], [-1]]], "biases": [[1.5, 0.5], [-0.5]]})


def xor(_options: Options) -> list[Row]:
    """Nothing is learnt: the network forecasts the four rows of the table."""
    rows = DataSet.from_arrays(range(4), TABLE, XOR, ["train"] * 4, "XOR")
    (model,) = trained(research("XOR", "Threshold units"), UNITS, rows, Training(), [0])
    right = int((model.forecasts()["value"].to_numpy() == XOR).sum())
    return [Row("XOR by threshold units", "rows of the truth table that are right", 4, [right], always=True)]


if __name__ == "__main__":
    run(xor)
