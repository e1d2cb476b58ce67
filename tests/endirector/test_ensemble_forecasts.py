"""Forecasts of ensembles past the end of the data: every member, combined as it was rendered."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.linear_model import Ridge

import endirector
import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso

ROWS = 200
NOISE = np.random.default_rng(5).normal(0, 3, ROWS)
VALUES = 60 + 30 * np.sin(np.arange(ROWS) * 0.4) + NOISE


def made(name="Load", parts=(0.6, 0.2, 0.2), transform="minmax", windows=None, scale=1.0):
    """A project with three linear models of different windows, trained on the train part."""
    source = enstorage.DataSource(name=name, time_interval="1d", unit="MW").save()
    source.write(np.arange(ROWS).astype("datetime64[D]"), VALUES * scale)
    preparation = source.create_snapshot().create_preparation("drop", transform, *parts)
    project = enstorage.Project(name=name, data_source=source).save()
    research = project.create_research("Windows", preparation)
    for window in windows or [{"lag": 2}, {"lag": 4}, {"lag": 7}]:
        model = research.create_model(f"{window}")
        model.data_set(preparation.create_set(Window(**window)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(Ridge(1.0 / window["lag"]).fit(X, y))
    return project


def rendered(project, method="voting", metamodel=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=project.models(), **options)
    return endirector.Conductor(ensemble).render()


def of_members(project, horizon, time_from=None):
    told = [entrainer.forecast(model, horizon, time_from)["value"].to_numpy() for model in project.models()]
    return np.column_stack(told)


def test_voting_gives_the_mean_of_what_the_members_forecast(store):
    project = made()
    forecast = endirector.forecast(rendered(project), 5, levels=())
    assert forecast["value"].to_numpy() == pytest.approx(of_members(project, 5).mean(axis=1))
    assert forecast.columns == ["series", "id", "step", "quantile", "value", "basis"]
    assert forecast["step"].to_list() == [1, 2, 3, 4, 5]
    assert to_iso(forecast["id"][0]) == "1970-07-20T00:00:00Z"


@pytest.mark.parametrize(
    ("method", "metamodel", "options"),
    [
        ("weighted_voting", None, {}),
        ("weighted_voting", None, {"parameters": {"weights": [0.5, 0.25, 0.25]}}),
        ("blending", "Ridge", {}),
        ("stacking", "RandomForestRegressor", {}),
        ("greedy", None, {}),
        ("linear_stack", None, {}),
        ("mixture_of_experts", None, {}),
    ],
)
def test_of_a_test_row_it_is_what_the_rendered_ensemble_said(store, method, metamodel, options):
    """One step ahead from each of some test rows: the same models, weights, metamodel and gate."""
    project = made()
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, method, metamodel, **options)
    for id, value in ensemble.forecasts("test").select("id", "value").head(4).rows():
        told = endirector.forecast(ensemble, 1, time_from=id, levels=())
        assert told["value"].to_list() == pytest.approx([value], rel=1e-9)


@pytest.mark.parametrize("method", ["linear_stack", "mixture_of_experts"])
def test_the_same_holds_for_members_of_several_steps(store, method):
    project = made(windows=[{"lag": 3, "horizon": 2}, {"lag": 5, "horizon": 2}])
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, method)
    kept = ensemble.forecasts("test").select("id", "step", "value")
    for id in kept.filter(pl.col("step") == 1)["id"].head(4):
        told = endirector.forecast(ensemble, 2, time_from=id, levels=())
        both = told.join(kept, on=["id", "step"])
        assert both["value"].to_list() == pytest.approx(both["value_right"].to_list(), rel=1e-9)


def test_weights_by_step_are_those_of_the_last_step_beyond_it(store):
    project = made(windows=[{"lag": 3, "horizon": 2}, {"lag": 5, "horizon": 2}])
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, "linear_stack")
    weights = [list(ensemble.weights(step=step).values()) for step in (1, 2, 2, 2, 2)]
    expected = np.einsum("sm,sm->s", of_members(project, 5), np.array(weights))
    assert endirector.forecast(ensemble, 5, levels=())["value"].to_numpy() == pytest.approx(expected)


def test_the_gate_of_a_mixture_sees_forecasts_of_the_ensemble_where_values_are_not_known(store):
    project = made()
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, "mixture_of_experts", parameters={"gate_lag": 3})
    gate = ensemble.result["fit"]["gate"]
    transform = project.models()[0].research.data_preparation.transform
    path = VALUES.tolist()
    for members in of_members(project, 4):
        window = (transform.apply(np.array(path))[-3:] - gate["mean"]) / np.array(gate["scale"])
        scores = np.exp(window @ np.array(gate["coefficients"]) + gate["intercepts"])
        path.append(float(members @ scores / scores.sum()))
    assert endirector.forecast(ensemble, 4, levels=())["value"].to_list() == pytest.approx(path[ROWS:])


def test_the_gate_of_a_mixture_sees_the_rows_of_a_newer_snapshot_given_as_series(store):
    project = made()
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, "mixture_of_experts", parameters={"gate_lag": 3})
    project.data_source.write(np.arange(ROWS, ROWS + 5).astype("datetime64[D]"), np.full(5, 60.0))
    newer = project.data_source.create_snapshot()
    as_snapshot = endirector.forecast(ensemble, 4, levels=(), snapshot=newer)
    assert to_iso(as_snapshot["id"][0]) == "1970-07-25T00:00:00Z"
    assert_frame_equal(endirector.forecast(ensemble, 4, levels=(), series=[newer]), as_snapshot)


def test_members_of_other_offsets_meet_at_the_times_they_forecast(store):
    project = made(windows=[{"lag": 3}, {"lag": 4, "offset": 3}])
    forecast = endirector.forecast(rendered(project), 4, levels=())
    assert forecast["value"].to_numpy() == pytest.approx(of_members(project, 4).mean(axis=1))


def test_members_start_at_the_first_time_that_not_all_of_them_know(store):
    project = made()
    source = project.data_source
    source.write(np.arange(ROWS, ROWS + 5).astype("datetime64[D]"), np.full(5, 60.0))
    later = source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    research = project.create_research("Later", later)
    model = research.create_model("later")
    model.data_set(later.create_set(Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(Ridge().fit(X, y))
    ensemble = rendered(project)
    forecast = endirector.forecast(ensemble, 2, levels=())
    assert to_iso(forecast["id"][0]) == "1970-07-20T00:00:00Z"
    expected = of_members(project, 2, "1970-07-20").mean(axis=1)
    assert forecast["value"].to_numpy() == pytest.approx(expected)

    fresh = endirector.forecast(ensemble, 2, levels=(), snapshot=source.create_snapshot())
    assert to_iso(fresh["id"][0]) == "1970-07-25T00:00:00Z"


def test_an_ensemble_inside_an_ensemble_is_forecast_too(store):
    project = made()
    one, two, three = project.models()
    inner = endirector.Conductor(project.create_ensemble("voting", models=[one, two])).render()
    outer = endirector.Conductor(project.create_ensemble("voting", models=[inner, three])).render()
    members = of_members(project, 3)
    expected = (members[:, :2].mean(axis=1) + members[:, 2]) / 2
    assert endirector.forecast(outer, 3, levels=())["value"].to_numpy() == pytest.approx(expected)


def test_members_that_were_trained_on_many_series_forecast_one_of_them_or_all(store):
    sources = []
    for name, factor in (("one", 1.0), ("other", 5.0)):
        source = enstorage.DataSource(name=name, time_interval="1d", unit="MW").save()
        source.write(np.arange(ROWS).astype("datetime64[D]"), factor * VALUES)
        sources.append(source)
    preparations = [each.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2) for each in sources]
    project = enstorage.Project(name="Pooled", data_source=sources[0]).save()
    research = project.create_research("Pooled", preparations[0])
    for lag in (2, 4):
        model = research.create_model(f"lag {lag}")
        model.data_set(enstorage.DataSet.from_preparations(preparations, Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(Ridge(0.1).fit(X, y))
    ensemble = rendered(project)
    told = [endirector.forecast(ensemble, 3, levels=(), series=source) for source in sources]
    assert [table["series"].unique().to_list() for table in told] == [[1], [2]]
    assert (told[1]["value"] / told[0]["value"]).to_list() == pytest.approx([5] * 3)
    with_intervals = endirector.forecast(ensemble, 3, levels=[0.8], series=sources[1])
    assert with_intervals.group_by("step").len().sort("step")["len"].to_list() == [3, 3, 3]
    assert_frame_equal(endirector.forecast(ensemble, 3, levels=()), pl.concat(told))
    both = endirector.forecast(ensemble, 3, levels=[0.8])
    assert_frame_equal(both.filter(series=2), with_intervals)


class TestMembersWithoutObject:
    @pytest.fixture
    def project(self, store):
        project = made()
        uploaded = project.models()[0].research.create_model("uploaded")
        days = np.arange(ROWS).astype("datetime64[D]")
        for part, rows in (("train", slice(20, 120)), ("valid", slice(120, 160)), ("test", slice(160, 200))):
            uploaded.save_forecasts(part, days[rows], VALUES[rows] + 1)
        return project

    def test_they_are_named(self, project):
        with pytest.raises(InvalidInputError, match=r"uploaded of Ensemble.* cannot be forecast past the end.*given="):
            endirector.forecast(rendered(project), 2)

    def test_what_they_say_can_be_given(self, project):
        given = {"uploaded": [10.0, 20.0]}
        forecast = endirector.forecast(rendered(project), 2, levels=(), given=given)
        told = [entrainer.forecast(model, 2)["value"].to_numpy() for model in project.models()[:3]]
        expected = (sum(told) + np.array([10, 20])) / 4
        assert forecast["value"].to_numpy() == pytest.approx(expected)

    @pytest.mark.parametrize("values", [[1.0], [1.0, float("nan")], "ab", [[1.0, 2.0]]])
    def test_as_one_number_a_step(self, project, values):
        with pytest.raises(InvalidInputError, match="are 2 finite numbers, one for each step"):
            endirector.forecast(rendered(project), 2, given={"uploaded": values})

    def test_for_them_alone(self, project):
        name = project.models()[0].name
        with pytest.raises(
            InvalidInputError, match="expected the names of members without object, which are: uploaded"
        ):
            endirector.forecast(rendered(project), 1, given={"uploaded": [1.0], name: [1.0]})


def test_an_ensemble_that_was_not_rendered_is_refused(store):
    project = made()
    with pytest.raises(NotFoundError, match="was not rendered"):
        endirector.forecast(project.create_ensemble("voting", models=project.models()), 1)


def test_a_gate_without_enough_known_values_is_refused(store):
    project = made()
    entrainer.backtest(project.models(), progress=False)
    ensemble = rendered(project, "mixture_of_experts", parameters={"gate_lag": 12})
    with pytest.raises(InvalidInputError, match="looks at the 12 values before 1970-01-09"):
        endirector.forecast(ensemble, 1, time_from="1970-01-09", levels=())
