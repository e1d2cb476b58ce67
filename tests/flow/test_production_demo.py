"""`enstorage demo --production`: from a sentence to a release, two changes of the data, a retraining and a rollback."""

import json

import pytest

from enmyadmin.demo.production.story import run
from enstorage.errors import InvalidInputError


@pytest.mark.long
def test_the_life_of_a_released_ensemble(tmp_path):
    figures = run(tmp_path / "story", quiet=True)
    assert figures["quiet"] == figures["held"] == "none"
    assert figures["seen"] == "retrain"
    assert figures["renewed"] == {"version": 2, "decision": "promoted"}
    assert (figures["rolled_back_to"], figures["versions"]) == (1, 2)
    reasons = [each["reason"] for each in figures["history"] if each["alias"] == "production"]
    assert reasons == ["promote", "promote", "rollback"]
    assert min(figures["mails"], figures["hooks"]) > 0
    page = (tmp_path / "story" / "report.html").read_text()
    places = [
        page.index(each)
        for each in (">Version 1 was promoted", "Alert 1.", "Version 2 was promoted", "Rolled back to version 1")
    ]
    assert places == sorted(places)
    assert "significantly better than" in page
    assert json.loads((tmp_path / "story" / "story.json").read_text())["rolled_back_to"] == 1


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match="has files in it"):
        run(tmp_path, quiet=True)
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]
