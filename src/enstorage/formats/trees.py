"""Checks decision trees from a file: scikit-learn follows their node indices without looking at the bounds."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from enstorage.errors import UntrustedError

_LEAF = -1


def check_trees(obj: Any) -> None:
    """Refuse an object with a decision tree whose indices could read outside its own memory.

    Raises:
        UntrustedError: a child is not a later node of the same tree, or a feature is not one of the inputs.
    """
    module = sys.modules.get("sklearn.tree._tree")
    if module is None:
        return
    for owner in owners(obj):
        if not _widths_agree(owner, module.Tree):
            raise UntrustedError(
                "An estimator in the stored object takes fewer features than a decision tree inside it reads, so using it "
                "could read foreign memory. The file was damaged or made on purpose: do not use it."
            )
    for tree in (each for each in _walk(obj, set()) if isinstance(each, module.Tree)):
        left, right, feature = tree.children_left, tree.children_right, tree.feature
        nodes = np.arange(tree.node_count)
        inner = left != _LEAF
        # Children are stored after their parent, which also means that no path runs in a circle.
        sound = all(
            bool(((child[inner] > nodes[inner]) & (child[inner] < tree.node_count)).all()) for child in (left, right)
        )
        sound &= bool((right[~inner] == _LEAF).all())
        sound &= bool(((feature[inner] >= 0) & (feature[inner] < tree.n_features)).all())
        sound &= tree.node_count > 0 and tree.value.shape[0] == tree.node_count
        if not sound:
            raise UntrustedError(
                "A decision tree in the stored estimator points outside itself, so using it could read foreign memory. The "
                "file was damaged or made on purpose: do not use it."
            )


def _widths_agree(owner: Any, tree: type) -> bool:
    """True if rows of the width that an estimator checks are as wide as the trees inside it read."""
    own = getattr(owner, "tree_", None)
    if isinstance(own, tree) and own.n_features != owner.n_features_in_:  # type: ignore[attr-defined]
        return False
    ensemble = sys.modules.get("sklearn.ensemble")
    if ensemble is None:
        return True
    # These hand rows to their trees unchecked; every other estimator lets its trees check for themselves.
    if isinstance(owner, ensemble.IsolationForest):
        width = getattr(owner, "_max_features", None)
        chosen = [len(columns) for columns in getattr(owner, "estimators_features_", [])]
    elif isinstance(owner, ensemble._forest.BaseForest | ensemble._gb.BaseGradientBoosting):
        width, chosen = getattr(owner, "n_features_in_", None), []
    else:
        return True
    widths = [part.n_features_in_ for part in np.ravel(np.array(getattr(owner, "estimators_", []), dtype=object))]
    return all(each == width for each in [*widths, *chosen])


def owners(obj: Any) -> Iterator[Any]:
    """All objects inside of an estimator that have attributes, the estimator itself first."""
    return (each for each in _walk(obj, set()) if hasattr(each, "__dict__"))


def _walk(obj: Any, seen: set[int]) -> Iterator[Any]:
    """Everything inside an estimator: in attributes, containers and object arrays."""
    if id(obj) in seen or isinstance(obj, str | bytes | int | float | None):
        return
    seen.add(id(obj))
    yield obj
    inside: list[Any] = []
    if isinstance(obj, np.ndarray):
        inside += obj.ravel().tolist() if obj.dtype == object else []
    elif isinstance(obj, Mapping):
        inside += list(obj.values())
    elif isinstance(obj, list | tuple | set | frozenset):
        inside += list(obj)
    elif hasattr(obj, "__dict__"):
        inside += list(vars(obj).values())
    for each in inside:
        yield from _walk(each, seen)
