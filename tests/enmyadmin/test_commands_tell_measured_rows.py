"""What commands say of rows that were not measured: at the import, the snapshot, the preparation, and of an ensemble."""

import json

import numpy as np

from enstorage import Connector, DataPreparation, Project
from enstorage.preparation import PARTS


def load(folder):
    """Two months of days, of which the first and the last are incomplete, and three days are missing."""
    days = np.delete(np.arange("2024-01-20", "2024-04-15", dtype="datetime64[D]"), [20, 40, 60])
    path = folder / "load.csv"
    path.write_text("day,load\n" + "".join(f"{day},{50 + at % 7}\n" for at, day in enumerate(days)))
    return path


def test_an_import_and_a_snapshot_tell_what_is_empty_and_what_is_left_out(enstorage):
    enstorage("init")
    told = enstorage("import-csv", load(enstorage.folder))[1]
    assert told.splitlines()[-1] == "3 buckets are empty between points."
    again = enstorage("import-csv", "load.csv", "--name", "months", "--interval", "1mo", "--aggregate", "sum", "--json")
    report = json.loads(again[1])["import_report"]
    assert (report["points"], report["buckets"], report["partial_first"], report["partial_last"]) == (83, 4, True, True)
    told = enstorage("snapshot", "months")[1].splitlines()
    assert "2 rows from 2024-02-01T00:00:00Z" in told[0]
    assert told[1] == "The first bucket, 2024-01-01T00:00:00Z, is covered by points only in part, and is left out."
    kept = json.loads(enstorage("snapshot", "months", "--keep-partial", "--json")[1])[0]
    assert (kept["rows"], kept["completeness"]["left_out"]["partial_first"]) == (4, 0)


def test_a_preparation_and_an_ensemble_count_filled_rows(enstorage):
    enstorage("init")
    enstorage("import-csv", load(enstorage.folder))
    enstorage("snapshot", "load")
    told = enstorage("prepare", 1, "--clean", "forward", "--valid", 0.15)[1]
    assert told.endswith("3 filled: models see them, and no error counts them.\n")
    with Connector():
        (preparation,) = DataPreparation.get_list()
        project = Project(name="Load", data_source=preparation.data_snapshot.data_source).save()
        model = project.create_research("Gaps", preparation).create_model("fifty")
        for code, rows in preparation.table().group_by("part"):
            model.save_forecasts(PARTS[code[0]], rows["time"].to_numpy(), np.full(rows.height, 50.0))
        project.create_ensemble("voting", models=[model])
    told = enstorage("render", 1, "--quiet")[1]
    assert "Targets that were not measured but filled, and are left out: 3." in told
    assert "<p>Targets that were not measured but filled: 3." in _report(enstorage)


def _report(enstorage):
    enstorage("report", 1, "--out", "report.html", "--quiet")
    return (enstorage.folder / "report.html").read_text()
