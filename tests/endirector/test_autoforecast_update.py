"""`AutoForecast.update`: rows come, the same members forecast from the new end, and it is told how the old forecasts met."""

import datetime

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.forecaster.updating.arrived import judged, remarks_on, with_drift
from enstorage import Connector, DataSnapshot, Ensemble, Model
from enstorage.errors import CancelledError, InvalidInputError, NotFoundError

START = datetime.date(2018, 1, 1)
MONTHS = pl.date_range(START, datetime.date(2022, 12, 1), "1mo", eager=True)
KNOWN = 48


def rows(values, first=KNOWN, name="shop"):
    """Rows of shops from a month on."""
    return pl.concat(
        pl.DataFrame({name: key, "month": MONTHS[first : first + len(each)], "units": np.asarray(each, float)})
        for key, each in values.items()
    )


def noise(seed):
    return 50 + np.random.default_rng(seed).normal(0, 2, KNOWN).round(1)


@pytest.fixture
def naive(tmp_path):
    """The naive member alone: others have no time."""
    table = rows({"Bern": noise(1), "Oslo": noise(2)}, 0).vstack(rows({"Graz": [3.0]}, KNOWN - 1))
    connector = Connector.in_folder(tmp_path / "store")
    return endirector.autoforecast(table, 3, season=1, time_limit=1e-6, connector=connector, progress=False)


def points(forecast, key):
    return forecast.table.filter(pl.col("quantile").is_null(), pl.col("series") == key)


def trained(forecast):
    """The models with an object; what was said is kept by models without."""
    return [model.id for model in Model.get_list(connector=forecast.panel.connector) if model.object_sha256 is not None]


def figures(forecast, key):
    return forecast.arrived.row(by_predicate=pl.col("series") == key, named=True)


def test_the_same_naive_member_forecasts_the_last_value_that_came(naive):
    assert points(naive, "Oslo")["value"].to_list() == [noise(2)[-1]] * 3
    models = trained(naive)
    ensembles = [each.id for each in Ensemble.get_list(connector=naive.panel.connector)]
    updated = naive.update(rows({"Bern": [51.0, 49.0], "Oslo": [60.0], "Graz": [4.0]}), progress=False)
    assert points(updated, "Bern")["value"].to_list() == [49.0] * 3
    assert points(updated, "Oslo")["value"].to_list() == [60.0] * 3
    assert points(updated, "Graz")["value"].to_list() == [4.0] * 3
    assert points(updated, "Bern")["time"].to_list() == [f"2022-0{month}-01T00:00:00Z" for month in (3, 4, 5)]
    assert points(updated, "Oslo")["time"].to_list() == [f"2022-0{month}-01T00:00:00Z" for month in (2, 3, 4)]
    assert points(updated, "Graz")["time"].to_list() == [f"2022-0{month}-01T00:00:00Z" for month in (2, 3, 4)]
    assert trained(naive) == models
    assert [each.id for each in Ensemble.get_list(connector=naive.panel.connector)] == ensembles
    assert [group.ensemble for group in updated.groups] == [group.ensemble for group in naive.groups]
    assert updated.table.columns == naive.table.columns
    assert updated.table.height == naive.table.height
    assert points(naive, "Oslo")["value"].to_list() == [noise(2)[-1]] * 3


def test_the_errors_of_the_former_forecasts_are_those_by_hand(naive):
    updated = naive.update(rows({"Bern": [51.0, 49.0]}), progress=False)
    bern, last = figures(updated, "Bern"), noise(1)[-1]
    assert (bern["new_rows"], bern["corrected_rows"], bern["judged_rows"]) == (2, 0, 2)
    mae = (abs(last - 51) + abs(last - 49)) / 2
    assert bern["mae"] == pytest.approx(mae)
    assert bern["mase"] == pytest.approx(mae / np.abs(np.diff(noise(1))).mean())
    ends = naive.table.filter(pl.col("series") == "Bern").pivot("quantile", index="step", values="value")
    for level, lower, upper in ((0.8, "0.1", "0.9"), (0.95, "0.025", "0.975")):
        within = [low <= each <= high for each, low, high in zip((51, 49), ends[lower], ends[upper], strict=False)]
        assert bern[f"inside_{level}"] == sum(within)
    assert figures(updated, "Oslo")["new_rows"] == 0
    assert figures(updated, "Oslo")["mae"] is None
    assert "New rows: Bern 2." in updated.remarks
    assert any(remark.startswith("The former forecasts on 2 new rows of 1 series: MAE") for remark in updated.remarks)


def test_a_series_that_jumps_has_drifted_and_a_quiet_one_has_not(naive):
    updated = naive.update(rows({"Bern": [50.0, 50.0, 50.0], "Oslo": [500.0, 500.0, 500.0]}), progress=False)
    assert figures(updated, "Bern")["has_drifted"] is False
    assert figures(updated, "Oslo")["has_drifted"] is True
    assert figures(updated, "Oslo")["p_value"] == pytest.approx(0.05**3)
    assert figures(updated, "Graz")["has_drifted"] is None
    assert [each for each in updated.remarks if "Drift" in each] == [
        "Drift: Oslo 3 of 3 rows outside the 0.95 interval. Consider a new autoforecast, which trains the members anew."
    ]


def test_rows_beyond_the_horizon_are_not_judged_and_said(naive):
    updated = naive.update(rows({"Bern": [50.0] * 5, "Graz": [3.0] * 8}), progress=False)
    assert figures(updated, "Bern")["judged_rows"] == 3
    assert "7 new rows lie beyond the former forecasts, which are not judged on them." in updated.remarks
    assert "1 of them is long enough for a model now; a new autoforecast trains some." in updated.remarks


def test_a_corrected_value_is_counted_and_makes_the_ensemble_stale(naive):
    updated = naive.update(rows({"Bern": [99.0]}, KNOWN - 1), progress=False)
    assert figures(updated, "Bern")["corrected_rows"] == 1
    assert figures(updated, "Bern")["new_rows"] == 0
    assert points(updated, "Bern")["value"].to_list() == [99.0] * 3
    assert points(updated, "Bern")["time"].to_list() == points(naive, "Bern")["time"].to_list()
    assert "Corrected rows: Bern 1." in updated.remarks
    assert [each for each in updated.remarks if each.startswith("Stale: ")] == [
        f"Stale: {each}" for each in updated.ensemble.staleness()
    ]
    assert len(updated.ensemble.staleness()) == 1
    assert "1 rows changed" in updated.ensemble.staleness()[0]


def test_updates_follow_one_another_and_equal_rows_are_no_news(naive):
    first = naive.update(rows({"Bern": [51.0], "Oslo": [52.0]}), progress=False)
    again = first.update(rows({"Bern": [51.0], "Oslo": [52.0]}), progress=False)
    assert "No row came: every value was known." in again.remarks
    assert again.table.equals(first.table)
    second = again.update(rows({"Bern": [47.0]}, KNOWN + 1), progress=False)
    assert figures(second, "Bern")["mae"] == pytest.approx(4.0)
    assert points(second, "Bern")["time"][0] == "2022-03-01T00:00:00Z"
    assert points(second, "Oslo")["time"][0] == "2022-02-01T00:00:00Z"


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (rows({"Bern": [51.0], "Rome": [1.0]}), NotFoundError, "no source with the key 'Rome'"),
        (rows({"Bern": [51.0]}, name="town"), InvalidInputError, "shop"),
        (rows({"Bern": [51.0]}).with_columns(units=pl.lit("many")), InvalidInputError, "many"),
    ],
)
def test_a_refused_table_changes_nothing(naive, table, error, message):
    points_before = naive.panel.read()
    snapshots = len(DataSnapshot.get_list(connector=naive.panel.connector))
    with pytest.raises(error, match=message):
        naive.update(table, progress=False)
    assert naive.panel.read().equals(points_before)
    assert len(DataSnapshot.get_list(connector=naive.panel.connector)) == snapshots


def test_it_can_be_stopped_and_given_again(naive):
    def stop(what, done, total):
        return what != "Reading the table"

    with pytest.raises(CancelledError):
        naive.update(rows({"Bern": [51.0]}), progress=stop)
    assert points(naive.update(rows({"Bern": [51.0]}), progress=False), "Bern")["value"].to_list() == [51.0] * 3


def test_all_usual_members_forecast_from_the_new_end(tmp_path):
    t = np.arange(60)
    wave = {"a": 100 + 20 * np.sin(t * np.pi / 6), "b": 80 + t + 10 * np.cos(t * np.pi / 6)}
    known = {key: values[:KNOWN] for key, values in wave.items()}
    forecast = endirector.autoforecast(rows(known, 0), 6, connector=Connector.in_folder(tmp_path), progress=False)
    models = trained(forecast)
    updated = forecast.update(rows({key: values[KNOWN : KNOWN + 6] for key, values in wave.items()}), progress=False)
    assert trained(forecast) == models
    for key, values in wave.items():
        assert points(updated, key)["time"].to_list() == [f"2022-{month:02}-01T00:00:00Z" for month in range(7, 13)]
        assert np.abs(points(updated, key)["value"].to_numpy() - values[KNOWN + 6 :]).mean() < 4
    by_hand = endirector.forecast(forecast.ensemble, 6, levels=(), series=[*updated.snapshots.values()], progress=False)
    assert by_hand["value"].to_list() == updated.table.filter(pl.col("quantile").is_null())["value"].to_list()


def test_a_wide_table_and_one_series_take_rows_of_their_own_form(tmp_path):
    wide = pl.DataFrame({"month": MONTHS[:KNOWN], "a": noise(3), "b": noise(4)})
    first = endirector.autoforecast(wide, 2, time_limit=1e-6, connector=Connector.in_folder(tmp_path), progress=False)
    new = pl.DataFrame({"month": MONTHS[KNOWN : KNOWN + 1], "a": [1.0], "b": [2.0]})
    assert [points(first.update(new, progress=False), key)["value"][0] for key in "ab"] == [1.0, 2.0]
    alone = endirector.autoforecast(wide.drop("b"), 2, levels=(), time_limit=1e-6, progress=False)
    found = alone.update(new.drop("b"), progress=False)
    assert found.table["value"].to_list() == [1.0, 1.0]
    assert found.arrived["has_drifted"].to_list() == [None]


@pytest.mark.parametrize("order", ["%d/%m/%Y", "%m/%d/%Y"])
def test_a_row_alone_is_read_in_the_form_that_the_first_table_told(tmp_path, order):
    days = [START + datetime.timedelta(day) for day in range(41)]
    lines = [f"{day:{order}};{value:.1f}".replace(".", ",") for day, value in zip(days, noise(1)[:41], strict=True)]
    (tmp_path / "known.csv").write_text("\n".join(["day;n", *lines[:40]]))
    (tmp_path / "new.csv").write_text("\n".join(["day;n", lines[40]]))
    forecast = endirector.autoforecast(tmp_path / "known.csv", 2, levels=(), time_limit=1e-6, progress=False)
    updated = forecast.update(tmp_path / "new.csv", progress=False)
    assert updated.table["time"].to_list() == ["2018-02-11T00:00:00Z", "2018-02-12T00:00:00Z"]
    assert updated.table["value"].to_list() == [noise(1)[40]] * 2
    as_table = pl.DataFrame({"day": days[40:], "n": [1.5]})
    assert updated.update(as_table, progress=False).table["value"].to_list() == [1.5] * 2


def test_drift_is_judged_at_a_level_that_many_series_share():
    table = pl.DataFrame(
        [
            (key, "t1", 1, quantile, value)
            for key in "ab"
            for quantile, value in ((None, 0.0), (0.025, -1.0), (0.975, 1.0))
        ],
        schema=["series", "time", "step", "quantile", "value"],
        orient="row",
    )
    truth = pl.DataFrame({"series": ["a", "b"], "time": ["t1", "t1"], "truth": [0.5, 3.0]})
    found = with_drift(judged(table, truth, {"a": 2.0, "b": float("nan")}, (0.95,)))
    assert found["mase"].to_list() == [0.25, None]
    assert found["inside_0.95"].to_list() == [1, 0]
    assert found["p_value"].to_list() == pytest.approx([1.0, 0.05])
    assert found["has_drifted"].to_list() == [False, False]  # 0.05 is not below 0.05 / 2
    counts = pl.DataFrame({"series": ["a", "b"], "new_rows": [1, 1], "corrected_rows": [0, 0]})
    assert remarks_on(counts.join(found, on="series", how="left"), (0.95,))[1:] == [
        "The former forecasts on 2 new rows of 2 series: MASE 0.25 (mean of 1 series), 1 of 2 within the 0.95 interval.",
        "Drift: none is seen in 2 series, by rows outside the 0.95 interval.",
    ]
