"""AND and OR by a single layer that learns by the rule of Widrow and Hoff.

Source: the textbook of networks, training of a single layer: it goes on until the summed squared error E is at most E_m.
"""

import numpy as np

from enstorage import DataSet
from entrainer import Training
from entrainer.networks import Estimator
from rows import Row
from running import Options, research, run, trained

LIMIT = 0.05
TABLE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
AND_OR = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
LAYER = Estimator(
    "WidrowHoff", {"activation": "sigmoid", "learning_rate": 0.5, "error_limit": LIMIT, "max_epochs": 20_000}
)


def widrow_hoff(options: Options) -> list[Row]:
    """A layer of two units learns two truth tables sample by sample."""
    rows = DataSet.from_arrays(range(4), TABLE, AND_OR, ["train"] * 4, "AND and OR")
    models = trained(
        research("AND and OR", "Rule of Widrow and Hoff"), LAYER, rows, Training(), options.range_of_seeds(10)
    )
    errors = [float(((model.forecasts()["value"].to_numpy() - AND_OR.ravel()) ** 2).sum()) for model in models]
    return [
        Row(
            "Single layer by the rule of Widrow and Hoff: AND and OR",
            "E at the end",
            LIMIT,
            errors,
            "lower",
            always=True,
            source_says=f"E ≤ E_m = {LIMIT}",
        )
    ]


if __name__ == "__main__":
    run(widrow_hoff)
