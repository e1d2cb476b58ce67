"""Weights by the features of a series, which are those of the values known at each origin."""

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage
import entrainer
from endirector import Fitting, Rows, TargetTimes
from endirector.combination.kept import stored_combination, stored_evidence
from endirector.members.feature_inputs import features_at
from endirector.members.series_features import NAMES, series_features
from endirector.methods.varying.fforma import Fforma
from enstorage import DataSet, Panel, Project
from enstorage.adapter import Window
from enstorage.errors import CorruptError, InvalidInputError
from entrainer.networks import Estimator

SERIES = 40


def learned(seed=0, series=SERIES, rows=12):
    """Series of two kinds, told by the first feature; in each kind another member is good."""
    random = np.random.default_rng(seed)
    kind = np.repeat(np.arange(series) % 2 == 0, rows)
    features = random.normal(size=(series * rows, len(NAMES)))
    features[:, 0] = np.where(kind, 1.0, -1.0)
    size = 10.0 ** np.repeat(random.integers(-3, 4, series), rows)
    spread = np.where(np.column_stack([kind, ~kind]), 0.1, 1.0) * size[:, None]
    errors = random.normal(size=spread.shape) * spread
    time = np.tile(np.arange(rows), series)
    return Rows(errors, targets=TargetTimes(np.repeat(np.arange(series), rows), time, time - 1), features=features)


def test_a_series_gets_the_weights_of_its_kind():
    rows = learned()
    combination = Fforma().fit(Fitting(rows, np.zeros(len(rows.forecasts))))
    fresh = learned(seed=1)
    first = combination.row_weights(fresh)[:, 0]
    assert first[fresh.features[:, 0] > 0].min() > 0.7
    assert first[fresh.features[:, 0] < 0].max() < 0.3
    assert combination.facts["features"] == list(NAMES)
    again = Fforma().recall(dict(combination.facts))
    assert again.predict(fresh).tobytes() == combination.predict(fresh).tobytes()


def test_too_few_series_have_equal_weights_and_the_facts_say_why():
    rows = learned(series=10)
    combination = Fforma().fit(Fitting(rows, np.zeros(len(rows.forecasts))))
    assert combination.weights == pytest.approx([0.5, 0.5])
    assert combination.facts["reason"] == "Features of 10 series are known; a gate is learned from at least 20."


def test_features_that_say_nothing_give_equal_weights():
    random = np.random.default_rng(3)
    time = np.tile(np.arange(10), 30)
    targets = TargetTimes(np.repeat(np.arange(30), 10), time, time - 1)
    rows = Rows(random.normal(size=(300, 2)), targets=targets, features=random.normal(size=(300, len(NAMES))))
    combination = Fforma().fit(Fitting(rows, np.zeros(300)))
    assert combination.weights == pytest.approx([0.5, 0.5])
    assert "No gate was better than equal weights" in combination.facts["reason"]
    assert combination.facts["held_out_error"]["equal"] > 0


def test_a_row_without_features_has_equal_weights():
    rows = learned()
    combination = Fforma().fit(Fitting(rows, np.zeros(len(rows.forecasts))))
    unknown = Rows(np.ones((2, 2)), features=np.full((2, len(NAMES)), np.nan))
    assert combination.row_weights(unknown) == pytest.approx(np.full((2, 2), 0.5))


def test_fewer_than_two_series_cannot_be_asked_for():
    with pytest.raises(InvalidInputError, match="least_series is 1; expected an integer of at least 2"):
        Fforma(least_series=1)


class TestFeatures:
    """Numbers that say of which kind a series is."""

    def of(self, values, season=1):
        return dict(zip(NAMES, series_features(np.asarray(values, dtype=float), season), strict=True))

    def test_they_have_no_unit(self):
        values = np.cumsum(np.random.default_rng(0).normal(size=120)) + 50
        assert series_features(values * 1000 + 7, 12) == pytest.approx(series_features(values, 12), rel=1e-6, abs=1e-9)

    def test_a_line_a_wave_and_noise_are_told_apart(self):
        noise = np.random.default_rng(1).normal(size=240)
        line, wave = self.of(np.arange(240.0)), self.of(np.sin(np.arange(240) * np.pi / 6), 12)
        plain = self.of(noise, 12)
        assert line["trend_direction"] == pytest.approx(1)
        assert line["trend_strength"] > 0.99
        assert wave["seasonal_strength"] > 0.99 > 0.5 > plain["seasonal_strength"]
        assert wave["autocorrelation_at_season"] > 0.9 > 0.2 > abs(plain["autocorrelation_at_season"])
        assert wave["spectral_entropy"] < 0.1 < 0.8 < plain["spectral_entropy"]
        assert self.of([0, 0, 3, 0, 0, 1, 0, 0])["zeros"] == 0.75

    @pytest.mark.parametrize("values", [[], [1.0], [2.0, 3.0], [5.0] * 50, [np.nan] * 9, [1e300, -1e300, 1e300, 0, 1]])
    def test_odd_series_have_features_too(self, values):
        with np.errstate(over="ignore", invalid="ignore"):
            assert series_features(np.array(values), 12).shape == (len(NAMES),)
        if len(values) != 5:
            assert np.isfinite(series_features(np.array(values), 12)).all()


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """Eight series and two ridge regressions over all of them, backtested, with their ensemble by features."""
    days = np.arange("2024-01-01", "2024-05-20", dtype="datetime64[D]")
    tables = []
    for number in range(8):
        random = np.random.default_rng(number)
        wave = np.sin(np.arange(len(days)) * 2 * np.pi / 7) * (number % 2)
        values = (number + 1) * (9 + wave + random.normal(0, 0.3, len(days)))
        tables.append(pl.DataFrame({"shop": f"shop {number}", "date": days, "sales": values}))
    connector = enstorage.Connector.in_folder(tmp_path_factory.mktemp("panel") / "store")
    with connector:
        panel = Panel.from_table(
            pl.concat(tables), name="Sales", series="shop", time="date", value="sales", time_interval="1d", unit="t"
        )
        preparations = panel.create_preparations("drop", "standard", 0.8, 0.0, 0.2)
        project = Project(name="All shops", panel=panel).save()
        research = project.create_research("Pooled")
        for lag in (1, 7):
            data_set = DataSet.from_preparations(preparations, Window(lag=lag))
            research.create_model(f"ridge {lag}", Estimator("Ridge")).data_set(data_set)
        entrainer.fit(project.models(), seeds=[1, 2], progress=False)
        entrainer.backtest(project.models(), folds=3, progress=False)
        ensemble = project.create_ensemble(
            "fforma", models=project.models(), parameters={"least_series": 4, "rounds": 20}
        )
        endirector.Conductor(ensemble).render(progress=False)
    yield panel
    connector.close()


@pytest.mark.long
def test_an_ensemble_by_features_comes_out_again_and_forecasts_ahead(panel):
    with panel.connector:
        ensemble = panel.projects()[0].ensembles()[0]
        assert ensemble.result["fit"]["series"] == 8
        assert endirector.Conductor(ensemble).verify(progress=False).demanded == "equal bits"
        source = panel.sources()["shop 3"]
        ahead = endirector.forecast(ensemble, 3, series=source, levels=(), progress=False)
        assert np.isfinite(ahead["value"].to_numpy()).all()
        evidence = stored_evidence(ensemble)[0]
        again = stored_combination(ensemble).predict(evidence.rows)
        assert again.tobytes() == ensemble.table().drop_nulls("ensemble")["ensemble"].to_numpy().tobytes()


@pytest.mark.slow
def test_features_are_of_values_that_were_known_at_the_origin(panel):
    with panel.connector:
        ensemble = panel.projects()[0].ensembles()[0]
        targets = stored_evidence(ensemble)[0].rows.targets
        assert (targets.origin < targets.time).all()
        source = panel.sources()["shop 5"]
        preparation = source.snapshots()[0].preparations()[0]
        times, values = preparation.table()["time"].to_numpy(), preparation.truth().to_numpy()
        origin = np.array([times[20], times[60]])
        found = features_at(np.full(2, source.id), origin, ensemble.models())
        assert found[0] == pytest.approx(series_features(values[:21], 7))
        assert found[1] == pytest.approx(series_features(values[:61], 7))


@pytest.mark.slow
def test_form_can_try_all_methods_over_a_panel(panel):
    with panel.connector:
        names = ["voting", "partial_pooling", "online", "multilayer_stack", "quantile_voting", "trimmed"]
        methods = [*names, endirector.Choice("fforma", parameters={"least_series": 4, "rounds": 5})]
        ensemble = endirector.form(panel.projects()[0], methods=methods, progress=False)
        assert set(ensemble.tried()["method"]) == {*names, "fforma"}
        assert np.isfinite(ensemble.tried()["error"].to_numpy()).all()


def test_a_damaged_gate_is_refused():
    rows = learned()
    facts = dict(Fforma(rounds=3).fit(Fitting(rows, np.zeros(len(rows.forecasts)))).facts)
    tree = facts["gate"]["trees"][0]
    facts["gate"] = facts["gate"] | {"trees": [tree | {"left": tree["left"][:-1]}]}
    with pytest.raises(CorruptError, match="the parts of a tree do not match"):
        Fforma().recall(facts)
