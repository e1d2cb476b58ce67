"""XOR by three threshold units with given weights.

Source: the textbook of networks, neurons with a weight matrix and threshold activation: the network gives the truth table.
"""

from entrainer import Training
from entrainer.networks import Estimator
from rows import Row
from running import Options, research, run, trained
from truth_tables import XOR, rows_of

UNITS = Estimator("ThresholdNetwork", {"weights": [[[-1, -1], [-1, -1]], [[1], [-1]]], "biases": [[1.5, 0.5], [-0.5]]})


def xor(_options: Options) -> list[Row]:
    """Nothing is learnt: the network forecasts the four rows of the table."""
    (model,) = trained(research("XOR", "Threshold units"), UNITS, rows_of("XOR", XOR), Training(), [0])
    right = int((model.forecasts()["value"].to_numpy() == XOR).sum())
    return [Row("XOR by threshold units", "rows of the truth table that are right", 4, [right], always=True)]


if __name__ == "__main__":
    run(xor)
