"""`enstorage load` into a folder where there is no store yet."""

from pathlib import Path


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
