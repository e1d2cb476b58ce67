"""`enstorage tune`, `evaluate`, `what-if` and `remake` of models, and commands about points, snapshots and tags."""

import json
import shutil

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import entrainer
from enstorage import Connector, DataSource, Ensemble, Model, Project, Research
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.experiments.search_space import SearchSpace
from entrainer.networks import Estimator


def make():
    """A source of 60 years, two trained lines and their rendered ensemble."""
    years = np.arange(1950, 2010)
    source = DataSource(name="Sun", time_interval="1y").save()
    source.write([f"{year}-01-01" for year in years], np.sin(years / 1.7) + years % 3)
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.25, 0.25)
    project = Project(name="Solar", data_source=source).save()
    research = project.create_research("Lines", preparation)
    for lag in (2, 4):
        data_set = preparation.create_set(Window(lag))
        data_set.name = f"lag {lag}"
        data_set.save()
        model = research.create_model(f"line {lag}", Estimator("LinearRegression"))
        model.data_set(data_set)
    entrainer.fit(project.models(), progress=False)
    ensemble = project.create_ensemble("blending", "LinearRegression", models=project.models(), name="Blend")
    endirector.Conductor(ensemble).render(progress=False)


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path):
    """Runs `enstorage …` in the folder of such a store."""
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    return enstorage


@pytest.fixture
def reading(enstorage):
    """The store of the commands, in this process."""
    with Connector.in_folder("enstorage-data") as connector:
        yield connector


def test_models_are_measured_on_any_part(enstorage, reading):
    status, output, errors = enstorage("evaluate", "line 2", 2, "--part", "valid", "--metric", "mae")
    assert (status, errors) == (0, "")
    title, heads, *rows = output.splitlines()
    assert (title.strip(), heads.split()) == ("valid", ["id", "model", "loss", "mae", "rows"])
    assert [row.split()[:3] for row in rows] == [["1", "line", "2"], ["2", "line", "4"]]
    (found,) = json.loads(enstorage("evaluate", 1, "--json")[1])
    kept = Model.get(1).meta("evaluation")
    assert found == {"id": 1, "name": "line 2", "part": "test", **kept["test"]}
    assert kept["valid"].keys() == {"loss", "mae", "rows"}
    status, _, errors = enstorage("evaluate", 1, "--metric", "f1")
    assert (status, "There is no metric 'f1'; expected one of mse, rmse, mae" in errors) == (1, True)
    status, _, errors = enstorage("evaluate", 1, "--part", "all")
    assert (status, "part" in errors) == (1, True)


@pytest.mark.long
def test_a_search_is_a_model_for_each_trial_and_goes_on_where_it_ended(enstorage, reading):
    (enstorage.folder / "space.json").write_text(
        '{"network.hidden": [[2]], "network.activation": ["tanh"],'
        ' "training.learning_rate": {"low": 0.001, "high": 0.1, "log": true}}'
    )
    search = (
        "tune",
        "Lines",
        "--data-set",
        "lag 2",
        "--network",
        "tlfn",
        "--space",
        "space.json",
    )
    status, output, errors = enstorage(*search, "--trials", 1, "--epochs", 2, "--batch-size", 14)
    assert (status, errors) == (0, "")
    heads, *rows, best = output.splitlines()
    assert heads.split()[:4] == ["id", "model", "valid", "loss"]
    assert (len(rows), best.startswith("Best: model ")) == (1, True)
    found = json.loads(enstorage(*search, "--trials", 2, "--epochs", 2, "--batch-size", 14, "--json")[1])
    assert [trial["number"] for trial in found["trials"]] == [0, 1]
    assert {trial["state"] for trial in found["trials"]} == {"complete"}
    best = min(found["trials"], key=lambda trial: trial["value"])
    assert found["best"]["id"] == best["id"]
    model = Model.get(best["id"])
    assert (model.name, model.meta("training")["epochs"]) == (f"tuning {best['number']}", 2)
    assert model.network["hidden"] == [2]
    assert best["parameters"]["network.hidden"] == "[2]"
    assert model.meta("training")["learning_rate"] == best["parameters"]["training.learning_rate"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--space", '{"units": [1]}'),
            "--space has the name 'units'; expected network.PARAMETER or training.PARAMETER",
        ),
        (
            ("--space", '{"network.hidden": []}'),
            "--space has network.hidden = []; expected a list of values, or a range",
        ),
        (("--space", '{"network.hidden": {"low": 1}}'), "expected a list of values, or a range"),
        (("--space", '{"network.hidden": {"low": 2, "high": 1}}'), "expected a list of values, or a range"),
        (
            ("--space", '{"network.dropout": {"low": 0.0, "high": 1, "log": true}}'),
            "expected a list of values, or a range",
        ),
        (("--space", '{"network.size": [1]}'), "size"),
        (("--space", '{"training.loss": ["mes"]}'), "mes"),
        (("--network", "lsmt"), "There is no network 'lsmt'"),
        (("--network", '{"name": "estimator", "estimator": "Ridge"}'), "is not trained epoch by epoch"),
        (("--data-set", "lag 3"), "There is no data set named 'lag 3'"),
    ],
)
def test_a_search_that_cannot_be_made_is_one_message_and_makes_nothing(enstorage, reading, options, message):
    given = {"--data-set": "lag 2", "--network": "tlfn"} | dict([options])
    status, output, errors = enstorage("tune", "Lines", *(word for pair in given.items() for word in pair))
    assert (status, output, message in errors) == (1, "", True), errors
    assert "Traceback" not in errors
    assert Model.count() == 2


def test_a_range_of_whole_numbers_proposes_whole_numbers(reading):
    optuna = pytest.importorskip("optuna")
    space = SearchSpace(
        {"name": "tlfn"},
        {"epochs": 3},
        {str(each.data_set_id): each.data_set() for each in Research.get(1).models()},
        {"training.batch_size": {"low": 8, "high": 64, "step": 8}, "training.learning_rate": {"low": 0.1, "high": 1}},
    )
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1)).ask()
    proposal = space(trial)
    training = proposal.training
    assert trial.params["data_set"] == str(proposal.data_set.id)
    assert (training.epochs, training.batch_size % 8, type(training.batch_size)) == (3, 0, int)
    assert 0.1 <= training.learning_rate <= 1
    with pytest.raises(InvalidInputError, match="a list of values, or a range"):
        SearchSpace({}, {}, {}, {"training.epochs": {"low": 1, "high": 9, "step": 0.5}})


def test_an_ensemble_is_compared_with_one_that_is_made_in_another_way(enstorage, reading):
    expected = endirector.what_if(Ensemble.get(1), without=["line 2"], method="voting")
    for member in ("line 2", "1"):
        parsed = json.loads(enstorage("what-if", "Blend", "--without", member, "--method", "voting", "--json")[1])
        assert (parsed["weights"], parsed["fit_on"]) == ({"line 4": 1.0}, None)
        test = expected.evidence.part == 2
        difference = expected.forecast[test] - expected.evidence.truth[test]
        assert parsed["parts"]["test"]["rows"] == test.sum()
        assert parsed["parts"]["test"]["what_if"] == pytest.approx(np.sqrt(np.mean(difference**2)))
        assert parsed["parts"]["test"]["stored"] == Ensemble.get(1).metrics()["test"]["ensemble"]["rmse"]
        found = parsed["parts"]["test"]["errors"]
        assert list(found) == ["rmse", "mae", "mase", "smape"]
        assert found["mae"]["what_if"] == pytest.approx(np.mean(np.abs(difference)))
        board = endirector.leaderboard(Ensemble.get(1)).table.filter(is_ensemble=True)
        assert found["mase"]["stored"] == pytest.approx(board["mase"][0])
    status, output, errors = enstorage("what-if", "ensemble", 1, "--metamodel", "Ridge")
    assert (status, errors) == (0, "")
    assert output.startswith(
        "Fitted on valid rows. Errors by part, of the ensemble as it is stored and as it would be:\n"
    )
    assert output.endswith("Nothing was stored.\n")
    assert Ensemble.get(1).metamodel == "LinearRegression"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--without", "lien 2"), "Ensemble 1 (Blend) has no member 'lien 2'; its members are line 2, line 4."),
        (("--method", "vote"), "vote"),
        (("--parameters", "[1]"), "--parameters received the JSON"),
        (("--without", "1", "--without", "2"), "at least one member left"),
    ],
)
def test_another_way_that_there_is_not_is_one_message(enstorage, options, message):
    status, output, errors = enstorage("what-if", "Blend", *options)
    assert (status, output, message in errors) == (1, "", True), errors


def test_models_are_trained_again_and_compared(enstorage, reading):
    Research.get(1).create_model("elsewhere").save_object(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]))
    status, output, errors = enstorage("remake", "model", "line 2", "elsewhere")
    assert (status, errors) == (0, "")
    assert [line.split() for line in output.splitlines()][1] == ["1", "line", "2", "0"]
    assert "elsewhere was not trained again. It has no data set: only its forecasts are kept." in output
    first, second = json.loads(enstorage("remake", "models", 1, 3, "--json")[1])
    assert first == {"id": 1, "name": "line 2", "largest_difference": 0.0, "reason": None}
    assert second["largest_difference"] is None


def test_points_are_deleted_on_a_yes_and_snapshots_are_compared_with_what_is_left(enstorage, reading):
    assert enstorage("check-snapshots", "Sun")[1] == (
        "The period of data snapshot 1 of data source 1 (Sun) is as it was.\n"
    )
    period = ("--time-from", "1960", "--time-to", "1962")
    status, _, errors = enstorage("delete-points", "Sun", *period)
    assert (status, errors) == (
        1,
        "error: This would delete 2 points of data source 1 (Sun) for good. Nobody can be asked here; add --yes.\n",
    )
    assert enstorage("delete-points", "Sun", *period, "--yes")[1] == "Deleted 2 points of data source 1 (Sun).\n"
    assert json.loads(enstorage("delete-points", "Sun", *period, "--json")[1])["deleted"] == 0
    assert len(DataSource.get(1).read()[0]) == 58
    assert enstorage("check-snapshots", 1)[1].endswith("has other points now.\n")
    assert [each["same"] for each in json.loads(enstorage("check-snapshots", 1, "--json")[1])] == [False]
    assert "Warning: Not up to date: DataSource(1, 'Sun') has other points" in enstorage("verify", "Blend")[1]


def test_descriptions_and_tags_are_changed_and_found(enstorage):
    assert enstorage("edit", "model", 1, "--description", "A line.", "--tag", "kind=baseline", "--tag", "a=b=c")[1] == (
        "Changed model 1 (line 2).\n"
    )
    shown = json.loads(enstorage("edit", "model", 1, "--untag", "kind", "--json")[1])
    assert (shown["description"], shown["tags"]) == ("A line.", {"a": "b=c"})
    assert [each["id"] for each in json.loads(enstorage("find", "model", "tags.a = 'b=c'", "--json")[1])] == [1]
    for option, message in (("--tag", "--tag received 'kind'; expected KEY=TEXT"), ("--untag", "has no tag 'kind'")):
        status, _, errors = enstorage("edit", "model", 1, option, "kind")
        assert (status, message in errors) == (1, True)


def test_the_forecasts_of_a_model_and_the_points_of_a_panel_are_exported(enstorage, reading):
    enstorage("create", "panel", "Both", "--source", "a=Sun")
    for entity, name, height in (("model", "line 2", len(Model.get(1).forecasts())), ("panel", "Both", 60)):
        assert enstorage("export-csv", entity, name, f"{entity}.csv")[1] == f"Wrote {entity}.csv.\n"
        lines = (enstorage.folder / f"{entity}.csv").read_text().splitlines()
        assert len(lines) == height + 1
    status, _, errors = enstorage("export-csv", "project", 1, "x.csv")
    assert (status, "Project 1 (Solar) has no table; expected a data_source" in errors) == (1, True)


def test_a_name_keeps_its_capital_letters_in_messages(enstorage):
    status, _, errors = enstorage("purge", "project", 1, "--yes")
    assert (status, errors.startswith("error: Project 1 (Solar) is not in the trash")) == (1, True)
