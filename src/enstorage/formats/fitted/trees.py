"""Checks decision trees from a file: scikit-learn follows their node indices without looking at the bounds."""

import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from enstorage.formats.fitted.walking import inside

_LEAF, _TWO = -1, 2


def fault_of_trees(obj: Any) -> str | None:
    """The reason why a decision tree inside of an object could read outside its own memory; None where none could.

    A child has to be a later node of the same tree, a feature one of the inputs, and values have to be finite.
    """
    module = sys.modules.get("sklearn.tree._tree")
    if module is None:
        return None
    return next(filter(None, (_fault_of(each) for each in inside(obj) if isinstance(each, module.Tree))), None)


def _fault_of(tree: Any) -> str | None:
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    nodes = np.arange(tree.node_count)
    inner = left != _LEAF
    # Children are stored after their parent, which also means that no path runs in a circle.
    sound = all(
        bool(((child[inner] > nodes[inner]) & (child[inner] < tree.node_count)).all()) for child in (left, right)
    )
    sound &= bool((right[~inner] == _LEAF).all())
    sound &= bool(((feature[inner] >= 0) & (feature[inner] < tree.n_features)).all())
    if not sound or tree.node_count == 0 or tree.value.shape[0] != tree.node_count:
        return "A decision tree points outside itself."
    if np.isnan(tree.threshold[inner]).any():
        return "A decision tree has the threshold nan; expected numbers."
    if not np.isfinite(tree.value).all():
        return f"A decision tree has the value {tree.value[~np.isfinite(tree.value)][0]}; expected finite numbers."
    return None


def tree_agrees(owner: Any) -> bool:
    """True if a fitted tree has the features, outputs and classes of its owner."""
    tree = owner.tree_
    classes = getattr(owner, "classes_", None)
    counts = [1] if classes is None else [len(each) for each in (classes if isinstance(classes, list) else [classes])]
    if classes is None:
        counts *= int(owner.n_outputs_)
    return bool(
        tree.n_features == owner.n_features_in_
        and tree.n_outputs == owner.n_outputs_ == len(counts)
        and tree.n_classes.tolist() == counts
        and np.atleast_1d(getattr(owner, "n_classes_", counts)).tolist() == counts
        and tree.value.shape[1:] == (len(counts), max(counts))
    )


def forest_agrees(owner: Any) -> bool:
    """True if the trees of a forest have its features, outputs and classes: it hands rows to them unchecked."""
    ensemble = sys.modules["sklearn.ensemble"]
    trees = owner.estimators_
    if not isinstance(trees, list) or not trees or not _are_trees(trees):
        return False
    if isinstance(owner, ensemble.IsolationForest):
        width = owner._max_features
        features = owner.estimators_features_
        if len(features) != len(trees) or not all(
            each.shape == (width,) and each.dtype.kind in "iu" and ((each >= 0) & (each < owner.n_features_in_)).all()
            for each in features
        ):
            return False
        return all(each.n_features_in_ == width and each.n_outputs_ == 1 for each in trees)
    counts = np.atleast_1d(getattr(owner, "n_classes_", 1)).tolist()
    classes = getattr(owner, "classes_", None)
    if classes is not None:
        listed = classes if isinstance(classes, list) else [classes]
        if counts != [len(each) for each in listed] or len(counts) != owner.n_outputs_:
            return False
    return all(
        each.n_features_in_ == owner.n_features_in_
        and each.n_outputs_ == owner.n_outputs_
        and (classes is None or each.tree_.n_classes.tolist() == counts)
        for each in trees
    )


def boosting_agrees(owner: Any) -> bool:
    """True if the trees of a gradient boosting have its features, and one column for each value that they add to."""
    trees, columns = owner.estimators_, owner.n_trees_per_iteration_
    if not isinstance(trees, np.ndarray) or trees.ndim != 2 or not trees.size or not _are_trees(trees.ravel()):
        return False
    classes = getattr(owner, "classes_", None)
    number = 1 if classes is None else len(classes)
    expected = 1 if number <= _TWO else number  # two classes share one column
    return (
        trees.shape == (owner.n_estimators_, expected)
        and columns == expected
        and (expected == 1 or owner._loss.n_classes == number)
        and all(each.n_features_in_ == owner.n_features_in_ and each.n_outputs_ == 1 for each in trees.ravel())
        and _begins_with(owner, number)
    )


def _begins_with(owner: Any, classes: int) -> bool:
    """True if the forecasts that the trees add to have as many columns as they need."""
    first = owner.init_
    if isinstance(first, str):
        return first == "zero"
    if classes > 1:
        return len(getattr(first, "classes_", ())) == classes and first.n_features_in_ == owner.n_features_in_
    return np.asarray(first.predict(np.zeros((1, owner.n_features_in_)))).size == 1


def _are_trees(trees: Iterable[Any]) -> bool:
    """True if they are decision trees whose own arrays agree."""
    kind = sys.modules["sklearn.tree"].BaseDecisionTree
    return all(isinstance(each, kind) and tree_agrees(each) for each in trees)
