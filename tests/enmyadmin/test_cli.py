"""The command line, as a person uses it."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from uploaded import make_ensemble

from enmyadmin.output import readable_size
from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "river.csv"
    path.write_text("time,level\n" + "".join(f"20{year}-01-01,{year / 4}\n" for year in range(10, 20)))
    return path


def test_the_module_and_the_script_are_the_same_program(tmp_path):
    for command in ([sys.executable, "-m", "enstorage"], [Path(sys.executable).parent / "enstorage"]):
        done = subprocess.run([*command, "show", "project"], capture_output=True, text=True, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert "Missing argument" in done.stderr


def test_version_is_told_in_words_and_in_json(enstorage):
    status, output, _ = enstorage("version")
    assert (status, output) == (0, "enstorage 0.1.0\n")
    assert json.loads(enstorage("version", "--json")[1]) == {"version": "0.1.0"}


def test_points_go_in_and_come_out_as_they_were(enstorage, csv):
    assert enstorage("init")[0] == 0
    status, output, errors = enstorage("import-csv", csv, "--unit", "m")
    assert (status, errors) == (0, "")
    taken, written = output.splitlines()
    assert taken.endswith("times in time: ISO 8601 (2015-01-29T21:55:43Z, 2015-01), values in level.")
    assert written == "Wrote 10 points to data source 1 (river), interval 1y."
    assert enstorage("export-csv", "data-source", 1, "out.csv")[0] == 0
    assert (enstorage.folder / "out.csv").read_text().splitlines()[:2] == ["time,value", "2010-01-01T00:00:00Z,2.5"]
    again = json.loads(enstorage("import-csv", "out.csv", "--source", 1, "--json")[1])
    assert (again["points"], again["data_source"]["name"], again["data_source"]["unit"]) == (10, "river", "m")


def test_points_of_a_line_protocol_file_are_written_to_a_source(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    lines = enstorage.folder / "points.lp"
    lines.write_text(
        "data_source,mysql_id=1 value=0.55 1422568543702900257\n"
        "data_source,mysql_id=2 value=7 1422568543702900257\n"
        "cpu,host=a,core=1 idle=5i 1422568544\ncpu,host=a,core=2 idle=6i 1422568544\n"
    )
    status, output, errors = enstorage("import-lines", lines, "--source", 1)
    assert (status, output, errors) == (0, "Wrote 1 point to data source 1 (river).\n", "")
    chosen = ("--measurement", "cpu", "--field", "idle", "--tag", "host=a", "--tag", "core=2", "--precision", "s")
    assert json.loads(enstorage("import-lines", lines, "--source", 1, *chosen, "--json")[1])["points"] == 1
    assert DataSource.get(1).read("2015-01-02", "2016")[1].tolist() == [0.55, 6]
    status, _, errors = enstorage("import-lines", lines, "--source", 1, "--tag", "host")
    assert (status, "--tag received 'host'; expected KEY=TEXT" in errors) == (1, True)
    status, _, errors = enstorage("import-lines", lines, "--source", 3)
    assert (status, "3" in errors) == (1, True)
    assert enstorage("import-lines", lines)[0] == 2


def test_info_list_show_and_check_speak_of_what_is_stored(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    info = json.loads(enstorage("info", "--json")[1])
    assert info["counts"]["data_source"] == 1
    assert info["database"].endswith("enstorage-data/enstorage.sqlite")
    assert "river" in enstorage("list", "data_sources")[1]
    (listed,) = json.loads(enstorage("list", "data_source", "--json")[1])
    shown = json.loads(enstorage("show", "data_source", 1, "--json")[1])
    assert shown == {
        **listed,
        "points": 10,
        "first_point": "2010-01-01T00:00:00Z",
        "last_point": "2019-01-01T00:00:00Z",
    }
    assert shown["time_interval"] == "1y"
    assert enstorage("check")[:2] == (0, "The store is whole.\n")
    assert json.loads(enstorage("check", "--json")[1]) == []


def test_a_model_is_shown_with_its_facts_and_curves(enstorage):
    enstorage("init")
    model = Project(name="p", data_source=DataSource(name="s")).create_research("r").create_model("m")
    model.meta("loss", 0.25)
    model.log([1, 2, 3], loss=[3.0, 2.0, 1.0])
    model.log(9, rate=0.5)
    model.connector.recorder.flush()  # the command opens the store anew, as another process would
    shown = json.loads(enstorage("show", "model", 1, "--json")[1])
    assert shown["meta"] == {"loss": 0.25}
    assert shown["curves"] == {"loss": {"steps": 3, "last": 1.0}, "rate": {"steps": 1, "last": 0.5}}
    assert "rate" in enstorage("show", "model", 1)[1]
    (stretch,) = json.loads(enstorage("list", "model_curve", "--json")[1])
    assert (stretch["rows"], "data" in stretch) == (4, False)
    assert "1 in all" in enstorage("list", "model_curve")[1]


def test_check_finds_a_damaged_object_and_exits_with_1(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    DataSource.get(1).create_snapshot()
    (damaged,) = (enstorage.folder / "enstorage-data" / "objects").glob("[0-9a-f][0-9a-f]/*")
    content = bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)
    status, output, _ = enstorage("check", "--json")
    assert status == 1
    assert {finding["entity"] for finding in json.loads(output)} == {"DataSnapshot", "DataCsv"}


def test_check_tells_what_a_killed_process_left_and_gc_frees_it(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    connector = Connector.in_folder("enstorage-data")
    sha256 = connector.objects.put(b"x" * 12_345)
    connector.close()
    path = enstorage.folder / "enstorage-data" / "objects" / sha256[:2] / sha256[2:]
    assert enstorage("gc")[:2] == (
        0, "Kept, since younger than 24h: 1 object to which nothing refers.\nThere is nothing to free.\n"
    )  # fmt: skip
    os.utime(path, (0, 0))
    status, output, _ = enstorage("check")
    assert (status, "The store is whole." in output, "1 objects are not needed" in output) == (0, True, True)
    assert [each["kind"] for each in json.loads(enstorage("check", "--json")[1])] == ["note"]
    for grace in ("1d", "0", "90m"):
        status, output, _ = enstorage("gc", "--grace", grace)
        assert (status, "12.3 kB" in output) == (0, True)
        assert output.endswith("Nothing was freed yet. To free 12.3 kB: enstorage gc --delete\n")
    assert path.is_file()
    counted = json.loads(enstorage("gc", "--json")[1])
    assert (counted["freed"], counted["spared"]) == (False, 0)
    assert counted["garbage"][0] == {"kind": "objects", "count": 1, "bytes": 12_345}
    status, output, _ = enstorage("gc", "--delete")
    assert (status, output.splitlines()[-1]) == (0, "Freed 12.3 kB.")
    assert not path.exists()
    assert enstorage("gc", "--delete")[1] == "There is nothing to free.\n"
    assert enstorage("check")[:2] == (0, "The store is whole.\n")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (12_345, "12.3 kB"), (999_499, "999 kB"), (999_500, "1 MB"),
     (5 * 10**12, "5 TB")],
)  # fmt: skip
def test_sizes_are_told_in_three_digits(count, text):
    assert readable_size(count) == text


def test_tables_of_other_entities_are_exported_too(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    DataSource.get(1).create_snapshot().create_preparation("drop", "minmax").create_set(Window(2))
    assert enstorage("export-csv", "data_set", 1, "set.csv")[0] == 0
    assert (enstorage.folder / "set.csv").read_text().splitlines()[0] == "id,part,X_0,X_1,y"
    assert enstorage("export-csv", "data_preparation", 1, "rows.csv")[0] == 0
    prepared = np.genfromtxt(enstorage.folder / "rows.csv", delimiter=",", names=True)["prepared"]
    assert prepared[0] == 0


def test_another_folder_and_the_environment_choose_the_store(enstorage, csv):
    enstorage("init", "elsewhere")
    enstorage("import-csv", csv, "--store", "elsewhere")
    assert json.loads(enstorage("info", "--store", "elsewhere", "--json")[1])["counts"]["data_source"] == 1
    environment = {
        "ENSTORAGE_DATABASE": f"sqlite:///{enstorage.folder}/elsewhere/enstorage.sqlite",
        "ENSTORAGE_SERIES": f"delta:{enstorage.folder}/elsewhere/series",
        "ENSTORAGE_OBJECTS": f"file:{enstorage.folder}/elsewhere/objects",
    }
    assert json.loads(enstorage("info", "--json", **environment)[1])["counts"]["data_source"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("info",), ["There is no store in", "enstorage init", "--store"]),
        (("list", "modle", "--store", "made"), ["no entity 'modle'", "model", "ensemble"]),
        (("show", "project", "7", "--store", "made"), ["no Project with id 7", "none is stored yet"]),
        (("import-csv", "bad.csv", "--store", "made"), ["bad.csv", "3", "oops"]),
        (("import-csv", "missing.csv", "--store", "made"), ["missing.csv"]),
        (("gc", "--grace", "1y", "--store", "made"), ["--grace is '1y'", "such as 24h"]),
        (("demo", "--csv", "bad.csv"), ["bad.csv", "3", "oops"]),
        (("demo", "--season", "250"), ["season of 250 rows", "216 rows", "shorter --season"]),
        (("export-csv", "data_source", "1", "nowhere/x.csv", "--store", "made"), ["no DataSource with id 1"]),
        (("demo", "--csv", "river.csv"), ["river.csv has 10 points", "at least 40", "longer series"]),
    ],
)
def test_what_is_wrong_is_one_message_without_a_trace(enstorage, csv, arguments, words):
    enstorage("init", "made")
    (enstorage.folder / "bad.csv").write_text("2001,1\n2002,2\noops,3\n")
    status, output, errors = enstorage(*arguments)
    assert (status, output) == (1, "")
    assert errors.startswith("error: ")
    assert "Traceback" not in errors
    for word in words:
        assert word in errors
    parsed = json.loads(enstorage(*arguments, "--json")[2])
    assert parsed["message"] == errors.removeprefix("error: ").rstrip("\n")
    assert not (enstorage.folder / "demo-report").exists()
    assert json.loads(enstorage("info", "--store", "made", "--json")[1])["counts"]["data_source"] == 0


def test_an_existing_file_is_replaced_only_when_told(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    before = csv.read_text()
    status, _, errors = enstorage("export-csv", "data_source", 1, csv)
    assert status == 1
    assert "--overwrite" in errors
    assert csv.read_text() == before
    assert enstorage("export-csv", "data_source", 1, csv, "--overwrite")[0] == 0


def test_an_export_to_a_place_that_is_not_there_is_one_message(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    DataSource.get(1).create_snapshot()
    for entity in ("data_source", "data_snapshot"):
        for place, words in (("nowhere/x.csv", "Make it first"), (".", "is a directory")):
            status, _, errors = enstorage("export-csv", entity, 1, place, "--overwrite")
            assert (status, words in errors, "Traceback" in errors) == (1, True, False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "project"], "Missing argument"),
        (["info", "--stoer", "x"], "No such option: --stoer"),
        (["find", "project", "--limit", "one"], "Invalid value for"),
        (["shwo"], "No such command 'shwo'"),
    ],
)
def test_a_command_that_is_not_understood_is_told_in_json_too(enstorage, arguments, message):
    status, output, errors = enstorage(*arguments, "--json")
    assert (status, output) == (2, "")
    parsed = json.loads(errors)
    assert parsed["error"] == "UsageError"
    assert parsed["message"].startswith(message)
    assert enstorage(*arguments)[0] == 2


def test_help_is_help_with_json_too(enstorage):
    status, output, errors = enstorage("info", "--help", "--json")
    assert (status, errors) == (0, "")
    assert "Usage" in output


def test_json_is_what_every_reader_takes(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    project = Project(name="River", data_source=DataSource.get(1)).save()
    model = project.create_research("r").create_model("m")
    model.meta("loss", float("nan"))
    output = enstorage("show", "model", 1, "--json")[1]
    assert json.loads(output, parse_constant=pytest.fail)["meta"] == {"loss": None}


def test_find_prints_what_the_query_asks_for(enstorage, csv):
    enstorage("init")
    for name in ("Elbe", "Oder", "Rhine"):
        enstorage("import-csv", csv, "--name", name)
    status, output, errors = enstorage("find", "data-sources", "name like '%e%' and id < 3", "--order-by", "name desc")
    assert (status, errors) == (0, "")
    assert output.splitlines()[-1] == "2 found"
    assert output.index("Oder") < output.index("Elbe")
    found = json.loads(enstorage("find", "data_source", "--order-by", "name desc", "--limit", 2, "--json")[1])
    assert [row["name"] for row in found] == ["Rhine", "Oder"]
    status, output, errors = enstorage("find", "data_source", "nmae = 'Elbe'")
    assert (status, output) == (1, "")
    assert errors.startswith("error: Position 1 of the query: there is no column 'nmae' of DataSource.")
    assert errors.endswith("\n    nmae = 'Elbe'\n    ^\n")


def test_compare_shows_what_differs_and_on_demand_what_does_not(enstorage, csv):
    enstorage("init")
    for name, unit in (("Elbe", "m"), ("Oder", "cm")):
        enstorage("import-csv", csv, "--name", name, "--unit", unit)
    status, output, errors = enstorage("compare", "data_source", 1, 2)
    assert (status, errors) == (0, "")
    assert [line.split() for line in output.splitlines()] == [
        ["data_source", "1", "data_source", "2"],
        ["name", "Elbe", "Oder"],
        ["unit", "m", "cm"],
    ]
    assert "aggregate" in enstorage("compare", "data_source", 1, 2, "--all")[1]
    parsed = json.loads(enstorage("compare", "data_source", 1, 2, "--json")[1])
    assert parsed["values"] == {"name": ["Elbe", "Oder"], "unit": ["m", "cm"]}
    assert "do not differ" in enstorage("compare", "data_source", 1, 1)[1]
    assert enstorage("compare", "data_source", 1, 9)[0] == 1


def test_options_of_a_new_source_are_refused_for_one_that_is_there(enstorage, csv):
    enstorage("init")
    enstorage("import-csv", csv)
    status, _, errors = enstorage("import-csv", csv, "--source", 1, "--name", "other")
    assert (status, "Leave out either" in errors) == (1, True)


@pytest.fixture
def two_models(enstorage, csv):
    """A store with a line and a model of nothing but a curve."""
    from sklearn.linear_model import LinearRegression

    with Connector.in_folder("here") as connector:
        source = DataSource(name="s").save()
        research = Project(name="p", data_source=source).save().create_research("r")
        research.create_model("line").save_object(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]))
        research.create_model("curve").log([1, 2], loss=[0.5, 0.25])
    connector.close()


def test_a_model_goes_out_and_comes_in(enstorage, two_models):
    status, output, _ = enstorage("export-model", 1, "line", "--store", "here")
    assert (status, output.splitlines()[-1]) == (0, "Wrote model 1 (line) to line.")
    assert "model.skops" in output
    status, output, _ = enstorage("import-model", "line", "--research", 1, "--store", "here")
    assert (status, output) == (0, "Imported model 3 (line).\n")
    parsed = json.loads(
        enstorage("import-model", "line", "--research", 1, "--name", "x", "--store", "here", "--json")[1]
    )
    assert (parsed["model"]["id"], parsed["model"]["name"], parsed["model"]["object_format"]) == (4, "x", "skops")


def test_a_folder_with_a_model_is_replaced_only_on_demand(enstorage, two_models):
    enstorage("export-model", 1, "line", "--store", "here")
    status, _, errors = enstorage("export-model", 1, "line", "--store", "here")
    assert (status, "exists; expected a new name" in errors) == (1, True)
    parsed = json.loads(enstorage("export-model", 1, "line", "--overwrite", "--store", "here", "--json")[1])
    assert set(parsed["files"]) == {"model.json", "model.skops", "model.onnx"}


def test_a_model_without_object_is_not_exported(enstorage, two_models):
    status, _, errors = enstorage("export-model", 2, "curve", "--store", "here")
    assert (status, "has no object to export" in errors) == (1, True)
    assert not (enstorage.folder / "curve").exists()


def test_curves_are_written_for_tensorboard(enstorage, two_models):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    status, output, _ = enstorage("tensorboard", 1, 2, "--folder", "runs", "--store", "here")
    assert (status, output) == (0, "Wrote 2 runs. Look at them with: tensorboard --logdir runs\n")
    events = EventAccumulator(str(enstorage.folder / "runs" / "2_curve"))
    events.Reload()
    assert [each.value for each in events.Scalars("loss")] == [0.5, 0.25]


@pytest.fixture
def ensemble(enstorage):
    """A rendered ensemble of two uploaded forecasts."""
    with Connector.in_folder("here") as connector:
        make_ensemble()
    connector.close()


def test_a_report_is_written_where_it_is_asked_for(enstorage, ensemble):
    status, output, errors = enstorage("report", "ensemble", 1, "--store", "here")
    assert (status, errors) == (0, "")
    assert output == "Wrote the report of ensemble 1 (voting) to ensemble-1.html.\n"
    page = (enstorage.folder / "ensemble-1.html").read_text(encoding="utf-8")
    assert "near" in page
    parsed = json.loads(enstorage("report", "ensemble", 1, "--out", "folder", "--store", "here", "--json")[1])
    assert parsed["path"] == str(Path("folder") / "report.html")
    assert (parsed["ensemble"], parsed["mark"], parsed["suggestion"]["decided_on"]) == (1, "held-out", "valid")
    assert (enstorage.folder / "folder" / "report.html").read_text(encoding="utf-8") == page


def test_a_report_of_something_else_is_refused(enstorage, ensemble):
    status, _, errors = enstorage("report", "model", 1, "--store", "here")
    assert status == 1
    assert "Write: ensemble 1" in errors


def test_importing_points_makes_a_store_where_there_is_none_and_says_so(enstorage, csv):
    status, output, errors = enstorage("import-csv", csv, "--store", "new")
    assert (status, output.splitlines()[1:]) == (0, ["Wrote 10 points to data source 1 (river), interval 1y."])
    assert errors == f"Made a store in {enstorage.folder / 'new'}.\n"
    assert json.loads(enstorage("import-csv", csv, "--store", "new", "--json")[1])["made_store"] is False
    assert json.loads(enstorage("import-csv", csv, "--store", "other", "--json")[1])["made_store"] is True
    (enstorage.folder / "bad.csv").write_text("2001,1\noops,2\n")
    assert enstorage("import-csv", "bad.csv", "--store", "third")[0] == 1
    status, _, errors = enstorage("import-csv", csv, "--source", 1, "--store", "third")
    assert (status, f"There is no store in {enstorage.folder / 'third'}" in errors) == (1, True)
    assert "enstorage import-csv FILE --store FOLDER" in errors
    assert not (enstorage.folder / "third").exists()


def test_a_command_that_is_not_understood_names_its_help(enstorage):
    for arguments, help_of in (
        (("shwo",), "enstorage"),
        (("show",), "enstorage show"),
        (("create", "x"), "enstorage create"),
    ):
        status, output, errors = enstorage(*arguments)
        assert (status, output) == (2, "")
        assert errors.startswith("error: ")
        assert errors.endswith(f" See: {help_of} --help\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("project", "p"), "Give it by --source"),
        (("project", "p", "--source", "rivre"), "There is no data source named 'rivre'"),
        (("project", "p", "--source", 9), "no DataSource with id 9"),
        (("project", "--from", '{"nmae": "p"}'), "Did you mean 'name'?"),
        (("project", "--from", "{"), "--from received no valid JSON"),
        (("project", "--from", "[1]"), "expected an object in braces"),
        (("project", "--from", "missing.json"), "neither a JSON object nor a file that can be read"),
        (("data-source", "s", "--aggregate", "mena"), "mena"),
        (("model", "m", "--network", "lsmt"), "There is no network 'lsmt'"),
        (("ensemble", "--method", "voting"), "Give it by --project"),
    ],
)
def test_what_cannot_be_created_is_one_message_and_makes_nothing(enstorage, csv, arguments, words):
    enstorage("import-csv", csv)
    before = json.loads(enstorage("info", "--json")[1])["counts"]
    status, output, errors = enstorage("create", *arguments)
    assert (status, output, words in errors) == (1, "", True), errors
    assert json.loads(enstorage("info", "--json")[1])["counts"] == before


def test_a_record_is_created_from_a_file_and_options_replace_what_it_says(enstorage, csv, monkeypatch):
    enstorage("import-csv", csv)
    (enstorage.folder / "project.json").write_text('{"name": "p", "data_source_id": "river", "tags": {"kind": "test"}}')
    project = json.loads(enstorage("create", "project", "q", "--from", "project.json", "--json")[1])
    assert (project["name"], project["data_source_id"], project["tags"]) == ("q", 1, {"kind": "test"})
    monkeypatch.setattr("sys.stdin", io.StringIO('{"name": "from a pipe", "data_source_id": 1}'))
    assert enstorage("create", "project", "--from", "-")[1] == "Created project 2 (from a pipe).\n"
