"""Scenarios of processes that are killed at the commit of what their step makes, on every database."""

import time

import pytest
from scenario_graphs import FOLDER, states

from enorchestrator import Dispatcher, PipelineDefinition, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enorchestrator.task.problem import as_plain_json
from enorchestrator.task.state import RunState
from enstorage import DataSource, Ensemble, Project
from enstorage.adapter import Window
from entrainer import fit
from entrainer.networks import Estimator
from solar import yearly


def executed(store, folder, entity, moment, step):
    """The details of a run whose step is executed by a process that is killed at the commit of what it makes."""
    dying = {
        "kind": "scenario_steps:kill_at_the_commit",
        "with": {"folder": FOLDER, "entity": entity, "moment": moment},
    }
    steps = {"dying": dying, "made": {**step, "needs": ["dying"]}}
    definition = {"name": "killed", "parameters": {"folder": {"type": "string"}}, "steps": steps}
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    # One child alone, so that the step is executed by the one that is going to die.
    with Dispatcher(store, workers=1):
        run = run_pipeline("killed", {"folder": str(folder)}, connector=store)
        end = time.monotonic() + 120
        while not RunState((found := details(run.id, connector=store)).run.state).is_final:
            assert time.monotonic() < end
            time.sleep(0.02)
    assert (folder / "executed").exists(), [found.run.error, *(each.log for each in found.attempts)]
    assert (folder / "executed").read_text() == f"killed {moment}\n"
    return found


class CommitContract:
    """The promises, whatever database keeps the records."""

    @pytest.mark.others_long
    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_a_process_that_is_killed_at_its_commit_leaves_one_record(self, store, tmp_path, moment):
        source = DataSource(name="Sun", time_interval="1y").save()
        given = {"name": "Only one", "data_source_id": source.id}
        found = executed(store, tmp_path, "Project", moment, {"kind": "create_project", "with": given})
        assert states(found) == {"dying": "succeeded", "made": "succeeded"}
        (made,) = Project.get_list()
        assert found.run.result == {"made": {"project": {"id": made.id, "name": "Only one"}}}
        assert found.steps[1].fence == {"before": 2, "after": 1}[moment]

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_records_are_deleted_for_good_once(self, store, tmp_path, moment):
        sources = [DataSource(name=f"Source {number}", time_interval="1y").save() for number in range(3)]
        for each in sources[:2]:
            each.trash()
        given = {"entity": "data_source", "action": "purge", "ids": [each.id for each in sources[:2]]}
        found = executed(store, tmp_path, "ChangedRecords", moment, {"kind": "change_records", "with": given})
        assert found.run.result == {"made": {"action": "purge", "entity": "data_source", "counts": {"data_source": 2}}}
        assert DataSource.find(trash=True) == []
        assert DataSource.get_list() == sources[2:]


class TestCommitsOnSqlite(CommitContract):
    database = "sqlite"


class TestCommitsOnMariaDb(CommitContract):
    database = "mariadb"


class TestCommitsOnPostgresql(CommitContract):
    database = "postgresql"


@pytest.mark.long
def test_a_search_whose_process_is_killed_at_its_commit_leaves_one_ensemble(store, tmp_path):
    source = DataSource(name="Sun", time_interval="1y").save()
    source.write(*yearly(60))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = Project(name="Sun", data_source=source).save()
    research = project.create_research("Members", preparation)
    for lag in (2, 3):
        research.create_model(f"lag {lag}", Estimator("Ridge")).data_set(preparation.create_set(Window(lag)))
    fit(research.models())
    given = {"project": project.id, "methods": [{"method": "voting"}], "folds": 2, "name": "Formed"}
    found = executed(store, tmp_path, "Ensemble", "after", {"kind": "form", "with": given})
    (formed,) = Ensemble.get_list()
    assert found.run.state == RunState.SUCCEEDED
    told = found.run.result["made"]
    assert (told["ensemble"], told["name"]) == (formed.id, "Formed")
    assert told["metrics"] == as_plain_json(formed.metrics())
    assert len(found.attempts) == 2  # of the step before, and one of this one
