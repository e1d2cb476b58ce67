"""Common code of the examples on truth tables: their rows, and the training of an estimator until its error is small."""

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from entrainer import Training
from entrainer.networks import Estimator
from rows import Row
from running import Options, research, trained

TABLE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0.0, 1.0, 1.0, 0.0])
AND_OR = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 1.0]])


def rows_of(name: str, truth: NDArray[np.float64]) -> DataSet:
    """The four rows of a truth table with the truth, shape (4,) or (4, tables), as a data set."""
    return DataSet.from_arrays(range(len(TABLE)), TABLE, truth, ["train"] * len(TABLE), name)


def stop_rule(
    work: str, tables: str, truth: NDArray[np.float64], name: str, network: Estimator, options: Options
) -> list[Row]:
    """Train an estimator sample by sample until E, the sum of its squared errors, is at most its `error_limit`.

    Args:
        work: the work in the row of results.
        tables: the names of the truth tables.
        truth: the values of the tables, shape (4,) or (4, tables).
        name: the name of the research.
        network: the estimator.
        options: of the example.
    """
    models = trained(research(tables, name), network, rows_of(tables, truth), Training(), options.range_of_seeds(10))
    errors = [float(((model.forecasts()["value"].to_numpy() - truth.ravel()) ** 2).sum()) for model in models]
    limit = network.parameters["error_limit"]
    figure, says = "E at the end", f"E ≤ E_m = {limit}"
    return [Row(f"{work}: {tables}", figure, limit, errors, "lower", always=True, source_says=says)]
