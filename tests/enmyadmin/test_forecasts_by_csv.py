"""Forecasts of a model as a table: what is exported is read back to the same bits, what is wrong changes nothing."""

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage as es
from enstorage import DataSet, DataSource, Model, Panel, Project
from enstorage.adapter import Window
from enstorage.entity.forecast import Forecast
from enstorage.preparation.split import Part


def model_of(zone=None, panel=False):
    """A model with forecasts of two parts, two steps, three quantiles; its set is of one series, or of two."""
    es.Connector.in_folder("enstorage-data")
    random = np.random.default_rng(0)
    if zone == "step":
        times, options = np.arange(-20, 40), {"time_interval": "step"}
    else:
        times = (np.datetime64("2024-02-20") + np.arange(60)).astype(str)
        options = {"time_interval": "1d", "time_zone": zone or "UTC"}
    sources = [DataSource(name=name, **options) for name in ("a", "b")[: 1 + panel]]
    for source in sources:
        source.write(times, random.normal(size=60))
    owner = sources[0]
    if panel:
        owner = Panel(name="p")
        owner.add_all({source.name: source for source in sources})
    preparations = [each.create_snapshot().create_preparation("drop", "none", 0.7, 0.0, 0.3) for each in sources]
    project = Project(name="P", **({"panel": owner} if panel else {"data_source": owner})).save()
    model = project.create_research("r", *([] if panel else preparations)).create_model("m")
    window = Window(3, horizon=2)
    model.data_set(DataSet.from_preparations(preparations, window) if panel else preparations[0].create_set(window))
    data_set = model.data_set()
    ids, truths = data_set.targets()
    for part in ("train", "test"):
        rows = data_set.parts() == Part[part.upper()]
        values = random.normal(size=truths[rows].shape) / 3
        quantiles = {level: values + level for level in (0.1, 0.5, 0.9)}
        series = data_set.series()[rows] if panel else None
        model.save_forecasts(part, ids[rows], values, series=series, quantiles=quantiles)
    return model


@pytest.mark.parametrize("kind", ["days of UTC", "days of London", "counters", "two series"])
def test_exported_forecasts_are_read_back_to_the_same_bits(enstorage, kind):
    model = model_of({"days of London": "Europe/London", "counters": "step"}.get(kind), kind == "two series")
    before = model.forecasts()
    file = enstorage.folder / "forecasts.csv"
    assert enstorage("export-csv", "model", model.id, file)[0] == 0
    for forecast in Forecast.of(model):
        forecast.delete()
    status, out, errors = enstorage("import-csv", file, "--model", model.name)
    assert (status, errors) == (0, "")
    assert "forecasts of the part train" in out
    after = Model.get(model.id).forecasts()
    assert after.equals(before)
    assert after["value"].to_numpy().tobytes() == before["value"].to_numpy().tobytes()


def test_a_table_of_one_part_needs_its_name(enstorage):
    model = model_of()
    before = model.forecasts()
    forecast = next(each for each in Forecast.of(model) if each.part == "test")
    file = enstorage.folder / "test.csv"
    assert enstorage("export-csv", "forecast", forecast.id, file)[0] == 0
    assert "has no column part, and no part is given" in enstorage("import-csv", file, "--model", 1)[2]
    assert enstorage("import-csv", file, "--model", 1, "--part", "test")[0] == 0
    assert Model.get(1).forecasts().equals(before)
    # Another program knows no ids of sources, no quantiles and one step.
    (enstorage.folder / "other.csv").write_text("time,value\n2024-04-15,1.5\n2024-04-16,2.5\n")
    assert enstorage("import-csv", enstorage.folder / "other.csv", "--model", 1, "--part", "test")[0] == 0
    assert Model.get(1).forecasts("test")["value"].to_list() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("value", "values", 1), "expected those of forecasts: id or time, value"),
        (lambda text: text.replace("2024-02-24", "2024-13-45"), "2024-13-45"),
        (lambda text: text.replace(",0.5,", ",half,", 1), "column 'quantile': 'half' is not a number"),
        (lambda text: text.replace(",1,,", ",1,0.7,", 1), "line 2: the quantile 0.7 has no point forecast"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "rows of the quantile 0.9 for"),
        (lambda text: text.replace("train,", "test,"), "have targets of the part 'train'"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(enstorage, change, message):
    model = model_of()
    before = model.forecasts()
    file = enstorage.folder / "forecasts.csv"
    assert enstorage("export-csv", "model", model.id, file)[0] == 0
    text = file.read_text()
    rows = text.splitlines()
    file.write_text(change("\n".join([rows[0], *sorted(rows[1:], key=lambda row: (row.split(",")[2], row))]) + "\n"))
    status, out, errors = enstorage("import-csv", file, "--model", 1)
    assert (status, out, message in errors) == (1, "", True), errors
    assert Model.get(1).forecasts().equals(before)
    assert "expected these without options of points" in enstorage("import-csv", file, "--model", 1, "--unit", "MW")[2]


@pytest.mark.parametrize("kind", ["days of London", "counters", "two series"])
def test_the_table_of_an_ensemble_is_read_as_forecasts_of_a_model(enstorage, kind):
    model = model_of({"days of London": "Europe/London", "counters": "step"}.get(kind), kind == "two series")
    twin = model.research.create_model("twin")
    twin.data_set(model.data_set())
    for part in ("train", "test"):
        own = model.forecasts(part).filter(pl.col("quantile").is_null())
        shifted = own["value"].to_numpy() + 0.25
        twin.save_forecasts(part, own["id"], shifted, series=own["series"], step=own["step"])
    ensemble = model.research.project.create_ensemble("voting", models=[model, twin], name="E")
    endirector.Conductor(ensemble).render()
    file = enstorage.folder / "ensemble.csv"
    assert enstorage("export-csv", "ensemble", ensemble.id, file)[0] == 0
    header, first, *rows = file.read_text().splitlines()
    without = dict(zip(header.split(","), first.split(","), strict=True)) | {"ensemble": "", "fitted": "true"}
    file.write_text("\n".join([header, ",".join(without.values()), first, *rows]) + "\n")  # fitted on folds alone
    heir = model.research.create_model("heir")
    heir.data_set(model.data_set())
    status, out, errors = enstorage("import-csv", file, "--model", "heir")
    assert (status, errors) == (0, ""), errors
    assert "forecasts of the part train" in out
    expected = ensemble.table().select("series", "id", "step", "ensemble").sort("series", "id", "step")
    found = Model.get(heir.id).forecasts().sort("series", "id", "step")
    assert found.select("series", "id", "step").equals(expected.select("series", "id", "step"))
    assert found["value"].to_numpy().tobytes() == expected["ensemble"].to_numpy().tobytes()


@pytest.mark.parametrize("entity", ["model", "ensemble"])
def test_forecasts_that_are_imported_as_points_are_refused_with_the_option_that_helps(enstorage, entity):
    model = model_of()
    record = model
    if entity == "ensemble":
        record = model.research.project.create_ensemble("voting", models=[model], name="E")
        endirector.Conductor(record).render()
    file = enstorage.folder / "forecasts.csv"
    assert enstorage("export-csv", entity, record.id, file)[0] == 0
    status, out, errors = enstorage("import-csv", file)
    assert (status, out) == (1, "")
    assert "has forecasts, with the columns" in errors
    assert "Name the model that they are of with --model." in errors
