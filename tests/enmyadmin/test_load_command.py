"""`enstorage load` into a folder where there is no store yet, and messages that name what can be given there."""

import json
import re
from pathlib import Path

import pytest

from enstorage.errors import InvalidInputError
from enstorage.sources.tables import read_table


def test_a_load_that_is_refused_makes_no_store(enstorage):
    Path("load.csv").write_text("date,value\n2024-01-01,1\n2024-01-02,abc\n")
    status, output, errors = enstorage("load", "csv", "path=load.csv", "--source", "Load", "--store", "new")
    assert (status, output, Path("new").exists()) == (1, "", False)
    assert errors.startswith("error: load.csv, line 3, column 'value': 'abc' is not a finite number.")
    status, _, errors = enstorage("load", "csv", "load.csv", "--source", "Load", "--store", "new")
    assert "expected KEY=VALUE, such as path=load.csv." in errors
    Path("load.csv").write_text("date,value\n2024-01-01,1\n2024-01-02,2\n")
    assert enstorage("load", "csv", "path=load.csv", "--source", "Load", "--store", "new")[0] == 0
    assert Path("new").exists()


@pytest.mark.parametrize(
    ("table", "keyword", "flag", "parameter"),
    [
        ("time,a\n2024-01-01,1\n2024-01-02,x\n", "skip_bad_rows=True", "--skip-bad-rows", {"skip_bad_rows": True}),
        ("time,a\n2024-01-01,1\n2024-01-02,x\n", "missing value with missing", "--missing", {"missing": "x"}),
        ("time,a\n02/03/2024,1\n03/04/2024,2\n", "Give date_order,", "--date-order,", {"date_order": "day-first"}),
        ('time,a\n2024-01-01,"1,234"\n', "Give the option decimal or thousands", "--thousands", {"thousands": ","}),
        ("time,a\n2024-01-01,1\n2024-01-01,2\n", "with duplicates which", "--duplicates", {"duplicates": "sum"}),
        ("a,b,c\nx,1,5\ny,2,6\n", "time_unit='step'", "--time-unit step", {"time_unit": "step"}),
        ("time,a\n17000101,1\n30000101,2\n", "Give time_unit,", "--time-unit,", {"date_format": "%Y%m%d"}),
    ],
)
def test_a_message_about_a_table_names_what_its_caller_can_give(enstorage, table, keyword, flag, parameter):
    Path("a.csv").write_text(table)
    with pytest.raises(InvalidInputError) as found:
        read_table("a.csv")
    assert keyword in str(found.value)
    assert "--" not in str(found.value)
    [option] = parameter
    for words, expected in (
        (("import-csv", "a.csv"), flag),
        (("load", "csv", "path=a.csv", "--source", "Load"), f'options={{"{option}": '),
    ):
        status, _, errors = enstorage(*words)
        assert (status, expected in errors) == (1, True), errors
    assert "--" not in errors
    if option not in ("time_unit", "date_format"):  # their tables have other faults too
        given = f"options={json.dumps(parameter)}"
        assert enstorage("load", "csv", "path=a.csv", given, "--source", "Load")[0] == 0


def test_an_option_with_a_value_that_cannot_be_is_named_as_it_was_given(enstorage):
    Path("a.csv").write_text("time,a\n2024-01-01,1\n")
    assert "error: --decimal is 'x'; expected one of" in enstorage("import-csv", "a.csv", "--decimal", "x")[2]
    _, _, errors = enstorage("load", "csv", "path=a.csv", 'options={"decimal": "x"}', "--source", "Load")
    assert """options={"decimal": …} is 'x'; expected one of""" in errors


def test_only_commands_name_the_options_of_tables_as_flags():
    folders = [Path(__file__).parents[2] / "src" / "enstorage" / each for each in ("sources", "calendars", "loaders")]
    flags = [
        path for folder in folders for path in folder.rglob("*.py") if re.search(r"[(\s]--[a-z]", path.read_text())
    ]
    assert flags == []
