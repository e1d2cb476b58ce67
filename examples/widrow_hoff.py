"""AND and OR by a single layer that is trained by the rule of Widrow and Hoff.

Source: the textbook of networks, training of a single layer: it continues until the summed squared error E is at most E_m.
"""

from entrainer.networks import Estimator
from rows import Row
from running import Options, run
from truth_tables import AND_OR, stop_rule

LAYER = Estimator(
    "WidrowHoff", {"activation": "sigmoid", "learning_rate": 0.5, "error_limit": 0.05, "max_epochs": 20_000}
)


def widrow_hoff(options: Options) -> list[Row]:
    """A layer of two units learns two truth tables sample by sample."""
    work = "Single layer by the rule of Widrow and Hoff"
    return stop_rule(work, "AND and OR", AND_OR, "Rule of Widrow and Hoff", LAYER, options)


if __name__ == "__main__":
    run(widrow_hoff)
