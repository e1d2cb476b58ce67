"""The same members for us and for every peer, from a seed. Peers use it too, so it needs nothing but NumPy."""

import resource
import sys

import numpy as np

SECOND = 10**9
START = 1_420_070_400 * SECOND  # 2015-01-01


def ids_and_forecasts(members: int, rows: int, kind: str) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of each member ids (ns), forecasts and truth, each of shape (rows,), in time order.

    Args:
        members: how many.
        rows: of each.
        kind: `lags`: each begins one target later than the one before; `gaps`: each lacks some targets, chosen at random.
    """
    generator = np.random.default_rng(0)
    every = START + np.arange(rows + max(rows // 100, members)) * SECOND
    truth = generator.standard_normal(len(every)).cumsum()
    made = []
    for member in range(members):
        lags = kind == "lags"
        own = np.arange(member, member + rows) if lags else np.sort(generator.permutation(len(every))[:rows])
        made.append((every[own], truth[own] + generator.standard_normal(rows), truth[own]))
    return made


def forecasts_and_truth(members: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts that are ever worse, (rows, members), of which a part of the error is common to all; and the truth."""
    generator = np.random.default_rng(0)
    truth, common = generator.standard_normal((2, rows))
    forecasts = np.empty((rows, members), order="F")  # as an ensemble has them, one member after the other
    for member in range(members):
        forecasts[:, member] = truth + 0.5 * common + (0.5 + member / members) * generator.standard_normal(rows)
    return forecasts, truth


def peak_gigabytes() -> float:
    """The most memory that this process has had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9
