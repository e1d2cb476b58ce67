"""Nearest neighbours as data: their samples say all, so the search tree is left out and built again."""

import copy
import sys
from collections.abc import Iterator
from typing import Any

from enstorage.errors import CorruptError
from enstorage.formats.fitted.walking import owners

# Names the tree that was left out. Without it the estimator compares with every sample, so other programs can use it too.
_LEFT_OUT = "_search_tree"


def without_search_trees(obj: Any) -> Any:
    """The estimator; or, where it or one inside of it has a search tree, a copy without."""
    trees = [owner._tree for owner in _with_trees(obj)]
    if not trees:
        return obj
    bare = copy.deepcopy(obj, {id(tree): None for tree in trees})
    for owner in owners(bare):
        if vars(owner).get("_tree", obj) is None and getattr(owner, "_fit_method", None) in _kinds():
            setattr(owner, _LEFT_OUT, owner._fit_method)
            owner._fit_method = "brute"
    return bare


def build_search_trees(obj: Any) -> None:
    """Build the trees that were left out of an estimator and of those inside of it.

    Raises:
        CorruptError: the samples or the metric fit no tree.
    """
    for owner in owners(obj):
        method = vars(owner).get(_LEFT_OUT)
        if method is None:
            continue
        delattr(owner, _LEFT_OUT)
        try:
            owner._tree, owner._fit_method = _tree_of(owner, method), method
        except Exception as error:  # values of any kind may stand where numbers belong
            raise CorruptError(f"The nearest neighbours fit no tree: {error}. Train the model again.") from error


def _tree_of(owner: Any, method: Any) -> Any:
    metric, parameters = owner.effective_metric_, owner.effective_metric_params_
    if method not in _kinds() or not isinstance(metric, str) or owner._fit_X.shape[1] != owner.n_features_in_:
        raise CorruptError("The nearest neighbours have no samples that fit their metric. Train the model again.")
    return _kinds()[method](owner._fit_X, owner.leaf_size, metric=metric, **parameters)


def _with_trees(obj: Any) -> Iterator[Any]:
    if "sklearn.neighbors" not in sys.modules:
        return
    kinds = tuple(_kinds().values())
    for owner in owners(obj):
        if isinstance(vars(owner).get("_tree"), kinds):
            yield owner


def _kinds() -> dict[str, Any]:
    from sklearn.neighbors import BallTree, KDTree

    return {"ball_tree": BallTree, "kd_tree": KDTree}
