"""Commands that take a table without options for its form say where these are given, and which file needs none."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from enmyadmin.demo.series import from_csv
from enstorage import Connector, DataSet, DataSource, Panel, Project
from enstorage.adapter import Window

ASKED = "Give --date-order of import-csv, day-first or month-first."
WAY = (
    "{where} takes no such options: import the file with them, and give the file that export-csv writes of what was "
    "imported."
)


@pytest.fixture
def unclear(tmp_path):
    """A file whose dates may begin with the day or the month."""
    rows = [f"{1 + row % 12:02d}/{1 + row // 12:02d}/2024,{row % 7}" for row in range(60)]
    (tmp_path / "unclear.csv").write_text("\n".join(["day,Heat", *rows]) + "\n")
    return "unclear.csv"


def pooled_model():
    """A model of two series, which also forecasts a series in a file."""
    days = np.arange("2024-01-01", "2024-02-10", dtype="datetime64[D]")
    panel = Panel(name="Shops").save()
    for place, key in enumerate(("Riga", "Oslo")):
        source = DataSource(name=key, time_interval="1d").save()
        source.write(days, np.random.default_rng(place).uniform(5, 50, 40))
        panel.add(key, source)
    data_set = DataSet.from_preparations(panel.create_preparations("drop", "minmax", 0.7, 0.0, 0.3), Window(2))
    model = Project(name="Shops", panel=panel).save().create_research("pooled").create_model("pooled")
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    model.save_object(LinearRegression().fit(X, y))


@pytest.mark.parametrize("option", ["--known", "--series"])
def test_a_forecast_asks_for_no_option_that_it_does_not_have(enstorage, unclear, option, tmp_path):
    with Connector.in_folder(tmp_path / "enstorage-data"):
        pooled_model()
    status, output, errors = enstorage("forecast", "model", "1", option, unclear)
    assert (status, output) == (1, "")
    assert ASKED in errors
    assert WAY.format(where="A file of --series or --known") in errors


def test_the_demonstration_asks_for_no_option_that_it_does_not_have(enstorage, unclear):
    status, output, errors = enstorage("demo", "--csv", unclear)
    assert (status, output) == (1, "")
    assert ASKED in errors
    assert WAY.format(where="--csv") in errors


def test_options_of_a_table_that_would_be_ignored_are_refused(enstorage, unclear):
    status, output, errors = enstorage(
        "autoforecast", unclear, "--update", "clear", "--date-order", "month-first", "--skip-bad-rows"
    )
    assert (status, output) == (1, "")
    assert "--update takes no --date-order month-first and no --skip-bad-rows: import the file with them" in errors


@pytest.mark.long
def test_new_rows_of_a_forecast_ask_for_no_option_that_is_not_taken_then(enstorage, unclear, tmp_path):
    rows = [f"2024-01-{1 + row:02d},{row % 7}" for row in range(28)]
    (tmp_path / "clear.csv").write_text("\n".join(["day,Heat", *rows]) + "\n")
    found = enstorage("autoforecast", "clear.csv", "--horizon", "1", "--store", "kept")
    assert found[0] == 0, found
    status, output, errors = enstorage("autoforecast", unclear, "--update", "clear", "--store", "kept")
    assert (status, output) == (1, "")
    assert ASKED in errors
    assert WAY.format(where="--update") in errors


def test_the_way_that_the_message_tells_leads_to_a_file_that_is_read(enstorage, unclear, tmp_path):
    assert enstorage("import-csv", unclear, "--date-order", "month-first")[0] == 0
    assert enstorage("export-csv", "data-source", "1", "plain.csv")[0] == 0
    assert len(from_csv(tmp_path / "plain.csv", None, "").times) == 60


def test_other_messages_stay_as_they_are(enstorage, tmp_path):
    (tmp_path / "short.csv").write_text("day,value\n2024-01-01,1\n2024-01-02,2\n")
    errors = enstorage("demo", "--csv", "short.csv")[2]
    assert "the experiment needs at least 40" in errors
    assert "import-csv" not in errors
