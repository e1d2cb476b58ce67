"""Cold start: a model of many series forecasts a series that was not among them, with a scale of its own."""

import numpy as np
import pytest
from polars.testing import assert_frame_equal
from sklearn.linear_model import LinearRegression

import endirector
import entrainer
from enstorage import DataSet, DataSource, Panel, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso
from entrainer.forecasting.calibration.train_values import running_scale

DAYS = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")


def fixed(coefficients, intercept=0.1):
    """A regression of known coefficients, the oldest value first."""
    regression = LinearRegression()
    regression.coef_, regression.intercept_ = np.array(coefficients), intercept
    regression.n_features_in_ = len(coefficients)
    return regression


def source_of(name, values, first=0, interval="1d"):
    values = np.asarray(values, float)
    known = np.isfinite(values)
    source = DataSource(name=name, time_interval=interval).save()
    source.write(DAYS[first : first + len(values)][known], values[known])
    return source


def pooled(clean="forward", transform="minmax", coefficients=(0.25, 0.75), **window):
    """A model of two series with windows of two values; by hand x̂ = 0.25 x[t−1] + 0.75 x[t] + 0.1 in the prepared scale."""
    generator = np.random.default_rng(2)
    panel = Panel(name="Sales").save()
    for number, name in enumerate(("Riga", "Oslo")):
        panel.add(name, source_of(name, generator.uniform(5, 50 + number, 40)))
    preparations = panel.create_preparations(clean, transform, 0.6, 0.2, 0.2)
    project = Project(name="Sales", panel=panel).save()
    model = project.create_research("pooled").create_model("by hand")
    model.data_set(DataSet.from_preparations(preparations, Window(len(coefficients), **window)))
    model.save_object(fixed(coefficients))
    return model


#: Cleaned by `forward`: 10, 20, 20, 30, 14. Scaled by its own measured values, 10 … 30: 0, 0.5, 0.5, 1, 0.2.
NEW = [10.0, 20.0, np.nan, 30.0, 14.0]


def test_a_series_that_the_model_was_not_trained_on_has_its_own_scale(store):
    model = pooled()
    new = source_of("Bern", NEW)
    forecast = entrainer.forecast(model, 2, series=new)
    # 0.25·1 + 0.75·0.2 + 0.1 = 0.5; 0.25·0.2 + 0.75·0.5 + 0.1 = 0.525; times 20, plus 10.
    assert forecast["value"].to_list() == pytest.approx([20.0, 20.5])
    assert [to_iso(id)[:10] for id in forecast["id"]] == ["2024-01-06", "2024-01-07"]
    assert forecast["series"].to_list() == [new.id, new.id]


def test_a_snapshot_a_table_or_its_values_are_such_a_series_too(store, tmp_path):
    model = pooled()
    new = source_of("Bern", NEW)
    expected = entrainer.forecast(model, 3, series=new)
    assert entrainer.forecast(model, 3, series=new.id).equals(expected)
    assert entrainer.forecast(model, 3, series=new.create_snapshot()).equals(expected)
    known = np.isfinite(NEW)
    file = tmp_path / "bern.csv"
    file.write_text("time,value\n" + "".join(f"{day},{value}\n" for day, value in zip(DAYS, NEW, strict=False)))
    for table in (file, (DAYS[:5][known], np.array(NEW)[known])):
        forecast = entrainer.forecast(model, 3, series=table)
        assert forecast["series"].null_count() == 3
        assert forecast.drop("series").equals(expected.drop("series"))


def test_several_series_are_forecast_at_once_known_and_new_ones(store):
    model = pooled()
    new = source_of("Bern", NEW)
    forecast = entrainer.forecast(model, 2, series=[new, 1, model.research.project.panel])
    assert_frame_equal(forecast.filter(series=new.id), entrainer.forecast(model, 2, series=new))
    assert_frame_equal(forecast.filter(series=2), entrainer.forecast(model, 2, series=2))


def test_a_chain_with_a_difference_starts_from_the_last_values_of_the_new_series(store):
    """Differences of 10, 12, 15, 15, 19: 2, 3, 0, 4, with mean 2.25 and deviation √2.1875."""
    model = pooled("drop", "difference+standard")
    forecast = entrainer.forecast(model, 1, series=source_of("Bern", [10, 12, 15, 15, 19]))
    mean, deviation = 2.25, 2.1875**0.5
    prepared = 0.25 * (0 - mean) / deviation + 0.75 * (4 - mean) / deviation + 0.1
    assert forecast["value"].to_list() == pytest.approx([19 + mean + deviation * prepared])


def test_what_was_known_then_scales_a_forecast_from_an_earlier_time(store):
    model = pooled()
    long, short = source_of("Bern", [*NEW, 900.0, -900.0]), source_of("Graz", NEW)
    then = entrainer.forecast(model, 2, "2024-01-06", series=long)
    assert then.drop("series").equals(entrainer.forecast(model, 2, series=short).drop("series"))


def test_predict_gives_every_window_of_the_new_series_and_keeps_nothing(store):
    model = pooled()
    found = entrainer.predict(model, series=source_of("Bern", NEW))
    # Windows (0, .5), (.5, .5), (.5, 1) → 0.475, 0.6, 0.975 of 20, plus 10.
    assert found["value"].to_list() == pytest.approx([19.5, 22.0, 29.5])
    assert [to_iso(id)[:10] for id in found["id"]] == ["2024-01-03", "2024-01-04", "2024-01-05"]
    with pytest.raises(NotFoundError):
        model.forecasts()


def test_intervals_of_a_new_series_are_the_residuals_of_the_others_in_its_scale(store):
    """The scale of a series is its mean absolute change over a week, or between neighbours: 10, 16 → 13."""
    model = pooled()
    new = source_of("Bern", NEW)
    with pytest.warns(UserWarning, match="rest on the residuals of all series, scaled"):
        forecast = entrainer.forecast(model, 1, series=[new], levels=[0.8], floor=None)
    residuals = []
    for preparation in model.data_set().preparations():
        rows = preparation.table()
        train = rows.filter(part=0)["value"].to_numpy()
        hindcast = entrainer.predict(model, series=preparation.data_snapshot.data_source).select("id", "value")
        valid = rows.filter(part=1).select("time", "value").join(hindcast, left_on="time", right_on="id")
        residuals.extend((valid["value"] - valid["value_right"]) / running_scale(train, 7)[-1])
    residuals, scale = np.sort(residuals), 13.0
    assert len(residuals) == 16
    # The 0.1 and 0.9 quantiles of 16: the 1st and the 16th, ⌊17·0.1⌋ and ⌈17·0.9⌉.
    expected = [20.0, 20 + scale * residuals[0], 20 + scale * residuals[15]]
    assert forecast["value"].to_list() == pytest.approx(expected)
    table = np.isfinite(NEW)
    with pytest.warns(UserWarning, match="scaled"):
        same = entrainer.forecast(model, 1, series=(DAYS[:5][table], np.array(NEW)[table]), levels=[0.8], floor=None)
    assert same.drop("series").equals(forecast.drop("series"))
    assert same["series"].null_count() == 3


@pytest.mark.parametrize("rounding", [0.0, 1e-13])
def test_a_new_series_that_repeats_its_season_has_intervals_like_the_most_regular_of_the_others(store, rounding):
    """Its scale is 0, but it changes by 1, 1, 1, 1, 1, 1 and 6 over a week: 12 / 7 a day."""
    model = pooled()
    weeks = np.tile(np.arange(7.0), 3)
    new = source_of("Bern", np.append(weeks, 0.0) + 1 + rounding * np.arange(22))
    with pytest.warns(UserWarning, match="1 series has repeated the season exactly"):
        forecast = entrainer.forecast(model, 1, series=[new], levels=[0.8], floor=None)
    ratios, residuals = [], []
    for preparation in model.data_set().preparations():
        rows = preparation.table()
        train = rows.filter(part=0)["value"].to_numpy()
        hindcast = entrainer.predict(model, series=preparation.data_snapshot.data_source).select("id", "value")
        valid = rows.filter(part=1).select("time", "value").join(hindcast, left_on="time", right_on="id")
        residuals.extend((valid["value"] - valid["value_right"]) / running_scale(train, 7)[-1])
        ratios.append(running_scale(train, 7)[-1] / running_scale(train, 1)[-1])
    # 21 changes, of which the last six are 1, 1, 1, 1, 1 and 6.
    change = ((18 * 1 + 3 * 6) / 21 + (5 * 1 + 6) / 6) / 2
    residuals = np.sort(residuals)
    point, lower, upper = forecast["value"].to_list()
    assert lower - point == pytest.approx(min(ratios) * change * residuals[0])
    assert upper - point == pytest.approx(min(ratios) * change * residuals[15])


def test_a_constant_new_series_has_nothing_to_tell_a_width_from(store):
    with pytest.warns(UserWarning, match="has no interval"):
        forecast = entrainer.forecast(pooled(), 1, series=[source_of("Bern", [3.0] * 20)], levels=[0.8])
    assert forecast.height == 1


def test_an_ensemble_forecasts_a_new_series(store):
    model = pooled()
    other = model.research.create_model("mean")
    other.data_set(model.data_set())
    other.save_object(fixed([0.5, 0.5]))
    for each in (model, other):
        entrainer.predict(each)
    ensemble = model.research.project.create_ensemble("voting", models=[model, other])
    endirector.Conductor(ensemble).render(progress=False)
    new = source_of("Bern", NEW)
    forecast = endirector.forecast(ensemble, 1, series=new, levels=())
    assert forecast["value"].to_list() == pytest.approx([(20.0 + 24.0) / 2])  # 0.5·1 + 0.5·0.2 + 0.1 = 0.7
    with pytest.warns(UserWarning, match="rest on the residuals of all series, scaled"):
        wide = endirector.forecast(ensemble, 1, series=new, levels=[0.5])
    assert wide["basis"].to_list() == [None, "all series", "all series"]
    lower, upper = wide.drop_nulls("quantile")["value"]
    assert lower < 22.0 < upper


class TestRefused:
    def test_too_short(self, store):
        model = pooled("drop", "seasonal_difference(7)")
        with pytest.raises(InvalidInputError, match=r"has 5 known rows; .* needs 9 .*windows of 2, 7 for differences"):
            entrainer.forecast(model, 1, series=source_of("Bern", [1, 2, 3, 4, 5]))

    def test_another_interval(self, store):
        months = DataSource(name="Months", time_interval="1mo").save()
        months.write(np.arange("2020-01", "2022-01", dtype="datetime64[M]"), np.arange(24.0))
        with pytest.raises(InvalidInputError, match=r"has the interval 1mo; the series of .* have 1d"):
            entrainer.forecast(pooled(), 1, series=months)

    def test_values_outside_the_transform(self, store):
        with pytest.raises(InvalidInputError, match=r"'Bern'\) cannot be prepared as .*log is not defined for 1 of 5"):
            entrainer.forecast(pooled(transform="log"), 1, series=source_of("Bern", [1, 2, 0, 4, 5]))

    def test_a_model_of_one_series(self, store):
        source = source_of("Alone", np.arange(30.0))
        preparation = source.create_snapshot().create_preparation()
        research = Project(name="Alone", data_source=source).save().create_research("one", preparation)
        model = research.create_model("one")
        model.data_set(preparation.create_set(Window(2)))
        model.save_object(fixed([0.5, 0.5]))
        with pytest.raises(InvalidInputError, match=r"knows the data sources 1; .* train a model on many"):
            entrainer.forecast(model, 1, series=source_of("Bern", NEW))

    def test_series_prepared_in_several_ways(self, store):
        sources = [source_of(name, np.arange(30.0)) for name in ("one", "other")]
        preparations = [
            source.create_snapshot().create_preparation("drop", transform)
            for source, transform in zip(sources, ("minmax", "standard"), strict=True)
        ]
        research = Project(name="Two", data_source=sources[0]).save().create_research("two", preparations[0])
        model = research.create_model("two")
        model.data_set(DataSet.from_preparations(preparations, Window(2)))
        model.save_object(fixed([0.5, 0.5]))
        with pytest.raises(InvalidInputError, match=r"were prepared in 2 ways \(drop minmax 1d; drop standard 1d\)"):
            entrainer.forecast(model, 1, series=source_of("Bern", NEW))


def test_a_series_of_many_that_is_too_short_is_left_out_and_named(store):
    model = pooled()
    with pytest.warns(UserWarning, match=r"1 of 3 series cannot be forecast and are left out; the first: .*'Bern'"):
        forecast = entrainer.forecast(model, 1, series=[1, 2, source_of("Bern", [4.0])])
    assert forecast["series"].to_list() == [1, 2]
