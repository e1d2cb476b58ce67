"""Changes sizes and values of arrays inside of fitted estimators, as a hostile file would have them, and uses each."""

import copy
import random
import warnings

import numpy as np

from enstorage.errors import EnstorageError, UntrustedError

ROWS, FEATURES = 30, 4
_FEW = {"n_estimators": 2, "max_iter": 5, "hidden_layer_sizes": (3,), "n_components": 2, "n_clusters": 3}


def kept_estimators(journal, chance, count=None):
    """Estimators of scikit-learn that are kept by skops, fitted, with the samples and the number of target values.

    Args:
        journal: of the process, so that it is seen to go on.
        chance: draws which.
        count: how many classes are tried; by default all.
    """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.utils.discovery import all_estimators

    from enstorage.formats.skops import SkopsFormat

    X = np.random.default_rng(0).uniform(1, 2, (ROWS, FEATURES))
    values, labels = X.sum(axis=1), np.arange(ROWS) % 3
    kinds = {"regressor": [(values, 1), (np.c_[values, -values], 2)], "classifier": [(labels, 3), (labels % 2, 1)]}
    kinds["transformer"] = [(values, 1)]
    known = [(kind, *each) for kind in kinds for each in all_estimators(type_filter=kind)]
    made = []
    for kind, name, found in known if count is None else chance.sample(known, count):
        journal("fitting", name)
        for y, size in kinds[kind]:
            try:
                own = found(**_NEEDED.get(name, dict)())
                own.set_params(**{key: value for key, value in _FEW.items() if key in own.get_params(deep=False)})
                fitted = (make_pipeline(own, Ridge()) if kind == "transformer" else own).fit(X, y)
                SkopsFormat.dump(fitted, allow_code=False)
            except Exception:
                continue
            made.append((f"{name} {size}", fitted, X, size))
    return made


def _inside():
    from sklearn.linear_model import LogisticRegression, Ridge

    return {"regressor": Ridge(), "classifier": LogisticRegression()}


_NEEDED = {
    **{
        name: lambda: {"estimator": _inside()["regressor"]}
        for name in ("MultiOutputRegressor", "RegressorChain", "RFE")
    },
    "RFECV": lambda: {"estimator": _inside()["regressor"]},
    "SelectFromModel": lambda: {"estimator": _inside()["regressor"]},
    "SequentialFeatureSelector": lambda: {"estimator": _inside()["regressor"]},
    "GridSearchCV": lambda: {"estimator": _inside()["regressor"], "param_grid": {"alpha": [0.1, 1.0]}},
    "VotingRegressor": lambda: {"estimators": [("one", _inside()["regressor"])]},
    "StackingRegressor": lambda: {"estimators": [("one", _inside()["regressor"])]},
    "VotingClassifier": lambda: {"estimators": [("one", _inside()["classifier"])], "voting": "soft"},
    "StackingClassifier": lambda: {"estimators": [("one", _inside()["classifier"])]},
    **{
        name: lambda: {"estimator": _inside()["classifier"]}
        for name in ("OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier", "SelfTrainingClassifier")
    },
}


def arrays_of(obj):
    """Where arrays stand inside of an estimator: the owner, the attribute, and the place in a list or None."""
    from enstorage.formats.fitted.walking import owners

    found = []
    for owner in owners(obj):
        for name, value in vars(owner).items():
            if isinstance(value, np.ndarray):
                found.append((owner, name, None))
            elif isinstance(value, list) and value and all(isinstance(each, np.ndarray) for each in value):
                found += [(owner, name, place) for place in range(len(value))]
            elif type(value).__name__ == "Tree":
                found += [(owner, name, key) for key in ("nodes", "values")]
    return found


def changed(array, chance):
    """The array with another size, with another value, or of another type; and whether its size is another."""
    way = chance.choice(("longer", "shorter", "empty", "axis", "value", "value", "value", "type"))
    if array.ndim == 0:
        return array, False
    axis = chance.randrange(array.ndim)
    if way == "longer":
        return np.concatenate(
            [array, array.take([0] * chance.choice((1, 50)), axis=axis)], axis=axis
        ) if array.size else (np.zeros([3] * array.ndim, array.dtype)), True
    if way == "shorter":
        return array.take(range(array.shape[axis] - 1), axis=axis) if array.shape[axis] else array, True
    if way == "empty":
        return array.take([], axis=axis), True
    if way == "axis":
        return array[np.newaxis], True
    if not array.size or array.dtype.kind not in "fiub":
        return array, False
    if way == "type":
        return array.astype(chance.choice((np.int64, np.float32, np.uint8))), False
    array = array.copy()
    extremes = {
        "f": (np.nan, np.inf, 1e300, -1.0),
        "i": (-1, 2**31 - 1, -(2**31), 7),
        "u": (200, 7),
        "b": (True, False),
    }
    with np.errstate(all="ignore"):
        array.flat[chance.randrange(array.size)] = chance.choice(extremes[array.dtype.kind])
    return array, False


def mutate(obj, chance):
    """Change one array inside of an estimator; returns what was changed, and whether sizes were."""
    owner, name, place = chance.choice(arrays_of(obj))
    value = vars(owner)[name]
    if type(value).__name__ == "Tree":
        return f"{type(owner).__name__}.{name} {place}", _mutate_tree(owner, name, place, chance)
    array, is_resized = changed(value if place is None else value[place], chance)
    if place is None:
        vars(owner)[name] = array
    else:
        value[place] = array
    return f"{type(owner).__name__}.{name} {array.shape} {array.dtype}", is_resized


def _mutate_tree(owner, name, key, chance):
    tree = vars(owner)[name]
    state = tree.__getstate__()
    if key == "nodes":
        nodes = state["nodes"].copy()
        field = chance.choice(("left_child", "right_child", "feature", "threshold"))
        extremes = (np.nan, 1e300) if field == "threshold" else (-1, -2, 0, len(nodes), 2**40)
        nodes[field][chance.randrange(len(nodes))] = chance.choice(extremes)
        state["nodes"] = nodes
        outputs, classes = tree.n_outputs, tree.n_classes
    else:
        outputs = chance.choice((tree.n_outputs, tree.n_outputs + 1))
        classes = np.array([int(tree.max_n_classes) + chance.choice((0, 1))] * outputs, np.intp)
        state["values"] = np.resize(state["values"], (len(state["nodes"]), outputs, int(classes.max())))
    features = int(tree.n_features) + chance.choice((0, 0, 1, 50))
    made = type(tree)(features, classes, outputs)
    made.__setstate__(state)
    vars(owner)[name] = made
    return False


def use(obj, X, count):
    """The outcome of opening and using an estimator: `refused`, `error`, or its output."""
    from enstorage.estimators.fitting import estimator_output
    from enstorage.formats.fitted.check import check_fitted
    from enstorage.formats.fitted.neighbours import build_search_trees

    try:
        check_fitted(obj)
        build_search_trees(obj)
        return estimator_output(obj, X, count)
    except UntrustedError:
        return "refused"
    except EnstorageError:
        return "error"


def strike(journal, seed, cases, classes=None):
    """Change one array of one estimator, again and again; journal each case before it is used, and what came of all.

    Args:
        journal: of the process.
        seed: of chance.
        cases: how many.
        classes: of how many classes estimators are changed; by default of all.
    """
    from threadpoolctl import threadpool_limits

    from enstorage.formats.fitted.neighbours import without_search_trees

    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    chance = random.Random(seed)
    with threadpool_limits(1):
        kept = [
            (name, without_search_trees(fitted), X, targets)
            for name, fitted, X, targets in kept_estimators(journal, chance, classes)
        ]
        whole = [use(copy.deepcopy(fitted), X, targets) for _, fitted, X, targets in kept]
        journal("estimators", [name for name, *_ in kept])
        journal("unusable", [name for (name, *_), output in zip(kept, whole, strict=True) if isinstance(output, str)])
        outcomes = dict.fromkeys(("refused", "error", "same", "another model"), 0)
        for _ in range(cases):
            place = chance.randrange(len(kept))
            name, fitted, X, targets = kept[place]
            mutated = copy.deepcopy(fitted)
            if not arrays_of(mutated):
                continue
            what, is_resized = mutate(mutated, chance)
            journal("case", f"{name}: {what}")
            output = use(mutated, X, targets)
            if isinstance(output, str):
                outcomes[output] += 1
            elif output.size != whole[place].size:
                outcomes["error"] += 1  # forecasts of another size than the targets are refused
            elif np.array_equal(output.ravel(), whole[place].ravel(), equal_nan=True):
                outcomes["same"] += 1
            elif is_resized:
                journal("wrong", f"{name}: {what}")
            else:
                outcomes["another model"] += 1
        journal("outcomes", outcomes)
    journal("finished")
