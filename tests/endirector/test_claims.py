"""The mark rests on what the store did itself; what people say of a member is shown as claimed, and changes are noticed."""

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sqlalchemy import update

import endirector
import enstorage
import entrainer
from commands import run_command
from enstorage import DataSource, Ensemble, ModelMeta, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.networks import Estimator
from solar import make_sunspots


def make():
    """Two estimators that were trained and backtested here, and their ensemble fitted on valid rows."""
    preparation = make_sunspots().create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = Project(name="Sun", data_source=preparation.data_snapshot.data_source).save()
    research = project.create_research("Standard data", preparation)
    for lag, alpha in ((3, 0.1), (5, 1.0)):
        model = research.create_model(f"lag {lag}", Estimator("Ridge", {"alpha": alpha}))
        model.data_set(preparation.create_set(Window(lag)))
    models = project.models()
    entrainer.fit(models, progress=False)
    entrainer.backtest(models, folds=2, progress=False)
    endirector.Conductor(project.create_ensemble("weighted_voting", models=models, fit_on="valid")).render()


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return Project.get(1)


@pytest.fixture
def ensemble(store):
    return Ensemble.get(1)


def stored(model, part):
    kept = model.forecasts(part)
    return kept["id"].to_numpy(), kept["value"].to_numpy()


def truth(model, part):
    ids, values = model.data_set().targets(part)
    return ids, values


def render(project, **choice):
    made = project.create_ensemble("weighted_voting", models=project.models(), **choice)
    return endirector.Conductor(made).render()


def test_what_was_done_here_is_no_claim(project, ensemble):
    assert (ensemble.mark(), ensemble.claims(), ensemble.shown_mark()) == ("held-out", {}, "held-out")
    assert ensemble.warnings() == []
    folds = render(project, fit_on="out_of_fold")
    assert (folds.shown_mark(), folds.claims()) == ("out-of-fold", {})


@pytest.mark.parametrize("key", ["trained_on", "backtest"])
def test_facts_that_are_known_cannot_be_written(ensemble, key):
    model = ensemble.models()[0]
    before = model.metas()
    for write in (lambda: model.meta(key, []), lambda: model.metas({"other": 1, key: []})):
        with pytest.raises(InvalidInputError, match=rf"fact '{key}' is known and cannot be written"):
            write()
    assert model.metas() == before


def test_no_other_way_of_writing_changes_what_the_mark_rests_on(project, ensemble):
    model = ensemble.models()[0]
    with model.connector.transaction() as session:
        session.execute(update(ModelMeta).where(ModelMeta.key == "trained_on").values(value=["valid"]))
    model.log(0, trained_on=1.0)
    assert render(project, fit_on="valid").shown_mark() == "held-out"
    assert render(project, fit_on="train").shown_mark() == "in-sample"


def test_trained_on_nothing_is_a_claim(project):
    model = project.researches()[0].create_model("by hand")
    model.data_set(project.models()[0].data_set())
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    model.meta("trained_on", [])
    made = endirector.Conductor(project.create_ensemble("voting", models=[model])).render()
    assert made.claims() == {"by hand": ["trained_on"]}
    assert made.shown_mark() == "held-out, claimed"


def test_another_object_is_not_the_one_that_was_trained(project):
    model = project.models()[0]
    _, X, y = model.data_set().arrays("valid")
    model.save_object(LinearRegression().fit(X, y))
    assert "trained_on" in render(project, fit_on="valid").claims()["lag 3"]
    entrainer.fit(model, progress=False)
    assert render(project, fit_on="valid").claims() == {}


def test_forecasts_saved_over_those_of_an_object_are_claimed_and_verify_finds_them(project):
    model = project.models()[0]
    for part in ("valid", "test"):
        model.save_forecasts(part, *truth(model, part))
    made = render(project, fit_on="valid")
    assert made.claims() == {"lag 3": ["forecasts: test", "forecasts: valid"]}
    assert "lag 3 has a test error of exactly 0" in " ".join(made.warnings())
    found = endirector.Conductor(made).verify()
    assert [(each.member, each.part, each.made_here) for each in found.different] == [
        ("lag 3", "valid", False),
        ("lag 3", "test", False),
    ]
    assert found.different[0].largest_difference > found.different[0].allowed
    entrainer.predict(model)
    verified = endirector.Conductor(render(project, fit_on="valid")).verify()
    assert (verified.different, verified.not_recomputed) == ((), {})


def test_forecasts_that_a_person_corrected_are_found_by_verify_with_member_and_size(project, tmp_path):
    model = project.models()[0]
    ids, values = stored(model, "test")
    model.save_forecasts("test", ids, np.maximum(values, 0) + 0.5)
    made = render(project, fit_on="valid")
    (found,) = endirector.Conductor(made).verify().different
    assert (found.member, found.part, found.made_here) == ("lag 3", "test", False)
    assert found.largest_difference == pytest.approx(np.abs(np.maximum(values, 0) + 0.5 - values).max())
    command = ("verify", made.id, "--quiet", "--store", tmp_path / "store")
    shown = run_command(*command)
    assert (shown.status, shown.errors) == (1, "")
    assert "numbers agree" in shown.output
    assert (
        "Different: The stored forecasts of lag 3 for test are not those of its object: they differ by" in shown.output
    )
    told = run_command(*command, "--json")
    assert (told.status, json.loads(told.output)["different"]) == (1, [asdict(found)])


def test_verify_finds_a_difference_in_values_of_any_size(project):
    """The tolerance is relative: a series of tiny values has one of its own."""
    source = DataSource(name="tiny", time_interval="1y").save()
    source.write([f"{year}" for year in range(1900, 1940)], 1e-9 * (2 + np.sin(np.arange(40))))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.2, 0.3)
    model = Project(name="Tiny", data_source=source).save().create_research("r", preparation).create_model("tiny")
    model.data_set(preparation.create_set(Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    for part in ("train", "valid", "test"):
        ids, truth = model.data_set().targets(part)
        model.save_forecasts(part, ids, 1.001 * truth)
    made = endirector.Conductor(model.research.project.create_ensemble("voting", models=[model])).render()
    assert {each.part for each in endirector.Conductor(made).verify().different} == {"train", "valid", "test"}


def test_in_sample_forecasts_saved_as_out_of_fold_are_claimed(project):
    for model in project.models():
        model.save_forecasts("out_of_fold", *stored(model, "train"))
    made = render(project, fit_on="out_of_fold")
    assert made.shown_mark() == "out-of-fold, claimed"
    assert made.claims() == {name: ["forecasts: out_of_fold"] for name in ("lag 3", "lag 5")}
    assert made.warnings()[0].startswith(
        "The mark is claimed: it rests on what was said of lag 3 (forecasts: out_of_fold)"
    )


def test_claims_stand_beside_the_mark_wherever_it_is_shown(project, tmp_path):
    model = project.models()[0]
    model.save_forecasts("valid", *stored(model, "valid"))
    made, place = render(project, fit_on="valid"), ("--store", tmp_path / "store")
    claims = {"lag 3": ["forecasts: valid"]}
    assert "held-out, claimed" in made._repr_html_()
    assert "held-out, claimed" in run_command("show", "ensemble", made.id, *place).output
    assert "held-out, claimed" in run_command("diagnose", made.id, "--quiet", *place).output
    written = endirector.report(made, tmp_path / "report.html", progress=False)
    assert "held-out, claimed" in written.path.read_text()
    assert enstorage.compare([made, made]).values["result.claims.lag 3"] == (["forecasts: valid"],) * 2
    assert made.labelled_result()["claims"] == claims


def test_a_claim_that_changed_after_rendering_is_seen(project):
    model = project.researches()[0].create_model("uploaded")
    for part in ("train", "valid", "test"):
        model.save_forecasts(part, *stored(project.models()[0], part))
    made = endirector.Conductor(project.create_ensemble("weighted_voting", models=[model], fit_on="valid")).render()
    assert made.staleness() == []
    model.meta("trained_on", ["train", "valid"])
    assert made.staleness() == [
        f"{model} counted as trained on train, and counts as trained on train and valid now: the mark may be another."
    ]


def test_what_a_bundle_says_is_claimed_until_it_is_done_here(ensemble, tmp_path):
    enstorage.export_project(ensemble.project, tmp_path / "sun.enz")
    with enstorage.Connector.in_folder(tmp_path / "other") as other:
        enstorage.import_bundle(tmp_path / "sun.enz")
        there = Ensemble.get(1)
        assert there.mark() == "held-out"
        assert there.claims()["lag 3"] == ["trained_on", "forecasts: test", "forecasts: train", "forecasts: valid"]
        assert endirector.Conductor(there).verify().not_recomputed == {}
        entrainer.fit(there.models(), progress=False)
        assert there.claims() == {}
    other.close()


def test_check_compares_the_mark_with_the_rows(store, project):
    made = render(project, fit_on="train")
    assert enstorage.check() == []
    made.result = {**made.result, "mark": "held-out"}
    made.save()
    (found,) = enstorage.check()
    assert "Its mark is 'held-out', and Model(1, 'lag 3') was trained on" in found.problem


class TestPropertiesOfAMember:
    def test_notes_of_people_stay_and_verify_says_nothing_of_them(self, ensemble):
        item = ensemble.items()[0]
        notes = {"note": "from the audit", "seen": {"by": ["Anna", "Ивар"], "at": 2.5}}
        item.properties |= notes
        item.save()
        endirector.Conductor(ensemble).verify()
        endirector.diagnose(ensemble, progress=False)
        endirector.Conductor(ensemble).render()
        kept = ensemble.items()[0].properties
        assert {name: kept[name] for name in notes} == notes
        assert (ensemble.staleness(), enstorage.check()) == ([], [])

    @pytest.mark.parametrize("given", ["a note", ["a", "list"], 3])
    @pytest.mark.parametrize("name", ["properties", "tags"])
    def test_what_is_no_dictionary_is_refused_in_one_message(self, ensemble, name, given):
        with pytest.raises(InvalidInputError, match=f"attribute {name} is a dictionary; received .*Give names"):
            setattr(ensemble.items()[0], name, given)

    def test_a_weight_that_was_changed_by_hand_is_noticed(self, ensemble):
        item = ensemble.items()[1]
        item.properties["weight"] = float(np.nextafter(item.properties["weight"], 1))
        item.save()
        said = "What rendering wrote of lag 5 was changed by hand."
        assert ensemble.staleness() == [said]
        assert said in ensemble.warnings()[0]
        assert said in enstorage.check()[0].problem
