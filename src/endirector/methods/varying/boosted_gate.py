"""A gate of boosted trees: scores of the members by features of a row, whose softmax are the weights (Friedman 2001)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Floats
from enstorage.errors import CorruptError

_DEPTH = 3
_RATE = 0.1
_LEAST_IN_LEAF = 10
#: Scores are kept to so many decimals, so that they take little room; they are rounded before they are used.
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class ScoreTree:
    """A regression tree, its nodes in the order of their numbers; a leaf has the feature −1.

    Attributes:
        feature: number of the feature that is compared, shape (nodes,).
        threshold: values up to it go left, shape (nodes,).
        left: number of the left child, shape (nodes,).
        right: number of the right child, shape (nodes,).
        scores: added to the scores of the members, shape (nodes, members).
    """

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    scores: Floats

    def score(self, features: Floats) -> Floats:
        """The scores of rows, (rows, features) → (rows, members)."""
        single = features.astype(np.float32)  # as scikit-learn compares
        row, node = np.arange(len(features)), np.zeros(len(features), dtype=np.int64)
        for _ in range(_DEPTH):
            inner = self.feature[node] >= 0
            goes_left = single[row, np.maximum(self.feature[node], 0)] <= self.threshold[node]
            node = np.where(inner, np.where(goes_left, self.left[node], self.right[node]), node)
        scores: Floats = self.scores[node]
        return scores


@dataclass(frozen=True, slots=True)
class BoostedGate:
    """Trees whose scores are added up; the weights of a row are the softmax of its scores.

    Attributes:
        trees: in the order in which they were fitted; without any the weights are equal.
        members: number of members.
    """

    trees: tuple[ScoreTree, ...]
    members: int

    def weights(self, features: Floats) -> Floats:
        """The weights of the members for each row; (rows, features) → (rows, members), ≥ 0 and of sum 1 in each row."""
        scores = np.zeros((len(features), self.members))
        for tree in self.trees:
            scores += tree.score(features)
        return _softmax(scores)

    def to_json(self) -> dict[str, Any]:
        """The attributes as lists; of leaves only the scores."""
        return {
            "members": self.members,
            "trees": [
                {name: getattr(tree, name).tolist() for name in ("feature", "threshold", "left", "right", "scores")}
                for tree in self.trees
            ],
        }

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "BoostedGate":
        """The gate described by `to_json`.

        Raises:
            CorruptError: a tree has parts of different lengths, or points to nodes that it does not have.
        """
        return cls(tuple(_tree(each, facts["members"]) for each in facts["trees"]), facts["members"])


def _tree(facts: Mapping[str, Any], members: int) -> ScoreTree:
    feature, left, right = (np.asarray(facts[name], dtype=np.int64) for name in ("feature", "left", "right"))
    threshold, scores = (np.asarray(facts[name], dtype=np.float64) for name in ("threshold", "scores"))
    nodes = len(feature)
    shapes = {threshold.shape, left.shape, right.shape, feature.shape}
    if shapes != {(nodes,)} or scores.shape != (nodes, members) or max(left.max(), right.max(), 0) >= nodes:
        raise CorruptError(
            "The gate of an ensemble is damaged: the parts of a tree do not match. Render the ensemble again."
        )
    return ScoreTree(feature, threshold, left, right, scores)


def boosted(features: Floats, errors: Floats, unit: NDArray[np.intp]) -> Iterator[ScoreTree]:
    """Fit trees one after another to the gradient of the mean absolute error of the weighted errors, without an end.

    Args:
        features: of each unit, such as a series at one origin, shape (units, features).
        errors: of the members, in a common scale, shape (rows, members).
        unit: number of the unit of each row, shape (rows,); every unit has rows.
    """
    from sklearn.tree import DecisionTreeRegressor

    members, count = errors.shape[1], np.bincount(unit)[:, None]
    scores = np.zeros((len(features), members))
    leaf = min(_LEAST_IN_LEAF, max(1, len(features) // 4))
    while True:
        weights = _softmax(scores)
        side = np.sign(np.einsum("rm,rm->r", weights[unit], errors))
        slope = np.column_stack([np.bincount(unit, side * errors[:, place]) for place in range(members)]) / count
        gradient = weights * (slope - np.einsum("um,um->u", weights, slope)[:, None])
        # One curvature for all: that of a softmax, so that the rate means the same for any number of members.
        curvature = float(np.maximum(weights * (1 - weights), 0.02).mean())
        found = DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=leaf, random_state=0)
        found.fit(features, -gradient / curvature)
        tree = _of_scikit_learn(found.tree_)
        scores += tree.score(features)
        yield tree


def _of_scikit_learn(tree: Any) -> ScoreTree:
    inner = tree.children_left >= 0
    scores = np.where(inner[:, None], 0.0, np.round(_RATE * tree.value.reshape(len(inner), -1), _DECIMALS)) + 0.0
    return ScoreTree(
        np.where(inner, tree.feature, -1).astype(np.int64),
        np.where(inner, tree.threshold, 0.0),
        np.where(inner, tree.children_left, 0).astype(np.int64),
        np.where(inner, tree.children_right, 0).astype(np.int64),
        scores,
    )


def _softmax(scores: Floats) -> Floats:
    shares: Floats = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares
