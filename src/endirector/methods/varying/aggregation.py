"""Rules of online aggregation: the weights of members move after each time, by the regrets seen until then.

The regret of a member is the loss of the weighted mean less that of the member, with both losses linear around the
weighted mean (the gradient trick, Cesa-Bianchi & Lugosi 2006, section 2.5). No rule has a learning rate to set: each is
found from the regrets, so another unit of the series gives the same weights.
"""

from abc import ABC, abstractmethod

import numpy as np

from endirector.methods.base import Floats


class Aggregation(ABC):
    """The state of one aggregation of `members` members; the first weights are equal."""

    def __init__(self, members: int) -> None:
        self.weights: Floats = np.full(members, 1 / members)

    @abstractmethod
    def update(self, regret: Floats) -> None:
        """Move the weights after one time, by the regret to each member there, shape (members,)."""


class Exponential(Aggregation):
    """Weights in proportion to exp(η R), R the sum of regrets, η = √(ln m / Σ max r²) (Cesa-Bianchi & Lugosi 2006)."""

    def __init__(self, members: int) -> None:
        super().__init__(members)
        self._total, self._squares = np.zeros(members), 0.0

    def update(self, regret: Floats) -> None:
        """See `Aggregation.update`."""
        self._total += regret
        self._squares += float(np.abs(regret).max()) ** 2
        self.weights = _in_proportion_to_exp(_rate(len(regret), self._squares) * self._total)


class FixedShare(Aggregation):
    """Exponential weights of which a share is spread over all members each time (Herbster & Warmuth 1998).

    A member that was bad for long so keeps a small weight, and gets a large one soon after it becomes good.
    """

    def __init__(self, members: int, share: float) -> None:
        super().__init__(members)
        self._share, self._squares = share, 0.0

    def update(self, regret: Floats) -> None:
        """See `Aggregation.update`."""
        self._squares += float(np.abs(regret).max()) ** 2
        with np.errstate(divide="ignore"):  # a weight of 0 stays 0 before the share is spread
            scores = np.log(self.weights) + _rate(len(regret), self._squares) * regret
        self.weights = (1 - self._share) * _in_proportion_to_exp(scores) + self._share / len(regret)


class PolynomialPotential(Aggregation):
    """ML-Poly: weights in proportion to max(R, 0) / (B + Σ r²), B the largest r² (Gaillard, Stoltz & van Erven 2014).

    Members to which there is no regret have the weight 0; if there is none to any, the weights are equal.
    """

    def __init__(self, members: int) -> None:
        super().__init__(members)
        self._total, self._squares, self._largest = np.zeros(members), np.zeros(members), 0.0

    def update(self, regret: Floats) -> None:
        """See `Aggregation.update`."""
        self._total += regret
        self._squares += regret**2
        self._largest = max(self._largest, float((regret**2).max()))
        positive = np.maximum(self._total, 0.0)
        if positive.any():
            shares = positive / (self._largest + self._squares)
            self.weights = shares / shares.sum()
        else:
            self.weights = np.full(len(regret), 1 / len(regret))


class Bernstein(Aggregation):
    """BOA: exponential weights with a second-order correction and a rate for each member (Wintenberger 2017, algorithm 2).

    η = min(1 / 2B, √(ln m / Σ r²)), B the largest |r| of the member rounded up to a power of 2; the corrected regret is
    ½ (r − η r² + B 1[η r > ½]).
    """

    def __init__(self, members: int) -> None:
        super().__init__(members)
        self._corrected, self._squares, self._largest = (np.zeros(members) for _ in range(3))

    def update(self, regret: Floats) -> None:
        """See `Aggregation.update`."""
        self._largest = np.maximum(self._largest, np.abs(regret))
        self._squares += regret**2
        seen = self._squares > 0
        bound = np.zeros(len(regret))
        bound[seen] = 2.0 ** np.ceil(np.log2(self._largest[seen]))
        rate = np.zeros(len(regret))
        logarithm = np.log(max(len(regret), 2))
        rate[seen] = np.minimum(1 / (2 * bound[seen]), np.sqrt(logarithm / self._squares[seen]))
        self._corrected += (regret - rate * regret**2 + bound * (rate * regret > 0.5)) / 2
        self.weights = _in_proportion_to_exp(rate * self._corrected)


def _rate(members: int, squares: float) -> float:
    return float(np.sqrt(np.log(max(members, 2)) / squares)) if squares > 0 else 0.0


def _in_proportion_to_exp(scores: Floats) -> Floats:
    shares: Floats = np.exp(scores - scores.max())
    shares /= shares.sum()
    return shares
