"""`enstorage forecast`: the steps after the data, as text, JSON and CSV."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import entrainer
from enstorage import Connector, DataSet, DataSource, Ensemble, Model, Panel, Project
from enstorage.adapter import Branches, Window


def make():
    """A project with two trained models and their ensemble."""
    source = DataSource(name="River", time_interval="1mo").save()
    months = np.arange(120).astype("datetime64[M]")
    source.write(months, 5 + np.sin(np.arange(120)) + np.random.default_rng(0).normal(0, 0.1, 120))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.6, 0.2, 0.2)
    project = Project(name="River", data_source=source).save()
    research = project.create_research("Windows", preparation)
    for lag in (3, 4):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(LinearRegression().fit(X, y))
    endirector.Conductor(project.create_ensemble("voting", models=project.models())).render()


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path, monkeypatch):
    """Runs `enstorage …` in the folder of a store with two trained models and their ensemble."""
    monkeypatch.setenv("COLUMNS", "120")
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    with Connector.in_folder(tmp_path / "enstorage-data"):
        model, ensemble = Model.get(2), Ensemble.get(1)
        enstorage.expected = entrainer.forecast(model, 2), endirector.forecast(ensemble, 1, levels=[0.8])
    return enstorage


def test_a_model_is_forecast_step_by_step(enstorage):
    status, output, errors = enstorage("forecast", "model", 2, "--horizon", 2)
    assert (status, errors) == (0, "")
    heads, first, second = (line.split() for line in output.splitlines())
    assert heads == ["step", "time", "forecast"]
    assert first[:2] == ["1", "1980-01-01T00:00:00Z"]
    assert second[:2] == ["2", "1980-02-01T00:00:00Z"]
    assert [float(first[2]), float(second[2])] == pytest.approx(enstorage.expected[0]["value"].to_list(), abs=1e-3)


def test_an_ensemble_has_intervals_for_every_step_and_notes_say_what_they_rest_on(enstorage):
    status, output, errors = enstorage("forecast", "ensemble", 1, "--horizon", 3, "--level", 0.8)
    assert status == 0
    assert output.splitlines()[0].split() == ["step", "time", "forecast", "0.1", "0.9", "basis"]
    assert {line.split(maxsplit=5)[5] for line in output.splitlines()[1:]} == {"own residuals"}
    assert errors == ""
    status, output, errors = enstorage("forecast", "ensemble", 1, "--horizon", 23, "--level", 0.8)
    assert output.splitlines()[-1].split(maxsplit=5)[5] == "nearest steps"
    assert errors.startswith(
        "note: Intervals of Ensemble(1, 'voting') for the steps 17 to 23 rest on the residuals of the"
    )


def test_one_end_and_a_floor_can_be_asked_for(enstorage):
    asked = "forecast", "ensemble", 1, "--level", 0.9
    _, output, _ = enstorage(*asked, "--side", "upper")
    assert output.splitlines()[0].split() == ["step", "time", "forecast", "0.9", "basis"]
    _, output, errors = enstorage(*asked, "--side", "lower", "--floor", 1000)
    assert output.splitlines()[1].split()[3] == "1000.0"
    assert errors.startswith("note: 1 end of an interval of Ensemble(1, 'voting') was raised to 1000")
    assert "were raised" not in enstorage(*asked, "--side", "lower", "--floor", "none")[2]
    status, _, errors = enstorage(*asked, "--floor", "low")
    assert (status, errors.startswith("error: --floor takes a number, none or found; received 'low'")) == (1, True)


def test_json_and_csv_have_every_row(enstorage):
    arguments = "forecast", "ensemble", 1, "--level", 0.8
    parsed = json.loads(enstorage(*arguments, "--json")[1])
    assert parsed["notes"] == []
    assert pl.DataFrame(parsed["forecasts"]).drop("time", "name").rows() == enstorage.expected[1].rows()
    assert {row["time"] for row in parsed["forecasts"]} == {"1980-01-01T00:00:00Z"}
    assert enstorage(*arguments, "--csv", "ahead.csv")[1] == "Wrote 3 forecasts to ahead.csv.\n"
    assert pl.read_csv("ahead.csv").drop("time", "name").rows() == enstorage.expected[1].rows()


def test_an_earlier_time_can_be_asked_for(enstorage):
    _, output, _ = enstorage("forecast", "model", 1, "--time-from", "1979-06")
    assert output.splitlines()[1].split()[1] == "1979-06-01T00:00:00Z"
    status, _, errors = enstorage("forecast", "model", 1, "--time-from", "1990-01")
    assert status == 1
    assert errors.startswith("error: The last value of")


class TestSeriesOfAPanel:
    """`--series`: the keys of a panel, sources by name or id, files; by default every series of the panel."""

    @pytest.fixture
    def panel(self, enstorage, tmp_path):
        """Two shops, a model of both, and a third one that it was not trained on, also as a file; 10, 20, … are the days."""
        days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
        values = np.random.default_rng(4).uniform(5, 50, (2, 40))
        with Connector.in_folder(tmp_path / "enstorage-data"):
            panel = Panel(name="Shops").save()
            for key, own in zip(("Riga", "Oslo"), values, strict=True):
                source = DataSource(name=f"Shop {key}", time_interval="1d").save()
                source.write(days, own)
                panel.add(key, source)
            data_set = DataSet.from_preparations(panel.create_preparations("drop", "minmax", 0.7, 0.0, 0.3), Window(2))
            model = Project(name="Shops", panel=panel).save().create_research("pooled").create_model("pooled")
            model.data_set(data_set)
            _, X, y = data_set.arrays("train")
            model.save_object(LinearRegression().fit(X, y))
            new = DataSource(name="Bern", time_interval="1d").save()
            new.write(days[:4], [10.0, 20.0, 30.0, 20.0])
            (tmp_path / "bern.csv").write_text(
                "day,units\n2024-01-01,10\n2024-01-02,20\n2024-01-03,30\n2024-01-04,20\n"
            )
            return {name: entrainer.forecast(model, 2, series=new if name else None) for name in ("", "new")} | {
                "panel": panel
            }

    def test_every_series_is_forecast_by_one_call(self, enstorage, panel):
        status, output, errors = enstorage("forecast", "model", "pooled", "--horizon", 2)
        assert (status, errors) == (0, "")
        heads, *lines = (line.split() for line in output.splitlines())
        assert heads == ["name", "series", "step", "time", "forecast"]
        assert [line[:2] for line in lines] == [["Shop", "Riga"]] * 2 + [["Shop", "Oslo"]] * 2

    def test_some_are_named_by_key_name_or_file(self, enstorage, panel):
        new = panel["new"]["value"].to_list()
        rows = json.loads(
            enstorage(
                "forecast", "model", "pooled", "--horizon", 2, "--json", "--series", "Oslo", "--series", "Bern",
                "--series", "bern.csv",
            )[1]
        )["forecasts"]  # fmt: skip
        by_name = {name: [row["value"] for row in rows if row["name"] == name] for name in ("Shop Oslo", "Bern", None)}
        assert by_name["Bern"] == by_name[None] == pytest.approx(new)
        assert len(by_name["Shop Oslo"]) == 2
        assert {row["series"] for row in rows if row["name"] is None} == {None}

    def test_an_unknown_one_is_refused(self, enstorage, panel):
        status, _, errors = enstorage("forecast", "model", "pooled", "--series", "Graz")
        assert status == 1
        assert errors.startswith("error: There is no series 'Graz': expected a key of the panel, the name or id")


class TestCovariates:
    """`--known` and `--other` of a model that sees other series beside its own."""

    @pytest.fixture
    def model(self, enstorage, tmp_path):
        days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
        with Connector.in_folder(tmp_path / "enstorage-data"):
            sources = [DataSource(name=name, time_interval="1d").save() for name in ("Load", "Heat", "Wind")]
            for number, source in enumerate(sources):
                source.write(days, np.random.default_rng(number).uniform(5, 50, 40))
            preparations = [source.create_snapshot().create_preparation() for source in sources]
            research = Project(name="Load", data_source=sources[0]).save().create_research("all", preparations[0])
            model = research.create_model("all")
            model.data_set(preparations[0].create_set(Branches(preparations, lag=1)))
            _, X, y = model.data_set().arrays("train")
            model.save_object(LinearRegression().fit(X.reshape(len(X), -1), y))
            known = {"Heat": [10.0, 20.0], "Wind": [3.0, 4.0]}
            return entrainer.forecast(model, 3, known=known)["value"].to_list()

    def test_tables_and_others_are_named_by_the_data_source(self, enstorage, model, tmp_path):
        rows = "2024-02-10,10,3\n2024-02-11,20,4\n"
        (tmp_path / "known.csv").write_text("day,Heat,Wind\n" + rows)
        (tmp_path / "heat.csv").write_text("day,value\n2024-02-10,10\n2024-02-11,20\n")

        def forecasts(*options):
            parsed = json.loads(enstorage("forecast", "model", "all", "--horizon", 3, "--json", *options)[1])
            return [row["value"] for row in parsed["forecasts"]], parsed["notes"]

        assert forecasts("--known", "known.csv") == (pytest.approx(model), [])
        values, (note,) = forecasts("--known", "Heat=heat.csv", "--other", "Wind=naive")
        assert values[0] == pytest.approx(model[0])
        assert "Wind for 2 steps by naive" in note

    def test_one_that_ends_early_and_others_that_are_written_wrong_are_refused(self, enstorage, model):
        errors = enstorage("forecast", "model", "all", "--horizon", 3)[2]
        assert (
            "Heat is known until 2024-02-09T00:00:00Z; 2 steps from 2024-02-10T00:00:00Z on are missing; Wind" in errors
        )
        errors = enstorage("forecast", "model", "all", "--other", "naive")[2]
        assert errors.startswith("error: --other is written NAME=MODEL")
