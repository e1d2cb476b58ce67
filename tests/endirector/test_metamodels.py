"""Metamodels: estimators of scikit-learn by name or as objects, those inside of others, and those that no format keeps."""

import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor, StackingRegressor
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler
from sklearn.utils.discovery import all_estimators
from test_ensemble_forecasts import made, rendered

import endirector
import enstorage
import entrainer
from endirector.combination import recipe
from endirector.methods.metamodel import check_metamodel, make_metamodel
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError

#: That forecast several targets at once, take one feature only, or are made of others that have to be given.
NOT_BY_NAME = {
    "CCA",
    "IsotonicRegression",
    "MultiOutputRegressor",
    "MultiTaskElasticNet",
    "MultiTaskElasticNetCV",
    "MultiTaskLasso",
    "MultiTaskLassoCV",
    "PLSCanonical",
    "RegressorChain",
    "StackingRegressor",
    "VotingRegressor",
}
NESTED = [
    make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(alpha=0.1)),
    StackingRegressor([("one", Ridge()), ("other", RandomForestRegressor(3))], final_estimator=Lasso()),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}),
]
IN_PIPELINE = {"estimator": "Pipeline", "parameters": {"steps": [["one", {"estimator": "Ridge"}]]}}
UNKEPT = ["HistGradientBoostingRegressor"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore::UserWarning")
def test_every_regressor_of_scikit_learn_is_a_metamodel_by_its_name_that_can_be_one():
    names = {name for name, _ in all_estimators(type_filter="regressor")}
    refused = set()
    for name in names:
        try:
            assert check_metamodel(name, {}) == (name, {})
        except InvalidInputError:
            refused.add(name)
    assert len(names) > 50
    assert refused == NOT_BY_NAME


@pytest.mark.parametrize("estimator", NESTED, ids=lambda each: type(each).__name__)
def test_an_estimator_with_others_inside_is_kept_as_names_and_parameters(store, estimator):
    project = made()
    ensemble = rendered(project, "blending", estimator)
    endirector.Conductor(ensemble).verify()
    table = ensemble.table()
    members = table.select(name for name in table.columns if name.startswith("member_")).to_numpy()
    fitted = table["fitted"].to_numpy()
    seeds = {name: 0 for name in estimator.get_params() if name.endswith("random_state")}
    expected = clone(estimator).set_params(**seeds).fit(members[fitted], table["truth"].to_numpy()[fitted])
    assert endirector.what_if(ensemble).metamodel.predict(members) == pytest.approx(
        expected.predict(members), rel=1e-12
    )


def test_a_seed_that_is_not_given_is_0_also_inside(store):
    _, parameters = check_metamodel(NESTED[1], {})
    assert make_metamodel("StackingRegressor", parameters).get_params()["other__random_state"] == 0


@pytest.mark.parametrize(
    ("name", "parameters", "words"),
    [
        ("Pipeline", {"steps": [["one", {"estimator": "Rigde"}]]}, "Did you mean Ridge"),
        ("Pipeline", {"steps": [["one", {"estimator": "StandardScaler"}]]}, "neither a regressor nor a classifier"),
        ("Pipeline", {"steps": [["one", {"estimator": "Ridge"}]], "memory": "."}, "would keep pickles in files"),
        ("Pipeline", {"steps": []}, "neither a regressor nor a classifier"),
        ("Pipeline", {"steps": "x"}, "Pipeline cannot be made with such parameters"),
        (
            "Pipeline",
            {"steps": [["one", {"estimator": "Ridge", "parameters": [1]}]]},
            "expected a mapping from names to values",
        ),
        ("VotingRegressor", {"estimators": [["a"]]}, "cannot be (made|a metamodel)"),
        ("BaggingRegressor", {"estimator": "Ridge"}, "An estimator inside of another is "),
        ("SelfTrainingClassifier", {}, "SelfTrainingClassifier cannot be made with such parameters"),
        *(
            ("GridSearchCV", {"estimator": IN_PIPELINE, "param_grid": grid}, "would keep pickles in files")
            for grid in ({"memory": ["."]}, [{"a": [1]}, {"inner__memory": ["."]}])
        ),
        (
            "RandomizedSearchCV",
            {"estimator": IN_PIPELINE, "param_distributions": {"memory": ["."]}},
            "would keep pickles",
        ),
    ],
)
def test_what_no_estimator_can_be_made_of_is_refused(name, parameters, words):
    with pytest.raises(InvalidInputError, match=words):
        check_metamodel(name, parameters)


def test_a_seed_that_is_not_given_is_0_also_in_what_a_search_tries():
    search = GridSearchCV(make_pipeline(Ridge()), {"ridge": [RandomForestRegressor(3), RandomForestRegressor(4)]})
    (first, second) = make_metamodel(*check_metamodel(search, {})).param_grid["ridge"]
    assert (first.random_state, second.random_state) == (0, 0)


def test_a_tuple_among_the_parameters_is_one_again():
    name, parameters = check_metamodel(make_pipeline(MinMaxScaler((-1, 1)), Ridge()), {})
    assert make_metamodel(name, parameters).named_steps["minmaxscaler"].feature_range == (-1, 1)


@pytest.mark.parametrize("method", ["blending", "stacking"])
def test_a_metamodel_that_changes_what_it_is_given_changes_no_forecast_of_a_member(store, method):
    project = made()
    entrainer.backtest(project.models(), progress=False)
    plain = rendered(project, method, make_pipeline(StandardScaler(), Ridge())).table()
    in_place = rendered(project, method, make_pipeline(StandardScaler(copy=False), Ridge()))
    for name in plain.columns:
        assert in_place.table()[name].to_numpy() == pytest.approx(plain[name].to_numpy(), rel=1e-12, nan_ok=True)
    endirector.Conductor(in_place).verify()


@pytest.mark.parametrize("other", [RandomForestRegressor(3), Lasso(), "KNeighborsRegressor"])
def test_what_if_takes_another_metamodel_without_the_parameters_of_this_one(store, other):
    ensemble = rendered(made(), "blending", Ridge(alpha=2.0))
    again = endirector.what_if(ensemble, metamodel=other).metamodel
    assert type(again).__name__ == (other if isinstance(other, str) else type(other).__name__)


@pytest.mark.parametrize("metamodel", UNKEPT)
class TestWhatNoFormatKeepsAsData:
    """It is fitted again on the members' forecasts, which are kept, whenever it is needed."""

    def test_forecasts_what_the_rendered_ensemble_said(self, store, metamodel):
        ensemble = rendered(made(), "blending", metamodel)
        assert (ensemble.object_format, ensemble.object_sha256) == (None, None)
        for id, value in ensemble.forecasts("test").select("id", "value").head(4).rows():
            told = endirector.forecast(ensemble, 1, time_from=id, levels=())
            assert told["value"].to_list() == pytest.approx([value], rel=1e-9)
        endirector.Conductor(ensemble).verify()
        with pytest.raises(NotFoundError, match=f"The {metamodel} of .* is not stored"):
            ensemble.load_metamodel()
        assert type(endirector.what_if(ensemble).metamodel).__name__ == metamodel

    def test_goes_elsewhere_in_a_bundle(self, store, tmp_path, metamodel):
        ensemble = rendered(made(), "blending", metamodel)
        expected = endirector.forecast(ensemble, 3, levels=())
        enstorage.export_project(ensemble.project, tmp_path / "one.enz")
        with enstorage.Connector.in_folder(tmp_path / "other") as other:
            (arrived,) = enstorage.import_bundle(tmp_path / "one.enz", other).project.ensembles()
            assert endirector.forecast(arrived, 3, levels=())["value"].equals(expected["value"])

    @pytest.mark.parametrize("scale", [1.0, 1e-9])
    def test_is_refused_where_it_says_something_else(self, store, monkeypatch, metamodel, scale):
        ensemble = rendered(made(scale=scale), "blending", metamodel)
        monkeypatch.setattr(recipe, "make_metamodel", lambda *_: Ridge())
        with pytest.raises(CorruptError, match=r"forecasts other values: they differ by .* Render the ensemble again"):
            endirector.forecast(ensemble, 3, levels=())


def test_with_pickle_allowed_it_is_kept(tmp_path):
    with enstorage.Connector.in_folder(tmp_path, allow_pickle=True):
        ensemble = rendered(made(), "blending", "TweedieRegressor")
        assert ensemble.object_format == "pickle"
        assert ensemble.load_metamodel().power == 0.0
