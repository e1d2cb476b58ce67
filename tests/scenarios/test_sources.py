"""Scenarios of data: loaders of other packages, and data that models were made from."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

from enstorage.errors import InUseError
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
