"""Forecasts of several steps and quantiles, written to CSV and read back: same times, steps, quantiles and bits."""

import shutil

import numpy as np
import polars as pl
import pytest

import entrainer
from enstorage import Connector, DataSource, Model, Project
from enstorage.adapter import Window
from entrainer.networks import Estimator

LEVELS = (0.1, 0.9)


def make():
    """A model of three steps, and two without an object that take forecasts of others."""
    source = DataSource(name="River", time_interval="1mo", time_zone="Europe/Berlin").save()
    source.write(np.arange(90).astype("datetime64[M]"), 5 + np.random.default_rng(0).normal(0, 1, 90))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.6, 0.2, 0.2)
    research = Project(name="River", data_source=source).save().create_research("Windows", preparation)
    data_set = preparation.create_set(Window(4, horizon=3))
    for name, network in (("own", Estimator("Ridge")), ("out", None), ("in", None)):
        research.create_model(name, network).data_set(data_set)
    entrainer.fit(research.models()[:1], progress=False)


@pytest.fixture
def enstorage(enstorage, filled_once, tmp_path):
    shutil.copytree(filled_once(make), tmp_path / "enstorage-data")
    return enstorage


def test_stored_forecasts_are_the_same_after_export_and_import(enstorage, tmp_path):
    generator = np.random.default_rng(1)
    with Connector.in_folder(tmp_path / "enstorage-data"):
        out = Model.get(2)
        times, _ = out.data_set().targets("test")
        values = generator.normal(5, 1, times.shape)
        out.save_forecasts("test", times, values, quantiles={0.1: values - 1.3, 0.9: values + 1.7})
        before = out.forecasts("test")
    assert before["step"].unique().sort().to_list() == [1, 2, 3]
    assert enstorage("export-csv", "model", 2, "out.csv")[0] == 0

    read = pl.read_csv("out.csv")
    with Connector.in_folder(tmp_path / "enstorage-data"):
        taken = Model.get(3)
        by_level = {level: _matrix(read, level) for level in (None, *LEVELS)}
        ids = _matrix(read, None, "id")
        taken.save_forecasts("test", ids, by_level[None], quantiles={level: by_level[level] for level in LEVELS})
        assert taken.forecasts("test").equals(before)


def test_forecasts_ahead_are_the_same_in_their_csv_file(enstorage, tmp_path):
    assert (
        enstorage("forecast", "model", 1, "--horizon", 5, "--level", 0.5, "--level", 0.8, "--csv", "ahead.csv")[0] == 0
    )
    with Connector.in_folder(tmp_path / "enstorage-data"):
        expected = entrainer.forecast(Model.get(1), 5, levels=(0.5, 0.8))
    read = pl.read_csv("ahead.csv", schema_overrides={"step": pl.Int32})
    assert read.drop("time", "name").equals(expected)
    assert expected.filter(step=5)["quantile"].to_list() == [None, 0.1, 0.25, 0.75, 0.9]
    assert read["time"][0] == "1977-07-01T00:00:00+01:00"


def _matrix(table, level, column="value"):
    """One row a sample, one column a step."""
    own = table.filter(pl.col("quantile").is_null() if level is None else pl.col("quantile") == level)
    by_step = [own.filter(step=step)[column].to_numpy() for step in (1, 2, 3)]
    return np.stack(by_step, axis=1)
