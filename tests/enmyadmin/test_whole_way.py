"""The way of the paper on the command line, from a CSV file to a forecast of an ensemble, with tiny networks."""

import json
from pathlib import Path

import numpy as np
import pytest

from enstorage import Connector, Ensemble, Model, Project


def write_series(path, rows=90):
    years = np.arange(1900, 1900 + rows)
    values = 50 + 40 * np.sin(years / 1.7) + years % 3
    path.write_text("time,level\n" + "".join(f"{year},{value}\n" for year, value in zip(years, values, strict=True)))


@pytest.mark.long
def test_the_way_of_the_paper_is_walked_by_commands_alone(enstorage):
    write_series(Path("sun.csv"))

    def done(*arguments, **environment):
        status, output, errors = enstorage(*arguments, **environment)
        assert status == 0, errors
        return output

    def parsed(*arguments):
        return json.loads(done(*arguments, "--json"))

    assert parsed("import-csv", "sun.csv", "--name", "Sun", "--unit", "spots")["made_store"]
    assert done("snapshot", "Sun").startswith("Took data snapshot 1 of data source 1 (Sun): 90 rows from 1900-")
    (prepared,) = parsed("prepare", 1, "--clean", "linear", "--transform", "minmax", "--train", 0.5, "--valid", 0.25)
    assert (prepared["clean_method"], prepared["transform_method"], prepared["test_part"]) == ("linear", "minmax", 0.25)
    assert done("create", "project", "Solar activity", "--source", "Sun") == "Created project 1 (Solar activity).\n"
    done("create", "research", "LSTM", "--project", "Solar activity", "--preparation", 1)
    for lag in (5, 7, 13):
        created = parsed("create", "data-set", f"lag {lag}", "--preparation", 1, "--lag", lag)
        assert created["adapter"] == {"name": "window", "lag": lag, "offset": 1, "horizon": 1, "step": 1}
        done(
            "create", "model", f"lag {lag}", "--research", "LSTM", "--data-set", f"lag {lag}", "--network", "paper-lstm"
        )
    trained = parsed("fit", "lag 5", "lag 7", "lag 13", "--epochs", 2, "--batch-size", 16, "--seed", 3)
    assert [(each["meta"]["training"]["epochs"], each["meta"]["seed"]) for each in trained] == [(2, 3)] * 3
    members = [word for lag in (5, 7, 13) for word in ("--model", f"lag {lag}")]
    done("create", "ensemble", "blend", "--project", 1, "--method", "blending", "--metamodel", "Ridge", *members)
    rendered = done("render", "blend")
    assert rendered.startswith("Rendered ensemble 1 (blend).\n77 common targets; fitted held-out. RMSE by part:\n")
    assert [line.split()[0] for line in rendered.splitlines()[3:]] == ["lag", "lag", "lag", "ensemble"]
    assert "required: equal bits" in done("verify", "blend")
    assert parsed("diagnose", "blend")["members"] == ["lag 5", "lag 7", "lag 13"]
    (interval,) = parsed("calibrate", "blend", "--level", 0.8)
    assert (interval["level"], interval["calibrated_on"]) == (0.8, "held-out")
    assert [row["step"] for row in parsed("forecast", "ensemble", "blend", "--level", 0.8)["forecasts"]] == [1, 1, 1]
    assert parsed("predict", "lag 5")[0]["forecasts"] == {"train": 40, "valid": 23, "test": 22}

    # Nothing but what the library calls of the same names do.
    with Connector.in_folder("enstorage-data"):
        (project,) = Project.get_list()
        assert [model.network["name"] for model in project.models()] == ["paper-lstm"] * 3
        assert project.ensembles()[0].members() == Model.get_list()
        assert Ensemble.get(1).load_metamodel().alpha == 1.0


@pytest.mark.slow
def test_out_of_fold_forecasts_select_an_ensemble(enstorage):
    write_series(Path("sun.csv"))
    for words in (
        ("import-csv", "sun.csv"),
        ("snapshot", "sun"),
        ("prepare", 1, "--transform", "minmax"),
        ("create", "project", "p", "--source", 1),
        ("create", "research", "r", "--project", 1),
        *(("create", "data-set", "--preparation", 1, "--lag", lag) for lag in (2, 5)),
    ):
        status, _, errors = enstorage(*words)
        assert status == 0, errors
    network = {"name": "estimator", "estimator": "Ridge"}
    for id, name in ((1, "short"), (2, "long")):
        model = json.dumps({"name": name, "research_id": "r", "data_set_id": id, "network": network})
        status, _, errors = enstorage("create", "model", "--from", model)
        assert status == 0, errors
    assert enstorage("fit", "short", "long")[0] == 0
    (folded, _) = json.loads(enstorage("backtest", "short", "long", "--folds", 4, "--json")[1])
    assert len(folded["backtest"]["origins"]) == 4
    assert folded["out_of_fold"] > 0
    status, output, errors = enstorage("form", "p", "--method", "voting", "--method", '{"method": "greedy"}')
    assert status == 0, errors
    assert output.startswith("Formed ensemble 1 (formed: ")
    assert "Selected from " in output
