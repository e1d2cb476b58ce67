"""Models that see other series too forecast past the end: from values known ahead, or from forecasts of the others."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import entrainer
from enstorage import DataSource, Project
from enstorage.adapter import Branches, Window
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso

DAYS = np.arange("2024-01-01", "2024-04-01", dtype="datetime64[D]")
ROWS = 20
#: The last loads are 3, 5; the last temperatures 1, 2.
LOAD = np.r_[np.arange(ROWS - 2) % 7, 3.0, 5.0]
TEMPERATURE = np.r_[np.arange(ROWS - 2) % 5, 1.0, 2.0]


def regression(coefficients):
    made = LinearRegression()
    made.coef_, made.intercept_, made.n_features_in_ = np.array(coefficients), 0.0, len(coefficients)
    return made


def source_of(name, values):
    source = DataSource(name=name, time_interval="1d").save()
    source.write(DAYS[: len(values)], values)
    return source


def made(temperature=TEMPERATURE, transform="none", clean="drop"):
    """A model of load and temperature, lag 2: 0.25 load[t−1] + 0.5 load[t] + temperature[t]."""
    sources = [source_of("Load", LOAD), source_of("Temperature", temperature)]
    loads, temperatures = (
        source.create_snapshot().create_preparation(clean, each, 0.6, 0.2, 0.2)
        for source, each in zip(sources, ("none", transform), strict=True)
    )
    research = Project(name="Load", data_source=sources[0]).save().create_research("both", loads)
    model = research.create_model("both")
    model.data_set(loads.create_set(Branches([loads, temperatures], lag=2)))
    model.save_object(regression([0.25, 0.0, 0.5, 1.0]))
    return model


def values(forecast):
    return forecast.filter(pl.col("quantile").is_null())["value"].to_list()


#: 0.25·3 + 0.5·5 + 2; with temperatures 10 and 20: 0.25·5 + 0.5·5.25 + 10; 0.25·5.25 + 0.5·13.875 + 20.
BY_HAND = [5.25, 13.875, 28.25]


def test_the_first_step_needs_no_value_of_the_covariate_beyond_its_end(store):
    forecast = entrainer.forecast(made(), 1)
    assert values(forecast) == BY_HAND[:1]
    assert to_iso(forecast["id"][0])[:10] == "2024-01-21"


def test_values_that_are_known_ahead_take_part_step_by_step(store):
    model = made()
    assert values(entrainer.forecast(model, 3, known={"Temperature": [10.0, 20.0]})) == BY_HAND
    assert values(entrainer.forecast(model, 3, known={"Temperature": np.array([10, 20, 30])})) == BY_HAND


def test_a_table_with_times_is_known_ahead_too(store, tmp_path):
    model = made()
    table = pl.DataFrame({"day": DAYS[ROWS : ROWS + 2], "degrees": [10.0, 20.0]})
    assert values(entrainer.forecast(model, 3, known={"Temperature": table})) == BY_HAND
    table.write_csv(tmp_path / "degrees.csv")
    assert values(entrainer.forecast(model, 3, known={"Temperature": tmp_path / "degrees.csv"})) == BY_HAND
    assert values(entrainer.forecast(model, 3, known={"Temperature": (DAYS[ROWS : ROWS + 2], [10.0, 20.0])})) == BY_HAND


def test_data_of_the_covariate_that_go_further_than_the_series_are_known(store):
    model = made(np.r_[TEMPERATURE, 10.0, 20.0])
    assert values(entrainer.forecast(model, 3)) == BY_HAND


def test_from_an_earlier_time_only_what_was_known_then_counts(store):
    model = made(np.r_[TEMPERATURE, 10.0, 20.0])
    with pytest.raises(InvalidInputError, match="Temperature is known until 2024-01-20"):
        entrainer.forecast(model, 3, "2024-01-21")
    assert values(entrainer.forecast(model, 1, "2024-01-21")) == BY_HAND[:1]


def test_known_values_are_transformed_as_the_covariate_is(store):
    """minmax over 0 … 4 (its train rows): temperatures 2, 10 and 20 are 0.5, 2.5 and 5."""
    model = made(transform="minmax")
    forecast = entrainer.forecast(model, 3, known={"Temperature": [10.0, 20.0]})
    first = 0.25 * 3 + 0.5 * 5 + 0.5
    second = 0.25 * 5 + 0.5 * first + 2.5
    assert values(forecast) == pytest.approx([first, second, 0.25 * first + 0.5 * second + 5])


def test_a_differenced_covariate_goes_on_from_its_last_value(store):
    model = made(transform="difference")
    forecast = entrainer.forecast(model, 3, known={"Temperature": [10.0, 30.0]})  # differences 1, 8, 20
    first = 0.25 * 3 + 0.5 * 5 + 1
    second = 0.25 * 5 + 0.5 * first + 8
    assert values(forecast) == pytest.approx([first, second, 0.25 * first + 0.5 * second + 20])


class TestForecastsOfTheOthers:
    def test_the_last_value(self, store):
        with pytest.warns(UserWarning, match="are forecast, not known: Temperature for 2 steps by naive"):
            forecast = entrainer.forecast(made(), 3, others={"Temperature": "naive"})
        second = 0.25 * 5 + 0.5 * 5.25 + 2
        assert values(forecast) == pytest.approx([5.25, second, 0.25 * 5.25 + 0.5 * second + 2])

    def test_a_model_of_the_covariate(self, store):
        model = made()
        other = self.model_of_temperature(model)
        assert values(entrainer.forecast(other, 2)) == [5.0, 12.0]  # 1 + 2·2, 2 + 2·5
        with pytest.warns(UserWarning, match=r"Temperature for 2 steps by Model\(2"):
            forecast = entrainer.forecast(model, 3, others={"Temperature": other})
        assert values(forecast) == values(entrainer.forecast(model, 3, known={"Temperature": [5.0, 12.0]}))

    def test_known_values_come_first_and_another_forecasts_the_rest(self, store):
        with pytest.warns(UserWarning, match="Temperature for 1 steps by naive"):
            forecast = entrainer.forecast(made(), 3, known={"Temperature": [10.0]}, others={"Temperature": "naive"})
        assert values(forecast) == pytest.approx([5.25, 13.875, 0.25 * 5.25 + 0.5 * 13.875 + 10])

    def test_a_table_of_forecasts_is_known_ahead(self, store):
        model = made()
        ahead = entrainer.forecast(self.model_of_temperature(model), 2)
        forecast = entrainer.forecast(model, 3, known={"Temperature": ahead})
        assert values(forecast) == values(entrainer.forecast(model, 3, known={"Temperature": [5.0, 12.0]}))

    def model_of_temperature(self, model):
        """x̂ = x[t−1] + 2 x[t]."""
        preparation = model.data_set().preparations()[1]
        project = Project(name="T", data_source=preparation.data_snapshot.data_source).save()
        other = project.create_research("T", preparation).create_model("temperature")
        other.data_set(preparation.create_set(Window(2)))
        other.save_object(regression([1.0, 2.0]))
        return other


class TestAnEnsemble:
    @pytest.fixture
    def ensemble(self, store):
        """Of the model with temperature and one of the load alone, x̂ = load[t]: weights of one half each."""
        model = made()
        alone = model.research.create_model("alone")
        alone.data_set(model.research.data_preparation.create_set(Window(1)))
        alone.save_object(regression([1.0]))
        for each in (model, alone):
            entrainer.predict(each)
        ensemble = model.research.project.create_ensemble("voting", models=[model, alone])
        endirector.Conductor(ensemble).render(progress=False)
        return ensemble

    def test_members_with_covariates_take_part(self, ensemble):
        forecast = endirector.forecast(ensemble, 3, levels=(), known={"Temperature": [10.0, 20.0]})
        assert values(forecast) == pytest.approx([(each + 5) / 2 for each in BY_HAND])

    def test_an_ensemble_forecasts_the_covariate(self, ensemble):
        with pytest.warns(UserWarning, match=r"Temperature for 2 steps by naive"):
            expected = endirector.forecast(ensemble, 3, levels=(), others={"Temperature": "naive"})
        preparation = ensemble.models()[0].data_set().preparations()[1]
        project = Project(name="T", data_source=preparation.data_snapshot.data_source).save()
        last = project.create_research("T", preparation).create_model("last")
        last.data_set(preparation.create_set(Window(1)))
        last.save_object(regression([1.0]))
        entrainer.predict(last)
        other = project.create_ensemble("voting", models=[last])
        endirector.Conductor(other).render(progress=False)
        with pytest.warns(UserWarning, match=r"Temperature for 2 steps by Ensemble\(2"):
            assert endirector.forecast(ensemble, 3, levels=(), others={"Temperature": other}).equals(expected)

    def test_a_covariate_that_ends_early_is_refused(self, ensemble):
        with pytest.raises(InvalidInputError, match="Temperature is known until 2024-01-20"):
            endirector.forecast(ensemble, 3)


class TestRefused:
    def test_a_covariate_that_ends_early(self, store):
        with pytest.raises(
            InvalidInputError,
            match=r"for 4 steps it needs them until 2024-01-23T00:00:00Z\. Temperature is known until 2024-01-20T00:00:00Z; "
            r"3 steps from 2024-01-21T00:00:00Z on are missing\. Give their values, known=",
        ):
            entrainer.forecast(made(), 4)

    def test_known_values_that_are_too_few(self, store):
        with pytest.raises(InvalidInputError, match=r"known until 2024-01-21T.*; 2 steps from 2024-01-22"):
            entrainer.forecast(made(), 4, known={"Temperature": [10.0]})

    @pytest.mark.parametrize("name", ["known", "others"])
    def test_another_name(self, store, name):
        with pytest.raises(InvalidInputError, match=r"given for Wind; .* sees besides its own series: Temperature"):
            entrainer.forecast(made(), 1, **{name: {"Wind": "naive"}})

    def test_covariates_of_a_model_of_one_series(self, store):
        model = made()
        alone = model.research.create_model("alone")
        alone.data_set(model.research.data_preparation.create_set(Window(1)))
        alone.save_object(regression([1.0]))
        with pytest.raises(InvalidInputError, match="sees besides its own series: none"):
            entrainer.forecast(alone, 1, known={"Temperature": [1.0]})

    def test_missing_values(self, store):
        with pytest.raises(InvalidInputError, match=r"known has for Temperature 2 values, 1 of them missing"):
            entrainer.forecast(made(), 3, known={"Temperature": [1.0, float("nan")]})

    def test_another_that_cannot_forecast(self, store):
        with pytest.raises(InvalidInputError, match="others has for Temperature 7; expected a model of this series"):
            entrainer.forecast(made(), 3, others={"Temperature": 7})
