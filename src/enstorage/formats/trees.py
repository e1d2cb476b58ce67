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
    for tree in _instances(obj, module.Tree, set()):
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


def _instances(obj: Any, kind: type, seen: set[int]) -> Iterator[Any]:
    """All objects of a type inside an estimator: in attributes, containers and object arrays."""
    if id(obj) in seen or isinstance(obj, str | bytes | int | float | None):
        return
    seen.add(id(obj))
    if isinstance(obj, kind):
        yield obj
        return
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
        yield from _instances(each, kind, seen)
