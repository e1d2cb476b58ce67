"""Agreement of fitted attributes beyond layouts, by family: sums, chains, orders, and lists of estimators."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from enstorage.formats.fitted.trees import boosting_agrees, forest_agrees, tree_agrees


def _support_vectors(each: Any) -> bool:
    if each._sparse or not isinstance(each.kernel, str):
        return False
    if not all(array.dtype == np.float64 for array in (each.support_vectors_, each._dual_coef_, each._intercept_)):
        return False
    if each.support_.dtype != np.int32 or each._n_support.dtype != np.int32 or (each.support_ < 0).any():
        return False
    if not hasattr(each, "classes_"):
        return True
    counts, number = each._n_support, len(each.classes_)
    return bool(
        number > 1
        and counts.shape == (number,)
        and (counts >= 0).all()
        and counts.sum() == len(each.support_)
        and each.dual_coef_.shape[0] == number - 1
    )


def _lines(each: Any) -> bool:
    """A row of coefficients for each class, and a single one for two classes only."""
    rows = 1 if each.coef_.ndim == 1 else len(each.coef_)
    return len(each.classes_) == (2 if rows == 1 else rows)


def _layers(each: Any) -> bool:
    sizes = [each.n_features_in_, *(len(bias) for bias in each.intercepts_)]
    is_last = sizes[-1] == each.n_outputs_
    classes = getattr(each, "classes_", None)
    if classes is not None:
        is_last &= sizes[-1] == (1 if len(classes) <= 2 and each.out_activation_ == "logistic" else len(classes))
    return (
        bool(is_last) and [coef.shape for coef in each.coefs_] == list(pairwise(sizes)) and each.n_layers_ == len(sizes)
    )


def _rotations(each: Any) -> bool:
    return all(len(one) == other.shape[1] for one, other in zip(each.scalings_, each.rotations_, strict=True))


def _categories(each: Any) -> bool:
    return bool([one.shape[1] for one in each.feature_log_prob_] == np.asarray(each.n_categories_).tolist())


def _neighbours(each: Any) -> bool:
    if not isinstance(each.effective_metric_, str) or each.effective_metric_ == "precomputed":
        return False
    arrays = [value for value in each.effective_metric_params_.values() if isinstance(value, np.ndarray)]
    width = each.n_features_in_
    if not all(array.shape in ((width,), (width, width)) and np.isfinite(array).all() for array in arrays):
        return False
    labels, classes = getattr(each, "_y", None), getattr(each, "classes_", None)
    if labels is None or classes is None:
        return True
    listed, columns = (classes, labels.T) if isinstance(classes, list) else ([classes], [labels])
    return all(
        np.array_equal(np.unique(column), np.arange(len(known))) for column, known in zip(columns, listed, strict=True)
    )


def _known_once(each: Any) -> bool:
    return all(len(np.unique(one)) == len(one) for one in each.categories_)


def _encodings(each: Any) -> bool:
    """The targets of a category stand beside each other."""
    targets = len(each.encodings_) // each.n_features_in_
    return (
        _known_once(each)
        and targets > 0
        and [len(one) for one in each.encodings_] == [len(one) for one in each.categories_ for _ in range(targets)]
    )


def _outputs_of_encoder(each: Any) -> bool:
    return _known_once(each) and each._n_features_outs == each._compute_n_features_outs()


def _expanded(each: Any) -> bool:
    """A polynomial learns nothing but the number of features."""
    from sklearn.base import clone

    fresh = vars(clone(each).fit(np.zeros((1, each.n_features_in_))))
    return all(vars(each).get(name) == value for name, value in fresh.items())


def _chain(each: Any) -> bool:
    return sorted(each.order_) == list(range(len(each.estimators_)))


def _weighted(each: Any) -> bool:
    """The weights behind those of the estimators are 0, as they are if boosting ended early."""
    count = len(each.estimators_)
    return bool(0 < count <= len(each.estimator_weights_)) and not each.estimator_weights_[count:].any()


def _bags(each: Any) -> bool:
    widths = [len(features) for features in each.estimators_features_]
    return len(widths) > 0 and [part.n_features_in_ for part in each.estimators_] == widths


def _code_book(each: Any) -> bool:
    return bool(each.code_book_.shape[1] == len(each.estimators_))


def _pairs(each: Any) -> bool:
    """There is an estimator for each pair of classes."""
    count, chosen = len(each.classes_), getattr(each, "pairwise_indices_", None)
    number = count * (count - 1) // 2
    return len(each.estimators_) == number and (chosen is None or len(chosen) == number)


def _one_for_each(each: Any) -> bool:
    """There is an estimator for each class, and only one for two classes that exclude each other."""
    count, binarizer = len(each.classes_), each.label_binarizer_
    number = 1 if binarizer.y_type_ == "binary" and count == 2 else count
    return len(each.estimators_) == number and len(binarizer.classes_) == count


def _kernel(each: Any) -> bool:
    kernel = each.kernel
    return kernel is None or (
        type(kernel) is type(each.kernel_) and np.shape(kernel.theta) == np.shape(each.kernel_.theta)
    )


_FAMILIES: Mapping[str, Callable[[Any], bool]] = {
    "SVC NuSVC SVR NuSVR OneClassSVM": _support_vectors,
    "LinearDiscriminantAnalysis LinearSVC LogisticRegression LogisticRegressionCV PassiveAggressiveClassifier Perceptron "
    "RidgeClassifier RidgeClassifierCV SGDClassifier": _lines,
    "MLPClassifier MLPRegressor": _layers,
    "QuadraticDiscriminantAnalysis": _rotations,
    "CategoricalNB": _categories,
    "KNeighborsClassifier KNeighborsRegressor KNeighborsTransformer NearestNeighbors RadiusNeighborsClassifier "
    "RadiusNeighborsRegressor RadiusNeighborsTransformer": _neighbours,
    "OneHotEncoder": _outputs_of_encoder,
    "OrdinalEncoder": _known_once,
    "TargetEncoder": _encodings,
    "PolynomialFeatures": _expanded,
    "ClassifierChain RegressorChain": _chain,
    "AdaBoostClassifier AdaBoostRegressor": _weighted,
    "BaggingClassifier BaggingRegressor": _bags,
    "OutputCodeClassifier": _code_book,
    "OneVsOneClassifier": _pairs,
    "OneVsRestClassifier": _one_for_each,
    "GaussianProcessRegressor": _kernel,
    "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor": tree_agrees,
    "ExtraTreesClassifier ExtraTreesRegressor IsolationForest RandomForestClassifier RandomForestRegressor "
    "RandomTreesEmbedding": forest_agrees,
    "GradientBoostingClassifier GradientBoostingRegressor": boosting_agrees,
}

AGREEMENT = {name: agrees for names, agrees in _FAMILIES.items() for name in names.split()}
"""By the names of classes: true of a fitted estimator whose attributes agree."""
