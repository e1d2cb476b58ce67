"""Forecasting past the end of the data: direct and recursive, in the units of the source, from what was known."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression, Ridge

import enstorage
import entrainer
from enstorage.adapter import Bins, Window
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso
from enstorage.interval import TimeInterval
from entrainer.forecasting.calibration.basis import Calibration
from entrainer.forecasting.calibration.levels import Level
from entrainer.forecasting.calibration.residuals import Residuals
from entrainer.forecasting.history import known_rows
from entrainer.forecasting.recursive import run_ahead
from entrainer.networks import PaperLSTM

GENERATOR = np.random.default_rng(7)
VALUES = np.round(60 + 30 * np.sin(np.arange(120) * 0.4) + GENERATOR.normal(0, 4, 120), 3)


def times(count, interval="1d", first="2001-01-01"):
    start = enstorage.DataSource(name="x", time_from=first).time_from
    return np.concatenate([[start], TimeInterval.parse(interval).after(start, count - 1)])


def made(name="Load", values=VALUES, interval="1d", clean="drop", transform="minmax", parts=(0.7, 0.1, 0.2)):
    """A project with a series and its preparation; what is NaN is not written."""
    source = enstorage.DataSource(name=name, time_interval=interval, unit="MW").save()
    known = np.isfinite(values)
    source.write(times(len(values), interval)[known], values[known])
    preparation = source.create_snapshot().create_preparation(clean, transform, *parts)
    project = enstorage.Project(name=name, data_source=source).save()
    return project.create_research("Windows", preparation)


def trained(research, estimator=None, **window):
    model = research.create_model(f"{window}")
    model.data_set(research.data_preparation.create_set(Window(**window)))
    _, X, y = model.data_set().arrays("train")
    measured = np.isfinite(y).reshape(len(y), -1).all(axis=1)
    model.save_object((estimator or Ridge(0.1)).fit(X[measured], y[measured]))
    return model


def numbers(forecast):
    return forecast.filter(pl.col("quantile").is_null())["value"].to_numpy()


def test_the_next_values_follow_the_last_one(store):
    model = trained(made(), lag=3)
    forecast = entrainer.forecast(model, 2)
    assert forecast.columns == ["series", "id", "step", "quantile", "value", "basis"]
    assert forecast.dtypes == [pl.Int64, pl.Int64, pl.Int32, pl.Float64, pl.Float64, pl.String]
    assert forecast["basis"].null_count() == 2
    assert [to_iso(id) for id in forecast["id"]] == ["2001-05-01T00:00:00Z", "2001-05-02T00:00:00Z"]
    assert forecast["step"].to_list() == [1, 2]
    assert forecast["series"].unique().to_list() == [model.research.project.data_source_id]
    assert forecast["quantile"].null_count() == 2


def test_a_forecast_further_than_the_model_reaches_is_a_loop_over_its_own_forecasts(store):
    model = trained(made(), lag=4)
    prepared = model.research.data_preparation.table()["prepared"].to_list()
    regression = model.load_object()
    for _ in range(9):
        prepared.append(float(regression.predict(np.array([prepared[-4:]]))[0]))
    expected = model.research.data_preparation.transform.invert(np.array(prepared[120:]))
    assert numbers(entrainer.forecast(model, 9)) == pytest.approx(expected, abs=1e-9)


def test_a_model_of_several_steps_gives_them_at_once_and_goes_on_in_blocks(store):
    model = trained(made(), lag=5, horizon=3)
    prepared = model.research.data_preparation.table()["prepared"].to_list()
    regression = model.load_object()
    for _ in range(3):
        prepared.extend(regression.predict(np.array([prepared[-5:]]))[0])
    expected = model.research.data_preparation.transform.invert(np.array(prepared[120:127]))
    assert numbers(entrainer.forecast(model, 7)) == pytest.approx(expected, abs=1e-9)


def test_a_model_of_offset_3_forecasts_three_steps_from_known_values_alone(store):
    model = trained(made(), lag=4, offset=3)
    prepared = model.research.data_preparation.table()["prepared"].to_list()
    regression = model.load_object()
    for target in range(120, 126):
        end = target - 3  # the last row that the window sees
        prepared.append(float(regression.predict(np.array([prepared[end - 3 : end + 1]]))[0]))
    expected = model.research.data_preparation.transform.invert(np.array(prepared[120:]))
    assert numbers(entrainer.forecast(model, 6)) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "transform", ["none", "log+difference+minmax", "seasonal_difference(7)+standard", "difference+difference", "sqrt"]
)
def test_every_chain_of_transforms_leads_back_to_the_units_of_the_source(store, transform):
    """Each forecast value, put behind the known ones and transformed, is what the model said."""
    model = trained(made(transform=transform), lag=6)
    preparation = model.research.data_preparation
    values = [*VALUES, *numbers(entrainer.forecast(model, 10))]
    prepared = preparation.transform.apply(np.array(values))
    said = [model.load_object().predict(prepared[np.newaxis, end - 6 : end])[0] for end in range(120, 130)]
    assert prepared[120:] == pytest.approx(said, abs=1e-9)


def test_what_was_known_then_is_all_that_a_forecast_from_an_earlier_time_sees(store):
    research = made()
    model = trained(research, lag=4)
    forecast = entrainer.forecast(model, 5, time_from="2001-03-12")

    shorter = VALUES.copy()
    shorter[70:] = 1e6  # 12 March is row 70: whatever came then and later
    source = research.project.data_source
    source.write(times(120)[70:], shorter[70:])
    changed = entrainer.forecast(model, 5, time_from="2001-03-12", snapshot=source.create_snapshot())
    assert forecast.equals(changed)
    assert to_iso(forecast["id"][0]) == "2001-03-12T00:00:00Z"
    assert not forecast.equals(entrainer.forecast(model, 5, time_from="2001-03-13"))


def test_one_step_ahead_of_a_test_row_is_the_forecast_that_predict_keeps_of_it(store):
    model = trained(made(transform="log+difference"), lag=4)
    kept = entrainer.predict(model).filter(pl.col("part") == "test")
    for id, value in kept.select("id", "value").head(5).rows():
        assert numbers(entrainer.forecast(model, 1, time_from=id)) == pytest.approx([value], rel=1e-12)


def test_a_gap_is_not_filled_from_behind_the_time_from_which_is_forecast(store):
    values = VALUES.copy()
    values[68:70] = np.nan
    model = trained(made(values=values, clean="linear"), lag=4)
    assert np.isfinite(numbers(entrainer.forecast(model, 2, time_from="2001-03-13"))).all()
    with pytest.raises(InvalidInputError, match=r"is that of 2001-03-09T00:00:00Z.* Give 2001-03-10T00:00:00Z"):
        entrainer.forecast(model, 2, time_from="2001-03-12")
    filled = entrainer.forecast(model, 4, time_from="2001-03-10")
    assert to_iso(filled["id"][-1]) == "2001-03-13T00:00:00Z"


@pytest.mark.parametrize("clean", ["forward", "mean", "median", "seasonal(7)", "constant(3)", "linear", "backward"])
def test_the_rows_that_are_known_are_those_of_the_preparation(store, clean):
    values = VALUES.copy()
    values[[10, 50, 51, 95]] = np.nan
    research = made(values=values, clean=clean, transform="standard")
    known, table = known_rows(research.data_preparation), research.data_preparation.table()
    np.testing.assert_array_equal(known.times, table["time"].to_numpy())
    np.testing.assert_array_equal(known.cleaned, table["value"].to_numpy())
    np.testing.assert_array_equal(known.prepared, table["prepared"].to_numpy())


def test_newer_points_are_forecast_from_without_training_anew(store):
    research = made(transform="standard")
    model = trained(research, lag=3)
    source = research.project.data_source
    source.write(times(123)[120:], [71.0, 72.5, 69.0])
    forecast = entrainer.forecast(model, 1, snapshot=source.create_snapshot())

    transform = research.data_preparation.transform
    seen = transform.apply(np.array([71.0, 72.5, 69.0]))
    assert to_iso(forecast["id"][0]) == "2001-05-04T00:00:00Z"
    assert numbers(forecast) == pytest.approx(transform.invert(model.load_object().predict(seen[np.newaxis])))


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        ("1mo", ["2010-12-01", "2011-01-01", "2011-02-01"]),
        ("1q", ["2030-10-01", "2031-01-01", "2031-04-01"]),
        ("1y", ["2120-01-01", "2121-01-01", "2122-01-01"]),
        ("1w", ["2003-04-14", "2003-04-21", "2003-04-28"]),
        ("15m", ["2001-01-02T05:45", "2001-01-02T06:00", "2001-01-02T06:15"]),
    ],
)
def test_months_and_years_are_those_of_the_calendar(store, interval, expected):
    values, first = VALUES[:119], "2001-01-01"
    source = enstorage.DataSource(name="Calendar", time_interval=interval).save()
    source.write(times(len(values), interval, first), values)
    preparation = source.create_snapshot().create_preparation()
    research = enstorage.Project(name="Calendar", data_source=source).save().create_research("Windows", preparation)
    forecast = entrainer.forecast(trained(research, lag=3), 3)
    after = TimeInterval.parse(interval).after(int(times(len(values), interval, first)[-1]), 3)
    assert forecast["id"].to_list() == after.tolist()
    assert [to_iso(id)[: len(day)] for id, day in zip(forecast["id"], expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("calendar", "first", "expected"),
    [
        ({"time_interval": "3mo", "anchor": "2022-03"}, "2015-03-01", ["2030-03-01", "2030-06-01"]),
        ({"time_interval": "1d", "time_zone": "Europe/Berlin"}, "2024-01-31", ["2024-03-31", "2024-04-01"]),
        ({"time_interval": "1b", "holidays": ["2024-03-29", "2024-04-01"]}, "2024-01-04", ["2024-03-28", "2024-04-02"]),
        ({"time_interval": "1mo445"}, "2020-02-02", ["2025-02-02", "2025-03-02"]),
        ({"time_interval": "1dek"}, "2024-01-01", ["2025-09-01", "2025-09-11"]),
        ({"time_interval": "year"}, -5000, ["-4940", "-4939"]),
    ],
    ids=lambda each: str(each)[:30],
)
def test_a_forecast_carries_the_dates_of_the_calendar(store, calendar, first, expected):
    source = enstorage.DataSource(name="Calendar", time_from=first, **calendar)
    start = source.time_from
    stamps = np.concatenate([[start], source.calendar.after(start, 59)])
    source.write(stamps, VALUES[:60])
    research = enstorage.Project(name="Calendar", data_source=source).save()
    research = research.create_research("Windows", source.create_snapshot().create_preparation())
    model = trained(research, lag=3)
    forecast = entrainer.forecast(model, 2)
    assert [source.label(id).removesuffix("T00:00:00Z")[:10] for id in forecast["id"]] == expected
    again = entrainer.forecast(model, 1, time_from=source.label(int(stamps[-1])))
    assert again["id"].to_list() == [stamps[-1]]


def test_of_a_pooled_set_one_series_is_named_or_all_are_forecast(store):
    one, other = made("one"), made("other", VALUES[::-1] * 2)
    preparations = [one.data_preparation, other.data_preparation]
    model = one.create_model("pooled")
    model.data_set(enstorage.DataSet.from_preparations(preparations, Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    source = other.project.data_source
    forecast = entrainer.forecast(model, 1, series=source)
    assert forecast.equals(entrainer.forecast(model, 1, series=source.id))
    prepared = other.data_preparation.table()["prepared"].to_numpy()
    said = model.load_object().predict(prepared[np.newaxis, -3:])
    assert numbers(forecast) == pytest.approx(other.data_preparation.transform.invert(said))
    every = entrainer.forecast(model, 1)
    assert every["series"].to_list() == [1, 2]
    assert_frame_equal(every.filter(series=source.id), forecast)


def test_quantiles_that_a_model_was_trained_for_are_given_as_far_as_they_are_direct():
    class ThreeQuantiles(LinearRegression):
        """Of each of two targets a tenth below, itself, and a tenth above."""

        def predict(self, X):
            return np.repeat(super().predict(X), 3, axis=1) + np.tile([-0.1, 0, 0.1], 2)

    past = np.linspace(0, 1, 5)[np.newaxis]
    network = ThreeQuantiles().fit(np.eye(5), np.ones((5, 2)))
    points, quantiles = run_ahead(network.predict, past, Window(5, horizon=2), 3, (0.1, 0.5, 0.9))
    assert points.shape == (1, 3)
    assert {level: values.shape for level, values in quantiles.items()} == {0.1: (1, 2), 0.5: (1, 2), 0.9: (1, 2)}
    assert quantiles[0.9] - quantiles[0.5] == pytest.approx(np.full((1, 2), 0.1))
    np.testing.assert_array_equal(quantiles[0.5], points[:, :2])


@pytest.mark.slow
@pytest.mark.parametrize("training", [{}, {"loss": "pinball", "quantiles": (0.1, 0.5, 0.9)}])
def test_a_network_forecasts_as_predict_does_with_its_quantiles(store, training):
    research = made(transform="log+difference")
    model = research.create_model("network", network=PaperLSTM(units=(4, 4), dropout=0.0))
    model.data_set(research.data_preparation.create_set(Window(5, horizon=2)))
    entrainer.fit(model, entrainer.Training(epochs=2, **training), progress=False)
    kept = model.forecasts("test").drop("part")
    first = kept["id"].min()
    told = entrainer.forecast(model, 4, time_from=first)
    expected = kept.filter(pl.col("id").is_in([first, first + 86_400 * 10**9]))
    both = told.join(expected, on=["series", "id", "step", "quantile"], nulls_equal=True)
    assert both.height == 2 * (1 + len(training.get("quantiles", ())))
    assert both["value"].to_list() == pytest.approx(both["value_right"].to_list(), rel=1e-5)
    assert told.filter(pl.col("step") > 2)["quantile"].null_count() == 2 == told.height - both.height


def joined_ends(residuals, level=0.8):
    """The ends by the residuals of each step, which those of the nearest steps join, see test_calibration."""
    ascending = {step: {1: np.sort(known)} for step, known in residuals.items()}
    calibration, wanted = Calibration(Residuals("held-out", ascending)), Level(level)
    found = {step: calibration.ends(1, step, [wanted])[wanted] for step in residuals}
    return {step: (each.lower, each.upper) for step, each in found.items()}


class TestIntervals:
    @pytest.fixture
    def model(self, store):
        research = made(values=np.tile(VALUES, 2), parts=(0.8, 0.0, 0.2))
        model = trained(research, lag=4, horizon=2)
        entrainer.backtest(model, folds=3, progress=False)
        return model

    def test_they_are_as_wide_as_out_of_fold_residuals_say(self, model):
        forecast = entrainer.forecast(model, 2, levels=(0.8, 0.95))
        truth = dict(model.research.data_preparation.table().select("time", "value").rows())
        kept = model.forecasts("out_of_fold")
        residuals = {step: [] for step in (1, 2)}
        for id, step, value in kept.select("id", "step", "value").rows():
            residuals[step].append(truth[id] - value)
        for step, (lower, upper) in joined_ends(residuals).items():
            low, middle, high = (
                forecast.filter((pl.col("step") == step) & (pl.col("quantile").eq_missing(quantile)))["value"][0]
                for quantile in (0.1, None, 0.9)
            )
            assert high - middle == pytest.approx(upper, rel=1e-9)
            assert low - middle == pytest.approx(lower, rel=1e-9)
        assert forecast["quantile"].to_list()[:5] == [None, 0.025, 0.1, 0.9, 0.975]

    def test_steps_made_of_forecasts_have_those_of_the_nearest_step_widened_and_a_warning_says_so(self, model):
        with pytest.warns(UserWarning, match="steps 3 to 5 rest on the residuals of the nearest steps, widened"):
            forecast = entrainer.forecast(model, 5, levels=[0.9], floor=None)
        wide = forecast.pivot("quantile", index="step", values="value")
        widths = (wide["0.95"] - wide["0.05"]).to_list()
        assert widths[2:] == pytest.approx([(step / 2) ** 0.5 * widths[1] for step in (3, 4, 5)])
        bases = forecast.drop_nulls("basis").group_by("step", maintain_order=True).agg(pl.col("basis").unique())
        assert bases["basis"].to_list() == [["own residuals"]] * 2 + [["nearest steps"]] * 3

    def test_one_end_alone_and_a_floor(self, model):
        upper = entrainer.forecast(model, 2, levels=[0.9], side="upper")
        assert upper["quantile"].to_list() == [None, 0.9, None, 0.9]
        both = entrainer.forecast(model, 2, levels=[0.8], floor=None)
        assert upper.filter(quantile=0.9).equals(both.filter(quantile=0.9))
        with pytest.warns(UserWarning, match="2 ends of intervals of .* were raised to 1000"):
            raised = entrainer.forecast(model, 2, levels=[0.9], side="lower", floor=1000)
        assert raised.drop_nulls("quantile")["value"].to_list() == [1000, 1000]

    def test_they_need_rows_that_the_model_was_not_trained_on(self, store):
        model = trained(made(), lag=3)
        model.meta("trained_on", ["train", "valid"])
        message = r"no out-of-fold forecasts.*no valid rows.*entrainer.backtest\(model\)"
        with pytest.raises(InvalidInputError, match=message):
            entrainer.forecast(model, 1, levels=[0.9])
        with pytest.raises(InvalidInputError, match=message):
            entrainer.forecast(trained(made("Other", parts=(0.8, 0, 0.2)), lag=3), 1, levels=[0.9])

    @pytest.mark.parametrize("transform", ["minmax", "log+difference"])
    def test_steps_made_of_forecasts_are_tried_from_every_origin_in_the_valid_part(self, store, transform):
        model = trained(made(transform=transform, parts=(0.5, 0.3, 0.2)), lag=4)
        forecast = entrainer.forecast(model, 3, levels=[0.8])
        table = model.research.data_preparation.table()
        truth = dict(table.filter(pl.col("part") == 1).select("time", "value").rows())
        residuals = {1: [], 2: [], 3: []}
        for origin in truth:
            for id, step, value in entrainer.forecast(model, 3, origin).select("id", "step", "value").rows():
                if id in truth:  # not of the test part
                    residuals[step].append(truth[id] - value)
        assert [len(each) for each in residuals.values()] == [36, 35, 34]
        wide = forecast.pivot("quantile", index="step", values="value")
        for step, (lower, upper) in joined_ends(residuals).items():
            assert wide["0.9"][step - 1] - wide["null"][step - 1] == pytest.approx(upper, rel=1e-9)
            assert wide["0.1"][step - 1] - wide["null"][step - 1] == pytest.approx(lower, rel=1e-9)

    def test_a_gap_filled_from_behind_it_is_no_rehearsal(self, store):
        values = VALUES.copy()
        values[90] = np.nan
        model = trained(made(values=values, clean="linear", parts=(0.5, 0.3, 0.2)), lag=4)
        with pytest.raises(InvalidInputError, match="no valid rows"):
            entrainer.forecast(model, 1, levels=[0.8])


class TestRefusals:
    @pytest.mark.parametrize("horizon", [0, -1, 2.0, True, "3"])
    def test_a_horizon_is_a_whole_number_from_1(self, store, horizon):
        with pytest.raises(InvalidInputError, match="horizon is how many steps"):
            entrainer.forecast(trained(made(), lag=3), horizon)

    @pytest.mark.parametrize(
        ("time_from", "message"),
        [
            ("2001-03-12T06:00", r"lies in the bucket of 2001-03-12T00:00:00Z\. Give that time"),
            ("2001-05-02", r"is that of 2001-04-30T00:00:00Z; .* Give 2001-05-01T00:00:00Z"),
            ("2001-01-01", r"has no values before time_from, .* expected 2001-01-02T00:00:00Z or a later time"),
            ("1999-01-01", "has no values before time_from"),
            ("2001-01-03", r"has 2 known rows; .* needs 3 \(lag 3, offset 1\)"),
            (2001, "look like years"),
        ],
    )
    def test_a_time_is_that_of_a_bucket_inside_or_right_after_the_known_rows(self, store, time_from, message):
        with pytest.raises(InvalidInputError, match=message):
            entrainer.forecast(trained(made(), lag=3), 1, time_from=time_from)

    def test_a_window_with_a_dropped_row_is_no_window(self, store):
        values = VALUES.copy()
        values[117] = np.nan
        model = trained(made(values=values), lag=3)
        with pytest.raises(
            InvalidInputError, match=r"1 of the last 3 rows .* 2001-04-28T00:00:00Z; .* needs all of them"
        ):
            entrainer.forecast(model, 1)

    def test_samples_that_are_no_windows(self, store):
        research = made()
        model = research.create_model("classes")
        model.data_set(research.data_preparation.create_set(Bins(Window(3), edges=[50])))
        with pytest.raises(InvalidInputError, match=r"samples of the adapter 'bins'; .* need windows"):
            entrainer.forecast(model, 1)

    def test_a_model_without_object(self, store):
        research = made()
        model = research.create_model("only a name")
        with pytest.raises(NotFoundError, match="has no data set"):
            entrainer.forecast(model, 1)
        model.data_set(research.data_preparation.create_set(Window(3)))
        with pytest.raises(NotFoundError, match="has no object"):
            entrainer.forecast(model, 1)

    def test_a_snapshot_of_another_source(self, store):
        model, other = trained(made(), lag=3), made("Other")
        with pytest.raises(InvalidInputError, match=r"is of data source 2.*the model knows data source 1"):
            entrainer.forecast(model, 1, snapshot=other.data_preparation.data_snapshot)

    def test_a_recursion_that_runs_away(self, store):
        research = made(values=np.exp(np.arange(120) / 30), transform="log")
        model = trained(research, lag=1)
        regression = model.load_object()
        regression.coef_ = np.array([3.0])
        model.save_object(regression)
        with pytest.raises(InvalidInputError, match=r"step 5,.* in the prepared scale .*expected finite numbers"):
            entrainer.forecast(model, 9)
