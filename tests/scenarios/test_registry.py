"""Scenarios of the registry: what is registered, who promotes it, what happens when it is no longer what it was."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, update

from enorchestrator import (
    alias_history,
    aliases_of,
    change_registered,
    create_registered,
    delete_registered,
    evaluate,
    find_version,
    list_versions,
    load_version,
    name_version,
    promote,
    register,
    reject_version,
    rollback,
)
from enorchestrator.registry import aliases
from enorchestrator.registry.versions import store_version
from enstorage import Connector, Model
from enstorage.errors import ConflictError, CorruptError, InUseError, InvalidInputError, NotFoundError
from enstorage.ledger import AuditEntry, ModelAlias
from released import make_ensemble, make_source


def fill():
    """Three ensembles of one series: two of the same quality, and a bad one."""
    source = make_source()
    make_ensemble(source, "first")
    make_ensemble(source, "second", alpha=0.01)
    make_ensemble(source, "bad", break_by=3.0)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def ensembles(store):
    """The ensembles, by their names."""
    from enstorage import Ensemble

    return {each.name: each for each in Ensemble.get_list()}


@pytest.fixture
def released(ensembles):
    """Two versions; the second is in production, the first one the previous."""
    for name in ("first", "second"):
        version, _ = register("load", ensembles[name], created_by="anton", progress=False)
        promote("load", version.version, changed_by="rita")
    return ensembles


def test_a_version_points_to_exactly_what_was_registered_with_parameters_inputs_and_errors(ensembles):
    version, evaluation = register("load", ensembles["first"], description="of May", created_by="anton", progress=False)
    assert (version.version, version.entity, version.entity_id) == (1, "ensemble", ensembles["first"].id)
    assert [each["network"]["name"] for each in version.parameters["members"]] == ["estimator"] * 2
    assert {each["entity"] for each in version.inputs} == {
        "data_source",
        "data_snapshot",
        "data_preparation",
        "data_set",
    }
    assert all(len(each["sha256"]) == 64 for each in version.inputs if each["entity"] != "data_source")
    assert version.metrics["test"]["mae"] == ensembles["first"].metrics()["test"]["ensemble"]["mae"]
    assert (evaluation.version_id, evaluation.state) == (version.id, "passed")
    again, _ = register("load", ensembles["first"], progress=False)
    assert again.id == version.id, "equal content is one version"


@pytest.mark.parametrize("lacking", ["parameters", "inputs", "metrics"])
def test_what_lacks_parameters_inputs_or_errors_is_refused(ensembles, lacking):
    research = ensembles["first"].models()[0].research
    model = research.create_model("from elsewhere", None if lacking == "parameters" else {"name": "mlp"})
    if lacking != "inputs":
        model.data_set(ensembles["first"].models()[0].data_set())
    if lacking == "parameters":
        ids, truth = model.data_set().targets("test")
        model.save_forecasts("test", ids, truth + 1)
    with pytest.raises(InvalidInputError) as refused:
        register("load", model, progress=False)
    assert refused.value.field == lacking
    with pytest.raises(NotFoundError):
        list_versions("load")
    if lacking == "parameters":  # people may say how it was made
        version, _ = register("load", model, parameters={"made by": "a colleague"}, progress=False)
        assert version.parameters["given"] == {"made by": "a colleague"}


def test_two_that_register_at_once_make_two_versions(store, ensembles):
    def add(name):
        return store_version("load", ensembles[name]).version

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(add, ensembles)) == [1, 2, 3]
    assert [each.version for each in list_versions("load")] == [3, 2, 1]


def test_what_does_not_pass_its_gates_is_not_promoted_and_that_is_noted(store, ensembles):
    create_registered("load", gates={"limits": {"mae": 2.0}}, created_by="rita")
    register("load", ensembles["first"], progress=False)
    promote("load", 1, changed_by="rita")
    bad, evaluation = register("load", ensembles["bad"], progress=False)
    assert evaluation.state == "failed"
    with pytest.raises(ConflictError, match=r"did not pass its gates: mae is .* the limit is 2"):
        promote("load", bad.version, changed_by="rita")
    unseen = store_version("load", ensembles["second"])
    with pytest.raises(ConflictError, match="was not evaluated"):
        promote("load", unseen.version, changed_by="rita")
    assert aliases_of("load")["production"] == 1
    with store.database.reading() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.outcome == "denied")).all()
    assert [(each.who, each.action, each.detail["version"]) for each in entries] == [
        ("rita", "release", 2),
        ("rita", "release", 3),
    ]


def test_an_evaluation_by_other_gates_or_beside_another_version_no_longer_counts(released):
    version, _ = register("load", released["bad"], progress=False)
    change_registered("load", gates={"challenge": "none", "regression": None})
    with pytest.raises(ConflictError, match="by other gates"):
        promote("load", version.version)
    evaluate("load", version.version, progress=False)
    rollback("load")
    with pytest.raises(ConflictError, match="not compared with version 1"):
        promote("load", version.version)
    evaluate("load", version.version, progress=False)
    promote("load", version.version)
    assert aliases_of("load") == {"production": version.version, "previous": 1}


def test_a_rollback_puts_the_previous_version_back_at_once(released):
    assert aliases_of("load") == {"previous": 1, "production": 2}
    assert rollback("load", remark="too high in winter", changed_by="rita").version == 1
    assert aliases_of("load") == {"previous": 2, "production": 1}
    newest = alias_history("load")[:2]
    assert {(each.alias, each.reason, each.remark, each.changed_by) for each in newest} == {
        ("production", "rollback", "too high in winter", "rita"),
        ("previous", "rollback", "too high in winter", "rita"),
    }


def test_a_rollback_that_fails_half_way_leaves_the_present_version(released, monkeypatch):
    set_alias = aliases.set_alias

    def fail_at_the_second(session, registered_id, alias, *arguments, **more):
        if alias == "previous":
            raise RuntimeError("the machine is on fire")
        set_alias(session, registered_id, alias, *arguments, **more)

    monkeypatch.setattr(aliases, "set_alias", fail_at_the_second)
    with pytest.raises(RuntimeError):
        rollback("load")
    assert aliases_of("load") == {"previous": 1, "production": 2}


def test_a_rollback_to_what_is_damaged_leaves_the_present_version(store, released):
    first = find_version("load", 1)
    damage_object(store, Model.get_list()[0].object_sha256)
    with pytest.raises(CorruptError):
        rollback("load")
    assert first.entity_id == released["first"].id
    assert aliases_of("load") == {"previous": 1, "production": 2}


def damage_object(store, sha256):
    """Change a byte of a stored object."""
    (path,) = [each for each in store_folder(store).rglob(f"*{sha256[4:]}*") if each.is_file()]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o644)
    path.write_bytes(content)


def store_folder(store):
    from pathlib import Path

    return Path(store.settings.objects.removeprefix("file:"))


def test_an_artifact_whose_bytes_were_changed_is_not_loaded(store, released):
    assert load_version("load").id == released["second"].id
    damage_object(store, released["second"].models()[0].object_sha256)
    with pytest.raises(CorruptError, match="cannot be loaded"):
        load_version("load")


@pytest.mark.parametrize("changed", ["object of a member", "weight", "rendered anew"])
def test_a_version_that_is_no_longer_what_was_registered_is_not_loaded(store, tmp_path, released, changed):
    ensemble = released["second"]
    if changed == "rendered anew":
        models = ensemble.models()
        ids, truth = models[0].data_set().targets("test")
        models[0].save_forecasts("test", ids, truth)
        from endirector import Conductor

        Conductor(ensemble).render(progress=False)
    else:
        with sqlite3.connect(tmp_path / "store" / "enstorage.sqlite") as database:
            if changed == "weight":
                sql = "UPDATE ensemble_item SET properties = replace(properties, '\"weight\": 0.5', '\"weight\": 0.6')"
                assert database.execute(sql).rowcount
            else:
                first, second = (each.object_sha256 for each in ensemble.models())
                database.execute("UPDATE model SET object_sha256 = ? WHERE object_sha256 = ?", (first, second))
    with (
        Connector.in_folder(tmp_path / "store"),
        pytest.raises(CorruptError, match="was changed after it was registered"),
    ):
        load_version("load", 2)


def test_what_is_registered_is_not_deleted(released):
    with pytest.raises(InUseError, match="is a registered version"):
        released["first"].delete(cascade=True)
    with pytest.raises(InUseError, match="is in production"):
        delete_registered("load")
    name_version("load", "production", None)
    delete_registered("load")
    released["first"].delete(cascade=True)


def test_aliases_of_ones_own_are_set_by_hand_and_production_is_not(store, released):
    name_version("load", "of the board", 1, changed_by="anton")
    assert find_version("load", "of the board").version == 1
    with pytest.raises(InvalidInputError, match="gates guard it"):
        name_version("load", "production", 1)
    with pytest.raises(InvalidInputError, match="no number"):
        name_version("load", "7", 1)
    with pytest.raises(NotFoundError):
        name_version("load", "mine", 9)
    with store.transaction() as session:
        session.execute(update(ModelAlias).values(alias=ModelAlias.alias))
    assert set(aliases_of("load")) == {"of the board", "previous", "production"}


def test_a_rejected_version_is_kept_for_comparison_and_not_promoted(released):
    with pytest.raises(InUseError):
        reject_version("load", 2)
    reject_version("load", 1)
    evaluate("load", 1, progress=False)
    with pytest.raises(ConflictError, match="is rejected"):
        promote("load", 1)


@pytest.mark.parametrize(
    "gates",
    [
        {"limits": {"mea": 1}},
        {"limits": {"mae": -1}},
        {"floors": [{"by": "month", "limit": 0}]},
        {"challenge": "best"},
        {"unknown": 1},
        [],
    ],
)
def test_gates_that_cannot_be_used_are_refused(store, gates):
    with pytest.raises(InvalidInputError) as refused:
        create_registered("load", gates=gates or 3)
    assert refused.value.field == "gates"
