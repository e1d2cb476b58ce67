"""A backtest starts from what was known: not from a value that was filled from a later one."""

import warnings

import numpy as np
import pytest

import entrainer
from enstorage import DataSet, DataSource, Panel, Project
from enstorage.adapter import Window
from enstorage.entity.forecast import OUT_OF_FOLD
from entrainer.local import Naive

DAYS = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]").astype("datetime64[ns]")
HORIZON = 4


def values_of(seed, gaps):
    values = 10 + np.random.default_rng(seed).normal(size=len(DAYS))
    values[gaps] = np.nan
    return values


def model_over(panel, values, clean):
    """A naive model over series, and its project."""
    sources = {}
    for key, own in values.items():
        known = np.isfinite(own)
        sources[key] = DataSource(name=key, time_interval="1d").save()
        sources[key].write(DAYS[known], own[known])
    if panel:
        owner = Panel(name="P")
        owner.add_all(sources)
        preparations = owner.create_preparations(clean, "none", 1.0, 0.0, 0.0)
        model = Project(name="P", panel=owner).save().create_research("R").create_model("M", Naive())
        model.data_set(DataSet.from_preparations(preparations, Window(1, horizon=HORIZON)))
        return model, sources
    (source,) = sources.values()
    preparation = source.create_snapshot().create_preparation(clean, "none", 1.0, 0.0, 0.0)
    model = Project(name="P", data_source=source).save().create_research("R", preparation).create_model("M", Naive())
    model.data_set(preparation.create_set(Window(1, horizon=HORIZON)))
    return model, sources


@pytest.mark.parametrize("panel", [False, True])
@pytest.mark.parametrize("clean", ["linear", "backward", "forward"])
def test_naive_forecasts_are_the_last_measured_value(store, clean, panel):
    """By hand: the value of the bucket before the first step, or with `forward` the last one measured before it."""
    values = {"a": values_of(0, slice(60, None, 3))} | ({"b": values_of(1, [50, 70, 71])} if panel else {})
    model, sources = model_over(panel, values, clean)
    entrainer.backtest(model, folds=4, progress=False)
    found = model.forecasts(OUT_OF_FOLD)
    keys = {source.id: key for key, source in sources.items()}
    place = {time: row for row, time in enumerate(DAYS.astype(np.int64).tolist())}
    assert found.height > 20 * HORIZON * len(values)
    for series, time, step, value in found.select("series", "id", "step", "value").rows():
        own = values[keys[series]][: place[time] - step + 1]
        assert clean == "forward" or np.isfinite(own[-1])
        assert value == own[np.isfinite(own)][-1]


def test_where_no_row_starts_from_a_measured_value_that_is_told(store):
    values = values_of(0, slice(41, None, 1))
    values[[44, 60, 98]] = 1.0, 2.0, 3.0
    model, _ = model_over(False, {"a": values}, "linear")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        entrainer.backtest(model, folds=8, progress=False)
    texts = [str(each.message) for each in told if "filled from later ones" in str(each.message)]
    assert all("their errors may be too small. Clean by forward or drop." in text for text in texts)
    assert texts
