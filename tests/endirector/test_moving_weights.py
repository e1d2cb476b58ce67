"""Weights of `online` move when rows come to a forecast: as if the method had been fitted on these rows too."""

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.combination.kept import stored_combination
from endirector.forecasting.later_rows import LaterRows, moved
from enstorage import Connector, Model
from enstorage.errors import InvalidInputError
from entrainer.local import Drift, Naive

MONTHS = pl.date_range(pl.date(2016, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
LEVEL = {"a": 100.0, "b": 40.0}


def shops():
    random = np.random.default_rng(0)
    return pl.concat(
        pl.DataFrame({"shop": key, "month": MONTHS, "units": level + random.normal(0, 2, 72)})
        for key, level in LEVEL.items()
    )


def came(month, a, b):
    return pl.DataFrame({"shop": ["a", "b"], "month": [month] * 2, "units": [float(a), float(b)]})


@pytest.fixture
def made(tmp_path):
    options = {"season": 1, "methods": ["online"], "connector": Connector.in_folder(tmp_path), "progress": False}
    return endirector.autoforecast(shops(), 3, **options)


def points(forecast):
    return forecast.table.filter(pl.col("quantile").is_null())


def weights(forecast, key="a"):
    return dict(forecast.contributions([key]).filter(step=1).select("member", "weight").rows())


def test_they_move_towards_the_members_that_were_right(made):
    assert made.ensemble.method == "online"
    said = made.contributions().filter(step=1)
    ahead = {key: dict(own.select("member", "value").rows()) for (key,), own in said.group_by("series")}
    best = max(ahead["a"], key=ahead["a"].get)  # what comes is far above all: the highest one is right
    models = len(Model.get_list(connector=made.panel.connector))
    updated = made.update(came("2022-01-01", 140, 80), progress=False)
    before, after = weights(made), weights(updated)
    assert after.keys() == before.keys()
    assert after != before
    assert sum(after.values()) == pytest.approx(1)
    assert after[best] > before[best]
    assert [remark for remark in updated.remarks if remark.startswith("The weights of the members moved by 2 new rows")]
    assert len(Model.get_list(connector=made.panel.connector)) == models + 1  # what was said; nothing was trained
    found = updated.contributions().group_by("series", "step", maintain_order=True).agg(pl.col("contribution").sum())
    assert found["contribution"].to_list() == pytest.approx(points(updated)["value"].to_list())


def test_the_rendered_ensemble_stays_and_rows_go_on_adding_up(made):
    rendered = stored_combination(made.ensemble).weights
    first = made.update(came("2022-01-01", 140, 80), progress=False)
    second = first.update(came("2022-02-01", 141, 81), progress=False)
    later = second.groups[0].later
    assert (len(first.groups[0].later), len(later)) == (2, 4)
    assert later.origin.tolist() < later.time.tolist()
    assert later.step.tolist() == [1, 1, 1, 1]
    assert moved(made.ensemble, later).weights.tolist() == pytest.approx([*weights(second).values()])
    assert stored_combination(made.ensemble).weights.tolist() == rendered.tolist()
    assert made.groups[0].later is None
    reopened = endirector.AutoForecast.open(made.panel)
    assert weights(reopened) == weights(second)
    assert reopened.groups[0].later.to_json() == later.to_json()


def test_a_row_that_is_missing_or_beyond_the_forecast_moves_nothing(made):
    updated = made.update(came("2022-09-01", 140, 80), progress=False)
    assert updated.groups[0].later is None
    assert weights(updated) == weights(made)


def test_rows_are_kept_as_json():
    rows = LaterRows(*(np.array([1, 2]) for _ in range(5)), np.array([[1.5, 2.5], [3.5, 0.1]]))
    again = LaterRows.from_json(rows.to_json())
    assert again.to_json() == rows.to_json()
    assert len(again.and_of(rows)) == 4


def test_weights_of_a_mean_stay(tmp_path):
    options = {"season": 1, "time_limit": 1e-6, "connector": Connector.in_folder(tmp_path), "progress": False}
    made = endirector.autoforecast(shops(), 3, **options)
    updated = made.update(came("2022-01-01", 140, 80), progress=False)
    assert updated.groups[0].later is None
    assert not [remark for remark in updated.remarks if "weights" in remark]


def test_a_method_that_is_none_is_refused_before_anything_is_trained(tmp_path):
    connector = Connector.in_folder(tmp_path)
    members = {"Last": Naive(), "Line": Drift()}
    with pytest.raises(InvalidInputError, match="magic"):
        endirector.autoforecast(shops(), 3, methods=["magic"], members=members, connector=connector, progress=False)
    assert not Model.get_list(connector=connector)
