"""Scenarios of data: loaders of other packages, and data that models were made from."""

import os
import subprocess
import sys
from textwrap import dedent

import polars as pl
import pytest
from scenario_graphs import states

from enorchestrator import PipelineDefinition, run_pipeline, save_pipeline, submit
from enstorage import DataSet, DataSource, Project
from enstorage.errors import InUseError, InvalidInputError
from entrainer.networks import Estimator
from released import make_ensemble, make_source

LOADERS = """
    from dataclasses import dataclass
    from typing import ClassVar

    import numpy as np
    from enstorage.sources.base import LoadedSeries, SourceLoader

    @dataclass(frozen=True)
    class Ramp(SourceLoader):
        name: ClassVar[str] = "ramp"
        rows: int = 3

        def read(self, wanted, report):
            yield LoadedSeries("ramp", np.arange(self.rows, dtype=np.int64), np.arange(self.rows, dtype=np.float64))

    @dataclass(frozen=True)
    class Liar(SourceLoader):
        name: ClassVar[str] = "liar"

        def read(self, wanted, report):
            yield LoadedSeries("liar", np.array([2, 1], dtype=np.int64), np.array([0.0, np.nan]))
"""
POINTS = "[enstorage.sources]\nramp = loaders:Ramp\nliar = loaders:Liar\ncrash = crashing:Loader\n"
USE = """
    import enstorage.errors as errors
    from enstorage.sources.base import Wanted, loader_from_json
    (series,) = loader_from_json({"name": "ramp", "rows": 4}).load()
    print(series.values.tolist())
    wrong = [({"name": "liar"}, Wanted()), ({"name": "crash"}, Wanted()), ({"name": "ramp"}, Wanted(most_points=2))]
    for recipe, wanted in wrong:
        try:
            list(loader_from_json(recipe).load(wanted))
        except errors.EnstorageError as error:
            print(type(error).__name__)
    (path := __import__("pathlib").Path("a.csv")).write_text("time,value\\n2024-01-01,1\\n2024-01-02,2\\n")
    print(len(next(iter(loader_from_json({"name": "csv", "path": "a.csv"}).load())).values))
"""


def test_a_loader_of_another_package_is_usable_and_a_faulty_one_harms_no_other(tmp_path):
    (tmp_path / "loaders.py").write_text(dedent(LOADERS))
    (tmp_path / "crashing.py").write_text("raise RuntimeError('no')\n")
    installed = tmp_path / "loaders-1.0.dist-info"
    installed.mkdir()
    (installed / "entry_points.txt").write_text(POINTS)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: loaders\nVersion: 1.0\n")
    done = subprocess.run(
        [sys.executable, "-c", dedent(USE)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "[0.0, 1.0, 2.0, 3.0]",
        "StoreError",
        "PluginError",
        "InvalidInputError",
        "2",
    ], done.stderr


def test_data_that_a_model_was_made_from_are_not_deleted(store, census):
    source = make_source()
    ensemble = make_ensemble(source)
    before = census(store)
    preparation = ensemble.models()[0].data_set().preparations()[0]
    for record in (
        source,
        preparation.data_snapshot,
        preparation,
        ensemble.models()[0].data_set(),
        ensemble.models()[0],
    ):
        with pytest.raises(InUseError, match="is in use by"):
            record.delete()
    assert census(store) == before


def pipeline_of(path, **bounds):
    """Load a file, prepare it, make samples, check the values they are of, and train."""
    loader = {"name": "csv", "path": str(path)}
    return {
        "load": {"kind": "load_series", "with": {"loader": loader, "source": "Load"}},
        "prepare": {
            "kind": "create_data_preparation",
            "with": {"data_snapshot_id": "${load.snapshot}", "clean_method": "linear", "transform_method": "none"},
        },
        "samples": {
            "kind": "create_data_set",
            "with": {"data_preparation_id": "${prepare.data_preparation}", "adapter": {"name": "window", "lag": 3}},
        },
        "check": {"kind": "check_data_set", "with": {"data_set": "${samples.data_set}", **bounds}},
        "after": {"kind": "check", "needs": ["check"]},
    }


def test_values_out_of_range_are_reported_and_block_the_data_set(current, at_work, inbox, over):
    rows = [(day, 1.0 + day % 7) for day in range(1, 29) if day not in (5, 6, 7, 8)]
    rows[-3] = (rows[-3][0], 900.0)
    text = "time,value\n" + "".join(f"2024-02-{day:02d},{value}\n" for day, value in rows)
    (inbox / "load.csv").write_text(text)

    def started(**bounds):
        steps = pipeline_of(inbox / "load.csv", **bounds)
        save_pipeline(PipelineDefinition.read({"name": "in", "steps": steps}), connector=current)
        return over(run_pipeline("in", connector=current))

    found = started(maximum=100, most_missing=0.1)
    assert states(found) == {
        **dict.fromkeys(("load", "prepare", "samples"), "succeeded"),
        "check": "failed",
        "after": "skipped",
    }
    said = found.run.error["detail"]
    assert "is blocked" in said
    assert "no value in 14.3% of its buckets, more than 10.0%" in said
    assert "the value 900, above 100" in said
    (data_set,) = DataSet.get_list()
    assert not data_set.check_result["passed"]
    assert data_set.check_result["expected"] == {"maximum": 100, "most_missing": 0.1}
    preparation = data_set.preparations()[0]
    research = Project(name="Load", data_source=DataSource.get(1)).save().create_research("R", preparation)
    model = research.create_model("ridge", Estimator("Ridge"))
    model.data_set(data_set)
    refused = over(submit("fit", {"models": [model.id]}, connector=current))
    assert (refused.run.state, "is blocked" in refused.run.error["detail"]) == ("failed", True)
    # The same file again writes nothing and is the same version; with bounds that hold, the work goes on.
    again = started(maximum=1000, most_missing=0.2)
    assert again.run.state == "succeeded", again.run.error
    loaded = next(step.outputs for step in again.steps if step.name == "load")
    assert loaded | {"unchanged": 24, "added": 0, "changed": 0} == loaded
    assert len(DataSource.get(1).snapshots()) == 1


def test_steps_read_files_in_the_folders_of_connections_alone(current, inbox, tmp_path):
    (tmp_path / "secret.csv").write_text("time,value\n2024-01-01,1\n2024-01-02,1\n")
    (inbox / "link.csv").symlink_to(tmp_path / "secret.csv")
    for path in (tmp_path / "secret.csv", inbox / "link.csv", inbox / ".." / tmp_path.name / "secret.csv"):
        with pytest.raises(InvalidInputError, match="in no folder that a connection names"):
            submit("load_series", {"loader": {"name": "csv", "path": str(path)}, "source": "Secret"}, connector=current)


def test_a_forecast_leaves_by_a_step_of_a_pipeline_once(current, at_work, inbox, over):
    ensemble = make_ensemble(make_source())
    sink = {"name": "objects", "connection": "scenarios", "path": "out/forecast.csv"}
    steps = {
        "forecast": {"kind": "forecast", "with": {"ensemble": ensemble.id, "horizon": 3, "levels": []}},
        "deliver": {"kind": "deliver", "with": {"file": "${forecast.file}", "sink": sink}},
    }
    save_pipeline(PipelineDefinition.read({"name": "out", "steps": steps}), connector=current)
    news = []
    for _ in range(2):
        found = over(run_pipeline("out", connector=current))
        assert found.run.state == "succeeded", found.run.error
        news.append(found.run.result["deliver"] | {"key": ""})
    told = {"target": "scenarios: out/forecast.csv", "rows": 3, "key": ""}
    assert news == [told | {"is_new": True}, told | {"is_new": False}]
    assert [path.name for path in inbox.rglob("*") if path.is_file()] == ["forecast.csv"]
    table = pl.read_csv(inbox / "out" / "forecast.csv")
    assert table["step"].to_list() == [1, 2, 3]
    outside = {"name": "file", "path": str(inbox / ".." / "forecast.csv")}
    given = {"file": {"object": "0" * 64, "name": "a.csv"}, "sink": outside}
    with pytest.raises(InvalidInputError, match="in no folder that a connection names"):
        submit("deliver", given, connector=current)
