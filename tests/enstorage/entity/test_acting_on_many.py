"""One action on thousands of records: the same as one by one, all or none, with progress, in few statements."""

from contextlib import suppress

import pytest
from sqlalchemy import event

from enstorage import DataSource, Ensemble, Model, ModelMeta, Project
from enstorage.entity._saving import save_all
from enstorage.entity.acting import act_on_ids
from enstorage.entity.changing import purge_all, restore_all, trash_all
from enstorage.errors import CancelledError, InvalidInputError, NotFoundError
from enstorage.search.listing import ListQuery, find_ids

NUMBER = 1_200


def _fill():
    research = Project(name="p", data_source=DataSource(name="s").save()).save().create_research("r")
    made = save_all(research.create_model(f"m {number}") for number in range(NUMBER))
    with research.connector.buffered():
        for model in made:
            model.meta("loss", 0.5)


@pytest.fixture
def filled_with():
    return _fill


@pytest.fixture
def models(store):
    return Model.get_list()


def statements_of(store, act):
    seen = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    act()
    return len(seen)


def test_thousands_go_to_the_trash_and_come_back_in_few_statements(store, models):
    ids = [model.id for model in models]
    assert statements_of(store, lambda: act_on_ids("model", "trash", ids)) < 60
    assert Model.count() == 0
    assert statements_of(store, lambda: act_on_ids("model", "restore", ids)) < 80
    assert Model.count() == NUMBER


def test_what_went_together_is_found_by_its_time_and_comes_back_together(store, models):
    Model.get(7).trash()
    done = act_on_ids("model", "trash", [1, 2, 3])
    assert done.counts == {"model": 3}
    query = ListQuery(f"deleted_at = '{done.trashed_at.isoformat()}'", trash=True)
    assert find_ids(Model, query, most=10) == [1, 2, 3]
    assert act_on_ids("model", "restore", [1, 2, 3]).counts == {"model": 3}
    assert [model.id for model in Model.find(trash=True)] == [7]


def test_an_ensemble_of_two_of_them_goes_and_comes_back_with_both(store, models):
    project = Project.get(1)
    project.create_ensemble("voting", models=models[:2], name="both")
    assert {str(each) for each in trash_all(models[:3])} >= {"Ensemble(1, 'both')"}
    assert Ensemble.count() == 0
    restore_all(models[:1])
    assert Ensemble.count() == 0  # its other member is still there
    restore_all(models[1:3])
    assert Ensemble.count() == 1


@pytest.mark.parametrize("action", ["trash", "tag"])
def test_it_is_stopped_without_a_trace(store, models, action):
    seen = []

    def stop(what, done, total):
        seen.append((what, total))
        return done > 0

    with pytest.raises(CancelledError):
        act_on_ids("model", action, range(1, NUMBER + 1), tags={"a": 1}, progress=stop)
    assert seen[0][1] == NUMBER
    assert Model.count() == NUMBER
    assert not Model.get(1).tags


def test_one_that_cannot_be_changed_leaves_all_as_they_were(store, models):
    Model.get(1_100).trash()
    with pytest.raises(InvalidInputError, match=r"m 1099.* is in the trash already"):
        act_on_ids("model", "trash", range(1, NUMBER + 1))
    with pytest.raises(InvalidInputError, match="is not in the trash: there is nothing to restore"):
        act_on_ids("model", "restore", [1_100, 3])
    with pytest.raises(InvalidInputError, match="only records in the trash are deleted for good"):
        act_on_ids("model", "purge", [1_100, 3])
    with pytest.raises(NotFoundError, match="5000"):
        act_on_ids("model", "trash", [1, 5_000])
    with pytest.raises(InvalidInputError, match="no action 'burn'"):
        act_on_ids("model", "burn", [1])
    assert Model.count() == NUMBER - 1


def test_what_is_purged_is_gone_with_its_parts(store, models):
    trash_all(models[:700])
    assert statements_of(store, lambda: purge_all(models[:600])) < 120
    assert (Model.count(), ModelMeta.count()) == (NUMBER - 700, NUMBER - 700)
    assert [model.id for model in Model.find(trash=True)] == list(range(601, 701))
    assert act_on_ids("model", "purge", range(601, 701)).counts == {"model": 100}


def test_tags_are_set_and_taken_away(store, models):
    act_on_ids("model", "tag", range(1, NUMBER + 1), tags={"kind": "lstm", "x": 1})
    act_on_ids("model", "untag", [1], tags={"kind": None})
    assert Model.get(1).tags == {"x": 1}
    assert len(Model.find("tags.kind = 'lstm'")) == NUMBER - 1


def test_a_rolled_back_transaction_leaves_the_objects_as_they_were(store, models):
    with suppress(KeyError), store.transaction():
        trash_all(models[:2])
        assert models[0].deleted_at is not None
        raise KeyError
    assert models[0].deleted_at is None
    assert Model.count() == NUMBER
