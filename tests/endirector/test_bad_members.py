"""Members that do not go together, or that give a method nothing to choose: refused with a reason, or solved and said."""

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage
from endirector.alignment.align import MemberForecasts, align
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError

METHODS = {
    "voting": None,
    "weighted_voting": None,
    "blending": "LinearRegression",
    "stacking": "LinearRegression",
    "greedy": None,
    "linear_stack": None,
    "mixture_of_experts": None,
}


@pytest.fixture
def project(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    project.create_research("Uploaded", preparation)
    return project


def uploaded(project, name, forecast):
    """A model that is nothing but its forecasts: `forecast` goes from the true values to them."""
    model = project.researches()[0].create_model(name)
    times, values = project.data_source.read()
    for part, rows in (("train", slice(0, 28)), ("test", slice(28, 40)), ("out_of_fold", slice(10, 28))):
        model.save_forecasts(part, times[rows], forecast(values[rows]))
    return model


def rendered(project, method, models):
    told = {"gate_lag": 2} if method == "mixture_of_experts" else None
    ensemble = project.create_ensemble(method, METHODS[method], models=models, parameters=told)
    return endirector.Conductor(ensemble).render()


@pytest.mark.parametrize("method", METHODS)
def test_one_member_is_an_ensemble_too(project, method):
    """Its weight is 1; only methods whose weights need not sum to 1 correct it."""
    one = uploaded(project, "too high", lambda values: 2 * values)
    ensemble = rendered(project, method, [one])
    _, values = project.data_source.read()
    corrected = method in ("blending", "stacking", "linear_stack")
    expected = values[28:] if corrected else 2 * values[28:]
    assert ensemble.forecasts("test")["value"].to_numpy() == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_constant_and_repeated_members_are_solved_and_the_rank_is_kept(project, method):
    models = [
        uploaded(project, "constant", lambda values: np.full(len(values), 30.0)),
        uploaded(project, "the same constant", lambda values: np.full(len(values), 30.0)),
        uploaded(project, "good", lambda values: values + np.resize([1.0, -1.0], len(values))),
    ]
    ensemble = rendered(project, method, models)
    assert np.isfinite(ensemble.forecasts()["value"].to_numpy()).all()
    if method in ("weighted_voting", "linear_stack"):
        assert ensemble.result["fit"]["rank"] == 2
    if method in ("blending", "stacking"):
        assert ensemble.result["fit"]["rank"] == 1  # the intercept is another constant
    if METHODS[method] or method == "linear_stack":
        constant, same, _ = ensemble.weights().values()
        assert constant == pytest.approx(same, abs=1e-9)


def test_no_common_target_out_of_fold_is_refused_as_such(project):
    times, values = project.data_source.read()
    one, other = (uploaded(project, name, lambda values: values + 1) for name in ("one", "other"))
    one.save_forecasts("out_of_fold", times[5:10], values[5:10])
    with pytest.raises(InvalidInputError, match=r"no common out-of-fold target.* one 5 targets .*other 18 targets"):
        rendered(project, "greedy", [one, other])


def test_members_of_different_series_are_told_apart_in_the_message():
    def member(name, series):
        columns = {"series": [series], "id": [0], "step": [1], "part": [0], "value": [1.0], "truth": [1.0]}
        return MemberForecasts(name, pl.DataFrame(columns))

    with pytest.raises(
        InvalidInputError, match=r"sun 1 targets of the data source 1 .*moon 1 targets of the data source 2"
    ):
        align([member("sun", 1), member("moon", 2)])


def test_series_in_different_units_are_refused(store, census):
    preparations = []
    for name, unit in (("visits", "visits"), ("heat", "°C")):
        source = enstorage.DataSource(name=name, unit=unit).save()
        source.write(np.cumsum(np.arange(1, 21)) * 86_400 * 10**9, np.ones(20))
        preparations.append(source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4))
    project = enstorage.Project(name="Both", data_source=preparations[0].data_snapshot.data_source).save()
    model = project.create_research("Both", preparations[0]).create_model("next")
    pooled = enstorage.DataSet.from_preparations(preparations, Window(3))
    model.data_set(pooled)
    for part in ("train", "test"):
        ids, truth = pooled.targets(part)
        model.save_forecasts(part, ids, truth + 1, series=pooled.series(part))
    ensemble = project.create_ensemble("voting", models=[model])
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"different units.*'visits'.* in visits, .*'heat'.* in °C"):
        endirector.Conductor(ensemble).render()
    assert census(store) == before


def test_messages_about_members_show_times_on_the_clock_of_the_source(store):
    source = enstorage.DataSource(name="meter", time_interval="1d", time_zone="Europe/Berlin").save()
    days = np.datetime64("2024-03-25") + np.arange(10)
    source.write(days, np.arange(10.0))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7)
    project = enstorage.Project(name="p", data_source=source).save()
    early, late = (project.create_research("r", preparation).create_model(name) for name in ("early", "late"))
    early.save_forecasts("train", days[:2], [1.0, 2.0])
    late.save_forecasts("train", days[5:7], [1.0, 2.0])
    ensemble = project.create_ensemble("voting", models=[early, late])
    spans = (
        "2024-03-25T00:00:00+01:00 – 2024-03-26T00:00:00+01:00.*2024-03-30T00:00:00+01:00 – 2024-03-31T00:00:00+01:00"
    )
    with pytest.raises(InvalidInputError, match=spans.replace("+", r"\+")):
        endirector.Conductor(ensemble).render()
