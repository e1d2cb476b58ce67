"""Scenarios of the builder: train, evaluate, decide, register, in a store aside."""

import numpy as np
import pytest

import endirector
import entrainer
from endirector import Conductor
from enorchestrator import (
    PipelineDefinition,
    aliases_of,
    change_registered,
    evaluate,
    find_version,
    from_pattern,
    issue_forecasts,
    list_versions,
    load_version,
    monitor,
    promote,
    register,
    renew,
    save_pipeline,
)
from enorchestrator.builder import retrain, sandbox
from enstorage import Connector, DataSource, Ensemble, Model
from enstorage.adapter import Window
from enstorage.errors import CancelledError, ConflictError, InvalidInputError, NotSupportedError
from enstorage.progress import listening
from entrainer.networks import TLFN
from released import MONTHS, load, make_ensemble, make_source

PARTS = (0.93, 0.0, 0.07)


def fill():
    register("load", make_ensemble(make_source()), progress=False)
    promote("load", 1)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def source(store):
    return DataSource.get_list()[0]


def come(source, first, last, change=lambda values: values, issue=False):
    values = change(load()[first:last].copy())
    for place, month in enumerate(MONTHS[first:last]):
        if issue:
            issue_forecasts("load")
        source.write(np.array([month], "datetime64[ns]"), values[place : place + 1])


def test_the_whole_loop_ends_with_a_registered_version(store, source):
    come(source, 180, 204, lambda values: values + 40)
    found = renew("load", parts=PARTS, may_promote=True, created_by="anton", progress=False)
    assert (found.version, found.evaluation, found.decision) == (2, "passed", "promoted")
    assert aliases_of("load") == {"previous": 1, "production": 2}
    version = find_version("load", 2)
    assert version.parameters["given"] == {"renewed_from": 1}
    assert load_version("load").project.data_source == source
    snapshot = load_version("load").models()[0].data_set().preparations()[0].data_snapshot
    assert len(snapshot.read()[0]) == 204


def test_what_is_built_aside_is_known_and_not_claimed(store, source):
    change_registered("load", gates={"claims": "refused"})
    come(source, 180, 204, lambda values: values + 40)
    found = renew("load", parts=PARTS, may_promote=True, progress=False)
    assert (found.evaluation, found.decision) == ("passed", "promoted")
    made = load_version("load")
    assert (made.claims(), "claimed" in made.shown_mark()) == ({}, False)
    with pytest.raises(InvalidInputError, match="is known and cannot be written"):
        made.models()[0].meta("trained_on", [])


def test_what_fails_a_gate_is_rejected_and_kept_for_comparison(store, source):
    change_registered("load", gates={"limits": {"mae": 0.01}})
    found = renew("load", may_promote=True, progress=False)
    assert (found.evaluation, found.decision) == ("failed", "rejected")
    assert find_version("load", 2).state == "rejected"
    assert find_version("load", 2).metrics["test"]["mae"] > 0.01
    assert aliases_of("load")["production"] == 1
    with pytest.raises(ConflictError, match="is rejected"):
        promote("load", 2)


def test_the_sandbox_writes_nothing_to_the_production_store(store, source, census):
    before = census(store)
    denied = []

    def build(project):
        assert project.connector is not store
        assert Connector.current() is project.connector
        for write in (
            lambda: source.write(["2031-01-01"], [1.0]),
            source.delete_points,
            lambda: Model.get_list(connector=store)[0].meta("note", 1),
            Ensemble.get_list(connector=store)[0].delete,
            lambda: store.put([b"bytes"]),
            source.create_snapshot,
        ):
            with pytest.raises(NotSupportedError, match="only read while a version is built"):
                write()
            denied.append(True)
        assert len(source.read()[0]) == 180
        raise CancelledError("enough was seen")

    with pytest.raises(CancelledError):
        sandbox.build_aside(load_version("load").project, build, lambda *_: None, first=0, last=1, total=1)
    assert len(denied) == 6
    assert census(store) == before
    source.write(["2031-01-01"], [1.0])


def test_the_same_data_and_seed_give_the_same_version(store, source):
    come(source, 180, 190)
    entity = load_version("load")
    with listening(False) as report:
        first, second = (retrain.retrained(entity, entity.project, report).ensemble for _ in range(2))
    assert first.metrics() == second.metrics() != entity.metrics()
    assert first.table()["ensemble"].equals(second.table()["ensemble"])
    assert endirector.remake(first, progress=False).same
    # What does not come out again is told, by the difference.
    changed = first.models()[0]
    ids, truth = changed.data_set().targets("test")
    changed.save_forecasts("test", ids, truth + 0.25)
    Conductor(first).render(progress=False)
    assert not endirector.remake(first, progress=False).same


def test_a_loss_that_is_no_number_is_tried_again_and_then_replaced(store, source, monkeypatch):
    fitted, tries = retrain._fitted, []

    def fail(model, training, seed, report):
        tries.append((model.name, None if training is None else training.learning_rate))
        if model.network["name"] != "naive" and model.name == "lag 12":
            return "its loss is no number."
        return fitted(model, training, seed, report)

    monkeypatch.setattr(retrain, "_fitted", fail)
    change_registered("load", gates={"challenge": "none", "regression": None})
    evaluate("load", 1, progress=False)
    found = renew("load", progress=False)
    assert [name for name, _ in tries] == ["lag 12"] * 3 + ["lag 13"]
    assert found.remarks == ("lag 12 was replaced: its loss is no number.",)
    members = load_version("load", found.version).members()
    assert [each.network["name"] for each in members] == ["naive", "estimator"]
    assert "was replaced" in find_version("load", found.version).description


@pytest.mark.long
def test_trials_choose_settings_on_recent_rows(store, source):
    """A network that hardly learns is released; of the trials around its settings another one is better."""
    preparation = source.create_snapshot().create_preparation("linear", "standard", 0.6, 0.2, 0.2)
    research = load_version("load").project.create_research("Networks", preparation)
    slow = research.create_model("slow", TLFN(hidden=(4,)))
    slow.data_set(preparation.create_set(Window(12)))
    entrainer.fit(slow, entrainer.Training(epochs=5, learning_rate=1e-6), progress=False)
    ensemble = Conductor(research.project.create_ensemble("voting", models=[slow])).render(progress=False)
    register("slow", ensemble, progress=False)
    promote("slow", 1)
    found = renew("slow", recent=150, trials=4, may_promote=True, progress=False)
    (sentence,) = found.tuned
    assert sentence.startswith("slow has the best settings of 4 trials: learning_rate ")
    assert find_version("slow", 2).description == sentence
    (member,) = load_version("slow", 2).models()
    assert (member.name, member.meta("trial")["number"] > 0) == ("slow", True)
    assert 1e-7 <= member.meta("training")["learning_rate"] <= 1e-5
    trials = [each.meta("valid_loss") for each in member.research.models()]
    assert (len(trials), member.meta("valid_loss")) == (4, min(trials))
    assert min(trials) < trials[0]
    times, _ = member.data_set().preparations()[0].data_snapshot.read()
    assert (len(times), times[-1]) == (150, source.read()[0][-1])
    with pytest.raises(InvalidInputError, match="No member is trained by epochs"):
        renew("load", trials=4, progress=False)
    with pytest.raises(InvalidInputError, match="the preparations have none"):
        renew("slow", parts=(0.8, 0.0, 0.2), trials=4, progress=False)
    with pytest.raises(InvalidInputError, match="--space has the name 'rate'"):
        renew("slow", trials=4, space={"rate": [1]}, progress=False)
    assert len(list_versions("slow")) == 2


def test_the_loop_stops_where_training_again_does_not_help(store, source):
    come(source, 180, 204, lambda values: values + 40)
    settings = {"most_retrainings": 1, "within_days": 30}
    renew("load", parts=PARTS, settings=settings, progress=False)
    with pytest.raises(ConflictError, match="was trained again 1 times within 30 days"):
        renew("load", parts=PARTS, settings=settings, progress=False)
    assert len(list_versions("load")) == 2


@pytest.mark.long
def test_an_alert_leads_to_training_evaluation_and_promotion(store, source):
    """Alert → train again → evaluate → promote → the new version holds."""
    settings = {"rows": 12, "truths": 6, "patience": 9_999}
    come(source, 180, 204, lambda values: values + 40, issue=True)
    seen = monitor("load", settings=settings, progress=False)
    assert {each.kind for each in seen.alerts} == {"drift", "quality"}
    assert seen.proposal == "retrain"
    assert renew("load", parts=PARTS, may_promote=True, progress=False).decision == "promoted"
    come(source, 204, 216, lambda values: values + 40, issue=True)
    after = monitor("load", settings=settings, progress=False)
    assert [each.kind for each in after.alerts] == []


def test_the_pattern_of_watching_is_a_pipeline(store):
    save_pipeline(from_pattern("watch", "each day"))
    definition = PipelineDefinition.read(from_pattern("watch", "again").to_json())
    assert [*definition.steps] == ["issue", "monitor", "renew"]


def test_what_was_made_elsewhere_is_not_trained_again(store, source):
    ensemble = load_version("load")
    project = ensemble.project
    research = project.create_research("Elsewhere", ensemble.models()[0].research.data_preparation)
    model = research.create_model("from a colleague")
    model.data_set(ensemble.models()[0].data_set())
    for part in ("train", "valid", "test"):
        ids, truth = model.data_set().targets(part)
        model.save_forecasts(part, ids, truth + 0.1)
    foreign = Conductor(project.create_ensemble("voting", models=[model])).render(progress=False)
    register("foreign", foreign, parameters={"by": "a colleague"}, progress=False)
    promote("foreign", 1)
    with pytest.raises(InvalidInputError, match="from a colleague has no network"):
        renew("foreign", progress=False)
