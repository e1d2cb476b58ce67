"""`enstorage demo --production`: from a sentence to a release, two changes of the data, a retraining and a rollback."""

import json

import pytest

import servers
from enmyadmin.demo.production.story import run
from enorchestrator.dispatch.read import details, list_runs
from enorchestrator.executor.dask import DaskExecutor
from enstorage import Connector
from enstorage.errors import InvalidInputError


def check(figures, folder):
    """What holds wherever the story is told."""
    assert figures["quiet"] == figures["held"] == "none"
    assert figures["seen"] == "retrain"
    assert figures["renewed"] == {"version": 2, "decision": "promoted"}
    assert (figures["rolled_back_to"], figures["versions"]) == (1, 2)
    reasons = [each["reason"] for each in figures["history"] if each["alias"] == "production"]
    assert reasons == ["promote", "promote", "rollback"]
    assert min(figures["mails"], figures["hooks"]) > 0
    page = (folder / "report.html").read_text()
    places = [
        page.index(each)
        for each in ("Version 1 was promoted", "Alert 1.", "Version 2 was promoted", "Rolled back to version 1")
    ]
    assert places == sorted(places)
    for shown in ("significantly better than", "mae of the worst weekday", "Time of a forecast, s", "Errors by group"):
        assert shown in page
    assert json.loads((folder / "story.json").read_text())["rolled_back_to"] == 1


@pytest.mark.long
def test_the_life_of_a_released_ensemble(tmp_path):
    check(run(tmp_path / "story", quiet=True), tmp_path / "story")


@pytest.mark.long
def test_the_same_on_mariadb_influxdb_and_two_workers_of_dask(tmp_path, empty_database):
    influx = servers.shared("influxdb")
    influx.create_database("production")
    urls = empty_database("mariadb"), influx.url("production"), f"file:{tmp_path}/objects"
    with Connector(*urls) as connector:
        figures = run(tmp_path / "story", quiet=True, connector=connector, workers=2, executor=DaskExecutor)
        check(figures, tmp_path / "story")
        found = [details(each.id, connector=connector) for each in list_runs(connector=connector)]
        assert {attempt.exit_reason for run in found for attempt in run.attempts} == {"succeeded"}
        assert {attempt.executor for run in found for attempt in run.attempts} == {"dask"}
    connector.close()


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match="has files in it"):
        run(tmp_path, quiet=True)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
