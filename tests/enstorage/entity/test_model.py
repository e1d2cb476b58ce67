"""A model: its facts, its object in every format, and what is never opened."""

import math

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.ensemble import (
    AdaBoostRegressor,
    BaggingRegressor,
    GradientBoostingRegressor,
    IsolationForest,
    RandomForestRegressor,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from enstorage import Connector, Model, Project
from enstorage.adapter import Window
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, UntrustedError

X = np.random.default_rng(0).normal(size=(50, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1


@pytest.fixture
def model(sunspots):
    return Project(name="p", data_source=sunspots).create_research("r").create_model("m")


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


def keep_bytes(model, form, content):
    """Give the model an object that `save_object` would not have written."""
    model.object_sha256 = model.connector.objects.put(content)
    model.object_format, model.object_bytes = form, len(content)
    model.save()


class TestMeta:
    @pytest.mark.parametrize(
        "value",
        [
            *(None, True, False, 0, 1, -(2**70), 0.1, 1e-308, math.inf, -math.inf, "", "1", "Ünïcödé ☀"),
            *([], {}, [1, [2.5, None]], {"a": {"b": [True, "x"]}}, {"nan": [math.inf]}),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_any_json_value_comes_back(self, model, value):
        model.meta("fact", value)
        back = Model.get(model.id).meta("fact")
        assert back == value
        assert type(back) is type(value)

    def test_nan_comes_back(self, model):
        model.meta("error", math.nan)
        assert math.isnan(model.meta("error"))

    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            (np.float64(0.1), 0.1),
            (np.float32(0.5), 0.5),
            (np.int64(-3), -3),
            (np.bool_(True), True),
            (np.float64(-np.inf), -math.inf),
            (np.array([[1, 2]]), [[1, 2]]),
            ({"loss": np.float32(0.25)}, {"loss": 0.25}),
            ((1, 2), [1, 2]),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_numpy_values_become_plain_ones(self, model, value, expected):
        model.meta("fact", value)
        assert model.meta("fact") == expected

    def test_keys_are_case_sensitive(self, model):
        model.meta("MSE", 1)
        model.meta("mse", 2)
        assert (model.meta("MSE"), model.meta("mse")) == (1, 2)
        assert model.metas() == {"MSE": 1, "mse": 2}

    def test_an_absent_fact_is_told_and_the_known_ones_are_named(self, model):
        model.meta("rmse", 1)
        model.meta("mae", 2)
        with pytest.raises(
            NotFoundError, match=r"Model\(1, 'm'\) has no fact 'mse'; known are mae, rmse\. .*default=…"
        ):
            model.meta("mse")

    def test_a_default_is_given_for_an_absent_fact_only(self, model):
        assert model.meta("mse", default=7) == 7
        assert model.meta("mse", default=None) is None
        model.meta("mse", None)
        assert model.meta("mse", default=7) is None

    @pytest.mark.parametrize(("old", "new"), [(1, 2), (1, True), (0.0, -0.0), (1, 1.0), (False, 0), ([1], [True])])
    def test_a_fact_is_overwritten_even_by_what_python_calls_equal(self, model, census, old, new):
        model.meta("fact", old)
        before = census(model.connector)
        model.meta("fact", new)
        assert repr(model.meta("fact")) == repr(new)
        assert census(model.connector) == before

    @pytest.mark.parametrize(
        ("key", "value", "message"),
        [
            ("", 1, "key of a fact must be a text of 1 to 255 characters; received ''"),
            ("x" * 256, 1, "1 to 255 characters"),
            (7, 1, "received 7"),
            ("k", object(), r"cannot be kept as JSON: a object has no JSON form.*keep it with save_object"),
            ("k", {1, 2}, "a set has no JSON form"),
            ("k", 1j, "no JSON form"),
            ("k", [b"x"], "a bytes has no JSON form"),
        ],
    )
    def test_what_is_no_fact_is_refused_and_nothing_is_kept(self, model, census, key, value, message):
        before = census(model.connector)
        with pytest.raises(InvalidInputError, match=message):
            model.meta(key, value)
        assert census(model.connector) == before

    def test_facts_of_two_models_do_not_mix(self, model):
        other = model.research.create_model("other")
        model.meta("fact", 1)
        assert other.metas() == {}


class TestObjects:
    @pytest.mark.parametrize(
        "estimator",
        [
            LinearRegression(),
            RandomForestRegressor(5, max_depth=4, random_state=0),
            make_pipeline(StandardScaler(), RandomForestRegressor(2, random_state=0)),
        ],
        ids=lambda estimator: type(estimator).__name__,
    )
    def test_an_estimator_comes_back_and_predicts_the_same(self, model, estimator):
        estimator.fit(X, Y)
        model.save_object(estimator)
        again = Model.get(model.id)
        assert (again.object_format, again.object_bytes) == (
            "skops",
            len(model.connector.objects.get(again.object_sha256)),
        )
        back = again.load_object()
        assert type(back) is type(estimator)
        np.testing.assert_array_equal(back.predict(X), estimator.predict(X))

    @pytest.mark.slow
    def test_a_keras_model_comes_back_and_predicts_the_same(self, model, keras):
        keras.utils.set_random_seed(0)
        network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
        network.compile("adam", "mse")
        network.fit(X, Y, epochs=1, verbose=0)
        model.save_object(network)
        assert model.object_format == "keras"
        back = Model.get(model.id).load_object()
        np.testing.assert_array_equal(back.predict(X, verbose=0), network.predict(X, verbose=0))
        assert back.optimizer.iterations == network.optimizer.iterations

    def test_the_object_kept_last_is_the_object(self, model):
        for slope in (1.0, 2.0):
            model.save_object(LinearRegression().fit(X, slope * X[:, 0]))
        assert Model.get(model.id).load_object().coef_[0] == pytest.approx(2.0)

    def test_a_model_without_object_says_so(self, model):
        with pytest.raises(
            NotFoundError, match=r"Model\(1, 'm'\) has no object. Train it, or store one with save_object"
        ):
            model.load_object()

    @pytest.mark.parametrize("remove", [False, True])
    def test_damaged_or_missing_bytes_are_never_opened(self, model, damage, remove):
        model.save_object(LinearRegression().fit(X, Y))
        damage(model.object_sha256, remove=remove)
        with pytest.raises(CorruptError, match=f"{model.object_sha256}.*{'missing' if remove else 'damaged'}.*backup"):
            model.load_object()

    @pytest.mark.parametrize("form", ["skops", "keras"])
    def test_bytes_that_are_no_object_are_told(self, model, form, request):
        if form == "keras":
            request.getfixturevalue("keras")
        keep_bytes(model, form, b"PK\x03\x04 nonsense")
        with pytest.raises(CorruptError, match="cannot be opened"):
            model.load_object()


class TestNothingRunsCode:
    def test_pickle_is_refused_on_saving(self, model, census):
        before = census(model.connector)
        with pytest.raises(UntrustedError, match=r"A builtins\.dict can only be kept by pickle, .*allow_pickle=True"):
            model.save_object({"weights": [1, 2]})
        assert census(model.connector) == before
        assert Model.get(model.id).object_sha256 is None

    def test_pickle_is_kept_where_it_is_allowed_and_opened_nowhere_else(self, store, model, tmp_path):
        model.save()
        with Connector.in_folder(tmp_path / "store", allow_pickle=True) as trusting:
            mine = Model.get(model.id)
            mine.save_object({"double": lambda x: 2 * x})
            assert mine.object_format == "pickle"
            assert Model.get(model.id).load_object()["double"](4) == 8
        trusting.close()
        with pytest.raises(UntrustedError, match=r"The object was kept by pickle, .*runs whatever code it holds"):
            Model.get(model.id, connector=store).load_object()

    def test_an_unknown_format_is_told(self, model):
        keep_bytes(model, "joblib", b"x")
        with pytest.raises(
            InvalidInputError, match=r"no format 'joblib'; known are .*keras, .*onnx, pickle, refit, skops"
        ):
            model.load_object()

    @pytest.mark.slow
    def test_a_lambda_layer_is_refused_on_saving_and_on_opening(self, model, keras, store, tmp_path, census):
        network = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: 2 * x)])
        before = census(store)
        with pytest.raises(UntrustedError, match=r"has a Lambda layer, which is code.*save_forecasts"):
            model.save_object(network)
        assert census(store) == before
        with Connector.in_folder(tmp_path / "store", allow_pickle=True) as trusting:
            Model.get(model.id).save_object(network)
        trusting.close()
        model = Model.get(model.id, connector=store)
        with pytest.raises(UntrustedError, match=r"would run code from the file.*allow_pickle=True"):
            model.load_object()
        with Connector.in_folder(tmp_path / "store", allow_pickle=True) as trusting:
            assert Model.get(model.id).load_object().predict(X[:1], verbose=0).shape == (1, 3)
        trusting.close()

    @pytest.mark.parametrize(
        "estimator",
        [
            BaggingRegressor(LinearRegression(), 3, max_features=2),
            BaggingRegressor(DecisionTreeRegressor(), 3, max_features=2),
            RegressorChain(DecisionTreeRegressor()),
            GradientBoostingRegressor(n_estimators=3),
            IsolationForest(n_estimators=3, max_features=2),
            AdaBoostRegressor(n_estimators=3),
            VotingRegressor([("forest", RandomForestRegressor(3)), ("line", LinearRegression())]),
        ],
        ids=lambda estimator: type(estimator).__name__,
    )
    def test_honest_trees_of_every_kind_come_back(self, model, estimator):
        rows = np.random.default_rng(0).normal(size=(60, 4))
        targets = rows[:, :2] if isinstance(estimator, RegressorChain) else rows[:, 0]
        fitted = clone(estimator).fit(rows, targets)
        model.save_object(fitted)
        np.testing.assert_array_equal(model.load_object().predict(rows), fitted.predict(rows))

    def test_trees_wider_than_the_rows_that_are_checked_are_refused(self, model):
        rows = np.random.default_rng(0).normal(size=(60, 40))
        forest = RandomForestRegressor(3, random_state=0).fit(rows, rows[:, 39])
        forest.n_features_in_ = 3
        keep_bytes(model, "skops", skops.io.dumps(forest))
        with pytest.raises(UntrustedError, match=r"disagree with each other|points outside itself"):
            model.load_object()

    def test_an_estimator_with_a_function_is_refused_on_saving(self, model, census):
        before = census(model.connector)
        with pytest.raises(
            UntrustedError, match=r"FunctionTransformer cannot be kept as data\. It holds .*keep_bytes\."
        ):
            model.save_object(FunctionTransformer(keep_bytes))
        assert census(model.connector) == before

    def test_an_estimator_that_is_not_finite_is_refused_with_the_attribute(self, model, census):
        before = census(model.connector)
        fitted = LinearRegression().fit(np.eye(3), np.ones(3))
        fitted.coef_[1] = np.nan
        with pytest.raises(UntrustedError, match=r"its attribute coef_ holds nan .* expected finite numbers"):
            model.save_object(fitted)
        assert census(model.connector) == before

    def test_an_estimator_with_a_function_is_refused_on_opening(self, model):
        keep_bytes(model, "skops", skops.io.dumps(FunctionTransformer(keep_bytes)))
        with pytest.raises(UntrustedError, match="could run code when opened"):
            model.load_object()

    @pytest.mark.parametrize(
        ("field", "index"),
        [
            ("left_child", 10**6),
            ("left_child", -5),
            ("left_child", 0),  # runs in a circle
            ("right_child", 10**6),
            ("right_child", -1),
            ("feature", 3),
            ("feature", -7),
        ],
    )
    def test_a_tree_that_points_outside_itself_is_refused(self, model, field, index):
        forest = RandomForestRegressor(2, max_depth=3, random_state=0).fit(X, Y)
        tree = forest.estimators_[1].tree_
        make, arguments, state = tree.__reduce__()
        state["nodes"] = state["nodes"].copy()
        state["nodes"][field][0] = index
        forged = make(*arguments)
        forged.__setstate__(state)
        forest.estimators_[1].tree_ = forged
        keep_bytes(model, "skops", skops.io.dumps(make_pipeline(StandardScaler().fit(X), forest)))
        with pytest.raises(UntrustedError, match=r"decision tree points outside itself.*do not use it"):
            model.load_object()


class TestNetworkAndDataSet:
    def test_a_network_is_kept_as_json(self, model):
        class Network:
            def to_json(self):
                return {"name": "dense", "units": 4}

        for network in (Network(), {"name": "dense", "units": 4}):
            made = model.research.create_model("n", network)
            assert Model.get(made.id).network == {"name": "dense", "units": 4}

    @pytest.mark.parametrize("network", ["dense", {"units": 4}, 7])
    def test_what_is_no_network_is_refused(self, model, census, network):
        before = census(model.connector)
        with pytest.raises(
            InvalidInputError, match=r"is not a network; expected a specification of entrainer.networks"
        ):
            model.research.create_model("n", network)
        assert census(model.connector) == before

    def test_a_model_without_data_set_says_so(self, model):
        with pytest.raises(NotFoundError, match=r"has no data set. Set one: model\.data_set\("):
            model.data_set()

    def test_a_trained_model_keeps_its_data_set(self, model, sunspots):
        preparation = sunspots.create_snapshot().create_preparation()
        first, second = preparation.create_set(Window(3)), preparation.create_set(Window(4))
        model.data_set(second)
        model.data_set(first)  # not trained yet: it may change its mind
        model.save_object(LinearRegression().fit(X, Y))
        with pytest.raises(
            InvalidInputError, match=r"was trained on data set 1; received data set 2\. Make a new model"
        ):
            model.data_set(second)
        assert Model.get(model.id).data_set() == first
        model.data_set(first)
