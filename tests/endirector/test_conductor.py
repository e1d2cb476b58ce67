"""Rendering: five steps, alignment by target id, honesty of the fit, and that a refusal changes nothing."""

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, Ridge

import endirector
import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError

LAGS = (5, 7, 13)


def yearly(first, last):
    """Years as times, and a cycle of eleven years with a little noise."""
    years = np.arange(first, last + 1)
    times = (years - 1970).astype("datetime64[Y]").astype("datetime64[ns]")
    noise = np.random.default_rng(1).normal(0, 3, len(years))
    return times, 60 + 40 * np.sin(years * 2 * np.pi / 11) + noise


def make_project(store, *, valid_part=0.0, name="Solar activity"):
    source = enstorage.DataSource(name=name, time_interval="1y", unit="sunspots").save()
    source.write(*yearly(1700, 2015))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.7 - valid_part, valid_part, 0.3)
    return enstorage.Project(name=name, data_source=source).save(), preparation


def trained(research, preparation, lag, estimator=None, name=None, **window):
    """A model of scikit-learn with a data set of that lag, trained on its train rows."""
    model = research.create_model(name or f"lag {lag}")
    model.data_set(preparation.create_set(Window(lag, **window)))
    _, X, y = model.data_set().arrays("train")
    model.save_object((estimator or LinearRegression()).fit(X, y))
    return model


@pytest.fixture
def project(store):
    project, preparation = make_project(store)
    research = project.create_research("Standard data", preparation)
    for lag in LAGS:
        trained(research, preparation, lag)
    return project


def test_the_papers_own_snippet_runs(store):
    made, preparation = make_project(store)
    research = made.create_research("Standard data", preparation)
    for lag in (2, 3, *LAGS):
        trained(research, preparation, lag)

    project = enstorage.Project.get(1)
    models = enstorage.Model.get_list([3, 4, 5])
    ensemble = project.create_ensemble('blending', 'LinearRegression', models=models)  # fmt: skip
    conductor = endirector.Conductor(ensemble)
    conductor.render()

    assert [model.name for model in ensemble.models()] == ["lag 5", "lag 7", "lag 13"]
    assert enstorage.Ensemble.get(ensemble.id).weights() == ensemble.weights()


def test_lags_5_7_and_13_of_the_real_series_meet_in_303_ids(store, test_data, tmp_path):
    lines = (test_data / "sunspots" / "SN_y_tot_V2.0_2col.csv").read_text().splitlines()
    (tmp_path / "1700-2015.csv").write_text("\n".join(lines[:317]) + "\n")
    source = enstorage.DataSource(name="Sunspots", time_interval="1y").save()
    assert source.write(tmp_path / "1700-2015.csv") == 316
    preparation = source.create_snapshot().create_preparation("drop", "minmax")
    project = enstorage.Project(name="Sunspots", data_source=source).save()
    research = project.create_research("LSTM", preparation)
    models = [trained(research, preparation, lag) for lag in LAGS]

    ensemble = project.create_ensemble("blending", "LinearRegression", models=models)
    endirector.Conductor(ensemble).render()

    assert ensemble.alignment() == {"common": 303, "lost": {"lag 5": 8, "lag 7": 6, "lag 13": 0}, "not_measured": 0}


def test_blending_is_the_regression_of_the_truth_on_the_members_train_forecasts(project):
    ensemble = project.create_ensemble("blending", "LinearRegression", models=project.models())
    endirector.Conductor(ensemble).render()

    table = ensemble.table()
    train = table.filter(pl.col("part") == 0)
    members = [column for column in table.columns if column.startswith("member_")]
    expected = LinearRegression().fit(train.select(members).to_numpy(), train["truth"].to_numpy())
    assert list(ensemble.weights().values()) == pytest.approx(expected.coef_, abs=1e-9)
    assert ensemble.load_metamodel().coef_ == pytest.approx(expected.coef_, abs=1e-9)
    assert table["ensemble"].to_numpy() == pytest.approx(expected.predict(table.select(members).to_numpy()))
    assert table["fitted"].to_list() == (table["part"] == 0).to_list()


def test_members_meet_at_the_times_of_their_targets_whatever_their_offset(store):
    project, preparation = make_project(store)
    research = project.create_research("Offsets", preparation)
    near = trained(research, preparation, 3, offset=1, name="near")
    far = trained(research, preparation, 4, offset=5, name="far")
    ensemble = project.create_ensemble("voting", models=[near, far])
    endirector.Conductor(ensemble).render()

    assert ensemble.alignment() == {"common": 308, "lost": {"near": 5, "far": 0}, "not_measured": 0}
    times, values = preparation.data_snapshot.read()
    truth = dict(zip(times.tolist(), values.tolist(), strict=True))
    table = ensemble.table()
    assert table["truth"].to_list() == pytest.approx([truth[id] for id in table["id"]])


def test_weights_errors_and_lost_rows_stand_in_the_items(project):
    ensemble = project.create_ensemble("blending", "LinearRegression", models=project.models())
    endirector.Conductor(ensemble).render()

    table = ensemble.table().filter(pl.col("part") == 2)
    for item in ensemble.items():
        error = (table[f"member_{item.model_id}"] - table["truth"]).to_numpy()
        assert item.properties["weight"] == ensemble.weights()[item.member.name]
        assert item.properties["errors"]["test"]["mse"] == pytest.approx(np.mean(error**2))
        assert item.properties["lost_rows"] == ensemble.alignment()["lost"][item.member.name]
    span = preparation_span(project)
    test = ensemble.metrics()["test"]["ensemble"]
    assert test["mse_scaled"] == pytest.approx(test["mse"] / span**2)
    assert test["rmse"] == pytest.approx(test["mse"] ** 0.5)


def preparation_span(project):
    preparation = project.researches()[0].data_preparation
    train = preparation.table().filter(pl.col("part") == 0)["value"]
    return train.max() - train.min()


def test_voting_is_the_mean_and_weighted_voting_lies_on_the_simplex(project):
    voting = project.create_ensemble("voting", models=project.models())
    endirector.Conductor(voting).render()
    table = voting.table()
    members = [column for column in table.columns if column.startswith("member_")]
    assert table["ensemble"].to_numpy() == pytest.approx(table.select(members).to_numpy().mean(axis=1))

    weighted = project.create_ensemble("weighted_voting", models=project.models())
    endirector.Conductor(weighted).render()
    weights = np.array(list(weighted.weights().values()))
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_the_fit_is_marked_by_the_rows_that_the_members_were_trained_on(store):
    project, preparation = make_project(store, valid_part=0.2)
    research = project.create_research("Standard data", preparation)
    models = [trained(research, preparation, lag) for lag in LAGS]
    marks = {}
    for fit_on in (None, "train", "valid"):
        ensemble = project.create_ensemble("blending", "Ridge", models=models, fit_on=fit_on)
        endirector.Conductor(ensemble).render()
        marks[fit_on] = (ensemble.result["fit_on"], ensemble.mark())
    assert marks == {None: ("valid", "held-out"), "train": ("train", "in-sample"), "valid": ("valid", "held-out")}

    models[0].meta("trained_on", ["train", "valid"])
    ensemble = project.create_ensemble("blending", "Ridge", models=models)
    endirector.Conductor(ensemble).render()
    assert ensemble.mark() == "in-sample"


def test_test_rows_decide_nothing(project):
    models = project.models()
    before = project.create_ensemble("blending", "LinearRegression", models=models)
    endirector.Conductor(before).render()
    for model in models:
        kept = model.forecasts("test")
        model.save_forecasts("test", kept["id"].to_numpy(), kept["value"].to_numpy() * 3 + 100)
    after = project.create_ensemble("blending", "LinearRegression", models=models)
    endirector.Conductor(after).render()

    assert after.weights() == before.weights()
    assert after.result["intercept"] == before.result["intercept"]
    assert after.metrics()["test"] != before.metrics()["test"]


def test_a_member_may_be_nothing_but_its_forecasts(project):
    lag_13 = project.models()[-1]
    endirector.Conductor(project.create_ensemble("voting", models=[lag_13])).render()
    uploaded = project.researches()[0].create_model("from a colleague")
    for part in ("train", "test"):
        rows = lag_13.forecasts(part)
        uploaded.save_forecasts(part, rows["id"].to_numpy(), rows["value"].to_numpy() + 1)

    ensemble = project.create_ensemble("voting", models=[lag_13, uploaded])
    endirector.Conductor(ensemble).render()

    both = ensemble.table()
    assert both["ensemble"].to_numpy() == pytest.approx(both[f"member_{lag_13.id}"].to_numpy() + 0.5)


def test_a_model_that_was_trained_again_is_predicted_again(project):
    model = project.models()[0]
    ensemble = project.create_ensemble("voting", models=[model])
    endirector.Conductor(ensemble).render()
    before = ensemble.table()["ensemble"].to_numpy()
    _, X, y = model.data_set().arrays("train")
    model.save_object(RandomForestRegressor(3, random_state=0).fit(X, y))
    endirector.Conductor(ensemble).render()
    assert not np.allclose(ensemble.table()["ensemble"].to_numpy(), before)


def test_rendering_twice_gives_the_same_bits_and_leaves_one_table_and_one_forecast_a_part(project, census):
    ensemble = project.create_ensemble("blending", "LinearRegression", models=project.models())
    endirector.Conductor(ensemble).render()
    first, counted = ensemble.table(), census(project.connector)
    endirector.Conductor(ensemble).render()
    assert ensemble.table().equals(first)
    assert {**census(project.connector), "objects": 0} == {**counted, "objects": 0}
    assert ensemble.forecasts("test")["value"].to_list() == first.filter(pl.col("part") == 2)["ensemble"].to_list()


def test_duplicate_names_are_told_apart_by_id(project):
    research = project.researches()[0]
    twin = trained(research, research.data_preparation, 5)
    ensemble = project.create_ensemble("voting", models=[project.models()[0], twin])
    endirector.Conductor(ensemble).render()
    assert list(ensemble.alignment()["lost"]) == ["lag 5 (1)", f"lag 5 ({twin.id})"]


def refused(store, census, action, *words):
    """The action is refused with a message that has all the words, and nothing is changed."""
    before = census(store)
    with pytest.raises((InvalidInputError, NotFoundError)) as caught:
        action()
    assert census(store) == before
    for word in words:
        assert word in str(caught.value)


def test_unknown_methods_and_metamodels_are_refused_with_what_is_known(store, census, project):
    models = project.models()
    make = project.create_ensemble
    refused(
        store,
        census,
        lambda: make("blendin", "Ridge", models=models),
        "'blendin'",
        "voting",
        "Did you mean 'blending'?",
    )
    refused(store, census, lambda: make("blending", "LinearRegresion", models=models), "LinearRegression")
    refused(store, census, lambda: make("blending", "LogisticRegression", models=models), "not a regressor", "Ridge")
    refused(store, census, lambda: make("blending", models=models), "needs a metamodel", "LinearRegression")
    refused(store, census, lambda: make("voting", "Ridge", models=models), "has no metamodel", "Leave it out")
    refused(store, census, lambda: make("voting", models=models, fit_on="test"), "train, valid", "'test'")


def test_members_of_another_project_are_refused(store, census, project):
    other, preparation = make_project(store, name="Moon")
    stranger = trained(other.create_research("Other", preparation), preparation, 5)
    refused(
        store,
        census,
        lambda: project.create_ensemble("voting", models=[project.models()[0], stranger]),
        "belongs to project 2",
        "Choose others",
    )


def test_a_member_takes_part_once(store, census, project):
    model = project.models()[0]
    refused(store, census, lambda: project.create_ensemble("voting", models=[model, model]), "given twice")


def test_members_without_a_common_id_are_refused(store, census, project):
    research = project.researches()[0]
    early, late = research.create_model("early"), research.create_model("late")
    early.save_forecasts("train", ["1750", "1751"], [1.0, 2.0])
    late.save_forecasts("train", ["1760", "1761"], [1.0, 2.0])
    ensemble = project.create_ensemble("voting", models=[early, late])
    refused(
        store,
        census,
        endirector.Conductor(ensemble).render,
        "no common target",
        "early 2 targets (1750-01-01T00:00:00Z – 1751-01-01T00:00:00Z)",
        "late 2 targets",
    )
    with pytest.raises(NotFoundError, match="not rendered"):
        ensemble.alignment()


def test_an_ensemble_without_members_and_a_member_without_anything_are_refused(store, census, project):
    empty = project.create_ensemble("voting")
    refused(store, census, endirector.Conductor(empty).render, "has no members")
    bare = project.researches()[0].create_model("bare")
    ensemble = project.create_ensemble("voting", models=[bare])
    refused(store, census, endirector.Conductor(ensemble).render, "has no forecasts", "save_forecasts")


def test_an_empty_part_to_fit_on_is_refused(store, census, project):
    ensemble = project.create_ensemble("blending", "Ridge", models=project.models(), fit_on="valid")
    endirector.Conductor(project.create_ensemble("voting", models=project.models())).render()
    refused(store, census, endirector.Conductor(ensemble).render, "'valid'", "share no target")
    folds = project.create_ensemble("blending", "Ridge", models=project.models(), fit_on="out_of_fold")
    refused(store, census, endirector.Conductor(folds).render, "out-of-fold", "'train' or 'valid'")


def test_members_that_hold_different_truths_are_refused(store, census, project):
    source = project.data_source
    times, values = source.read()
    source.write(times[100:101], values[100:101] + 50)
    preparation = source.create_snapshot().create_preparation("drop", "minmax")
    late = trained(project.create_research("Later data", preparation), preparation, 5, name="later")
    endirector.Conductor(project.create_ensemble("voting", models=[late])).render()
    endirector.Conductor(project.create_ensemble("voting", models=project.models()[:1])).render()
    ensemble = project.create_ensemble("voting", models=[project.models()[0], late])
    refused(store, census, endirector.Conductor(ensemble).render, "different targets", "1800-01-01", "later")


def test_a_longer_horizon_is_combined_step_by_step_and_differing_horizons_are_refused(store, census):
    project, preparation = make_project(store)
    research = project.create_research("Three years", preparation)
    models = [trained(research, preparation, lag, Ridge(), horizon=3) for lag in (4, 6)]
    ensemble = project.create_ensemble("voting", models=models)
    endirector.Conductor(ensemble).render()
    table = ensemble.table()
    assert sorted(table["step"].unique()) == [1, 2, 3]
    assert ensemble.alignment()["lost"] == {"lag 4": 6, "lag 6": 0}

    one = trained(research, preparation, 5, name="one year")
    endirector.Conductor(project.create_ensemble("voting", models=[one])).render()
    mixed = project.create_ensemble("voting", models=[models[0], one])
    refused(store, census, endirector.Conductor(mixed).render, "horizons", "one year 1")


def test_an_onnx_model_is_a_member_like_any_other(project, tmp_path):
    """A model goes out as ONNX and comes back as one of another library would: the ensemble is the same."""
    first, second, third = project.models()
    first.export(tmp_path / "first")
    foreign = first.research.import_model(tmp_path / "first" / "model.onnx", "foreign")
    foreign.data_set(first.data_set())
    ensembles = []
    for members in ([first, second, third], [foreign, second, third]):
        ensembles.append(project.create_ensemble("blending", "LinearRegression", models=members))
        endirector.Conductor(ensembles[-1]).render()
    own, mixed = ensembles
    assert foreign.object_format == "onnx"
    assert mixed.forecasts("test")["value"].to_numpy() == pytest.approx(
        own.forecasts("test")["value"].to_numpy(), rel=1e-9
    )
    assert mixed.metrics()["test"]["members"]["foreign"] == pytest.approx(own.metrics()["test"]["members"]["lag 5"])


def test_an_onnx_model_of_another_lag_is_refused_by_shape(project, tmp_path):
    first, second, _ = project.models()
    first.export(tmp_path / "first")
    foreign = first.research.import_model(tmp_path / "first" / "model.onnx", "foreign")
    foreign.data_set(second.data_set())
    with pytest.raises(InvalidInputError, match=r"takes samples of shape \(rows, 5\); X has shape \(309, 7\)"):
        entrainer.predict(foreign)
