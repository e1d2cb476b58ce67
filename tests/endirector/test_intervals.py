"""Guarantee 7: conformal intervals from honest residuals, by step, with their measured coverage on the test part."""

from math import ceil, floor

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom, t
from sklearn.linear_model import LinearRegression

import endirector
import enstorage
import entrainer
from endirector.forecasting.calibrate import hindcast_residuals
from endirector.forecasting.residuals import calibration_of, residuals_of
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer.forecasting.calibration.basis import Calibration
from entrainer.forecasting.calibration.levels import Level
from entrainer.forecasting.calibration.residuals import Residuals

DAYS = np.arange(600).astype("datetime64[D]")
PARTS = {"train": slice(0, 200), "valid": slice(200, 400), "test": slice(400, 600)}


def project_of(values, valid_part=1 / 3):
    source = enstorage.DataSource(name="Load", time_interval="1d").save()
    source.write(DAYS[: len(values)], values)
    preparation = source.create_snapshot().create_preparation("drop", "none", 2 / 3 - valid_part, valid_part, 1 / 3)
    project = enstorage.Project(name="Load", data_source=source).save()
    project.create_research("Uploads", preparation)
    return project


def uploaded(project, name, errors, values, parts=PARTS, trained_on=None):
    """A member that only brings forecasts: the values and its errors."""
    model = project.researches()[0].create_model(name)
    for part, rows in parts.items():
        model.save_forecasts(part, DAYS[rows], values[rows] + errors[rows])
    if trained_on is not None:
        model.meta("trained_on", trained_on)
    return model


def exchangeable(seed=0):
    """A flat series and two members whose errors are drawn anew for every row."""
    generator = np.random.default_rng(seed)
    values = np.full(600, 100.0)
    project = project_of(values)
    for name in ("one", "other"):
        uploaded(project, name, generator.standard_t(4, 600), values)
    return project


def rendered(project, method="voting", metamodel=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=project.models(), **options)
    return endirector.Conductor(ensemble).render()


def residuals(ensemble, part):
    table = ensemble.table().filter(pl.col("part") == part)
    return np.sort((table["truth"] - table["ensemble"]).to_numpy())


def ends(known, tail):
    """The residuals of the ranks that leave a tail (in hundredths) below and above, of ascending ones."""
    return known[floor((len(known) + 1) * tail / 100) - 1], known[ceil((len(known) + 1) * (100 - tail) / 100) - 1]


def width(known, tail=10):
    low, high = ends(np.sort(known), tail)
    return high - low


def joined_ends(residuals, level=0.8):
    """The ends by the residuals of each step, which those of the nearest steps join, see test_calibration."""
    ascending = {step: {1: np.sort(known)} for step, known in residuals.items()}
    calibration, wanted = Calibration(Residuals("held-out", ascending)), Level(level)
    found = {step: calibration.ends(1, step, [wanted])[wanted] for step in residuals}
    return {step: (each.lower, each.upper) for step, each in found.items()}


def test_widths_are_ranks_of_held_out_residuals(store):
    ensemble = rendered(exchangeable())
    intervals = endirector.calibrate(ensemble, (0.8, 0.95))
    known = residuals(ensemble, part=1)
    assert known[19] != -known[-20]  # they are signed, and the ranks of 201 · 0.1 and 201 · 0.9
    assert intervals.select("lower", "upper").rows() == [(known[19], known[180]), (known[4], known[195])]
    assert intervals["width"].to_list() == [known[180] - known[19], known[195] - known[4]]
    assert intervals.select("step", "level", "side", "basis", "calibrated_on", "rows", "test_rows").rows() == [
        (1, 0.8, "both", "own residuals", "held-out", 200, 200),
        (1, 0.95, "both", "own residuals", "held-out", 200, 200),
    ]
    assert ensemble.intervals().equals(intervals)
    assert enstorage.Ensemble.get(ensemble.id).intervals().equals(intervals)


@pytest.mark.parametrize("seed", range(5))
def test_coverage_on_the_test_part_lies_within_binomial_bounds_of_the_level(store, seed):
    """With 200 residuals the coverage is itself drawn, from Beta(k, n + 1 − k): the bounds are those of both draws."""
    intervals = endirector.calibrate(rendered(exchangeable(seed)), (0.5, 0.8, 0.95))
    for level, coverage in intervals.select("level", "coverage").rows():
        spread = 4 * np.sqrt(2 * level * (1 - level) / 200)
        assert abs(coverage - level) < spread
    assert binom.cdf(int(intervals["coverage"][1] * 200), 200, 0.8) > 1e-6


def test_the_coverage_is_the_share_of_test_rows_inside(store):
    ensemble = rendered(exchangeable())
    intervals = endirector.calibrate(ensemble, [0.8])
    test = residuals(ensemble, part=2)
    low, high = intervals.select("lower", "upper").row(0)
    assert intervals["coverage"].to_list() == [float(np.mean((low <= test) & (test <= high)))]
    told = ensemble.forecasts("test").pivot("quantile", index="id", values="value")
    truth = ensemble.table().filter(pl.col("part") == 2).select("id", "truth")
    inside = told.join(truth, on="id").select(pl.col("truth").is_between("0.1", "0.9"))["truth"].mean()
    assert inside == pytest.approx(intervals["coverage"][0])


def test_quantiles_are_kept_beside_the_point_forecasts_of_the_test_part(store):
    ensemble = rendered(exchangeable())
    points = ensemble.forecasts()
    intervals = endirector.calibrate(ensemble, [0.8])
    kept = ensemble.forecasts("test")
    assert kept.filter(pl.col("quantile").is_null()).equals(points.filter(pl.col("part") == "test"))
    assert kept.height == 3 * 200
    first = dict(kept.head(3).select("quantile", "value").rows())
    assert first[0.9] - first[0.1] == pytest.approx(intervals["width"][0])
    assert ensemble.forecasts("valid")["quantile"].null_count() == 200
    both = endirector.calibrate(ensemble, [0.5])
    assert both["level"].to_list() == [0.5, 0.8]
    assert both.filter(level=0.8).equals(intervals)
    assert ensemble.forecasts("test")["quantile"].unique().sort().to_list() == [None, 0.1, 0.25, 0.75, 0.9]


def test_quantiles_that_members_say_stay_unless_an_interval_has_them(store):
    values, errors = np.full(600, 100.0), np.random.default_rng(0).normal(size=600)
    project = project_of(values)
    for name in ("one", "other"):
        model = project.researches()[0].create_model(name)
        for part, rows in PARTS.items():
            told = values[rows] + errors[rows]
            model.save_forecasts(part, DAYS[rows], told, quantiles={0.1: told - 9, 0.3: told - 3, 0.5: told})
    ensemble = rendered(project)
    before = ensemble.forecasts("test").filter(pl.col("quantile") == 0.3)
    lower = endirector.calibrate(ensemble, [0.8])["lower"][0]
    wide = ensemble.forecasts("test").pivot("quantile", index="id", values="value")
    assert sorted(wide.columns) == sorted(["id", "null", "0.1", "0.3", "0.5", "0.9"])
    assert (wide["0.1"] - wide["null"]).to_numpy() == pytest.approx(lower)
    assert ensemble.forecasts("test").filter(pl.col("quantile") == 0.3).equals(before)
    assert endirector.Conductor(ensemble).verify().demanded == "equal bits"


def test_they_go_with_the_ensemble_into_another_store_and_do_not_hinder_its_proof(store, tmp_path):
    ensemble = rendered(exchangeable())
    intervals = endirector.calibrate(ensemble)
    assert endirector.Conductor(ensemble).verify().demanded == "equal bits"
    enstorage.export_project(ensemble.project, tmp_path / "load.enz")
    with enstorage.Connector.in_folder(tmp_path / "other") as other:
        enstorage.import_bundle(tmp_path / "load.enz", other)
        (copy,) = enstorage.Ensemble.get_list(connector=other)
        assert copy.intervals().equals(intervals)
        assert copy.forecasts("test").drop("series").equals(ensemble.forecasts("test").drop("series"))


def test_the_truth_of_test_rows_changes_no_interval(store):
    values = np.full(600, 100.0)
    widths, coverages = [], []
    for shift in (0, 50):
        changed = np.where(np.arange(600) >= 400, values + shift, values)
        project = project_of(changed)
        errors = np.random.default_rng(0).normal(size=600)
        uploaded(project, "one", errors + values - changed, changed)  # the same forecasts
        uploaded(project, "other", errors / 2 + values - changed, changed)
        for method in ("voting", "weighted_voting"):
            intervals = endirector.calibrate(rendered(project, method), (0.8, 0.95))
            widths.append(intervals["width"].to_list())
            coverages.append(intervals["coverage"].to_list())
    assert widths[:2] == widths[2:]
    assert coverages[2:] == [[0, 0], [0, 0]]


def test_rows_that_a_member_was_trained_on_calibrate_nothing(store):
    values = np.full(600, 100.0)
    project = project_of(values)
    generator = np.random.default_rng(0)
    uploaded(project, "honest", generator.normal(size=600), values)
    uploaded(project, "early stopped", generator.normal(size=600), values, trained_on=["train", "valid"])
    ensemble = rendered(project)
    with pytest.raises(
        InvalidInputError, match=r"honest, early stopped have no out-of-fold forecasts.*entrainer.backtest"
    ):
        endirector.calibrate(ensemble)
    with pytest.raises(NotFoundError, match="has no intervals"):
        ensemble.intervals()


def test_rows_that_are_valid_for_one_and_trained_on_by_another_calibrate_nothing(store):
    """Members of two preparations: the valid part of the one is train for the other."""
    values = np.full(600, 100.0)
    project = project_of(values)
    generator = np.random.default_rng(0)
    uploaded(project, "one", generator.normal(size=600), values)
    snapshot = project.researches()[0].data_preparation.data_snapshot
    wider = project.create_research("Wider", snapshot.create_preparation("drop", "none", 0.6, 0, 0.4))
    other = wider.create_model("other")
    other.save_forecasts("train", DAYS[:360], values[:360] + generator.normal(size=360))
    other.save_forecasts("test", DAYS[360:], values[360:] + generator.normal(size=240))
    ensemble = rendered(project)
    assert ensemble.table().filter(pl.col("part") == 1).height == 160
    with pytest.raises(InvalidInputError, match="or one that a member was trained on"):
        endirector.calibrate(ensemble)


def test_a_random_split_holds_nothing_out(store):
    values = 60 + np.random.default_rng(0).normal(size=200)
    source = enstorage.DataSource(name="Load", time_interval="1d").save()
    source.write(DAYS[:200], values)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.4, 0.3, 0.3, split="random")
    project = enstorage.Project(name="Load", data_source=source).save()
    research = project.create_research("Random", preparation)
    for lag in (1, 2):
        model = research.create_model(f"lag {lag}")
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(LinearRegression().fit(X, y))
    with pytest.raises(InvalidInputError, match="no residuals to calibrate intervals"):
        endirector.calibrate(rendered(project))


def test_what_was_fitted_on_held_out_rows_is_judged_on_rows_after_those_it_was_fitted_on(store):
    """Four of five stretches of the valid rows: to each the weights say what those fitted before it do."""
    ensemble = rendered(exchangeable(), "weighted_voting", parameters={"weights": "inverse_error"})
    assert ensemble.mark() == "held-out"
    valid = ensemble.table().filter(pl.col("part") == 1)
    members = valid.select(pl.col("^member_.*$")).to_numpy()
    truth, known = valid["truth"].to_numpy(), []
    for start in (40, 80, 120, 160):
        squared = np.mean((members[:start] - truth[:start, None]) ** 2, axis=0)
        weights = (1 / squared) / (1 / squared).sum()
        known.extend(truth[start : start + 40] - members[start : start + 40] @ weights)
    intervals = endirector.calibrate(ensemble, [0.8])
    assert intervals["rows"].to_list() == [160]
    assert intervals["width"][0] == pytest.approx(width(known))


def project_of_windows(rows):
    """Two linear models of other lags on a wave with noise."""
    generator = np.random.default_rng(4)
    project = project_of(60 + 30 * np.sin(np.arange(rows) * 0.4) + generator.normal(0, 4, rows))
    research = project.researches()[0]
    for lag in (2, 5):
        model = research.create_model(f"lag {lag}")
        model.data_set(research.data_preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(LinearRegression().fit(X, y))
    return project


class TestStepsMadeOfForecasts:
    """They are tried from every origin in the held-out rows, with the objects of the members."""

    @pytest.fixture
    def project(self, store):
        return project_of_windows(90)

    def residuals_of(self, ensemble, part, horizon):
        """Of forecasts from origins in a part, as they would have been made then, by step."""
        rows = ensemble.table().filter(pl.col("part") == part).drop_nulls("ensemble")
        truth = dict(rows.select("id", "truth").rows())
        found = {step: [] for step in range(1, horizon + 1)}
        for origin in truth:
            told = endirector.forecast(ensemble, horizon, origin, levels=())
            for id, step, value in told.select("id", "step", "value").rows():
                if id in truth:
                    found[step].append(truth[id] - value)
        return {step: np.sort(known) for step, known in found.items()}

    @pytest.mark.slow
    def test_as_they_would_have_been_made_then(self, project):
        ensemble = rendered(project)
        intervals = endirector.calibrate(ensemble, [0.8], horizon=4)
        known, test = (self.residuals_of(ensemble, part, 4) for part in (1, 2))
        for step, rows, coverage, test_rows, *found in intervals.select(
            "step", "rows", "coverage", "test_rows", "lower", "upper"
        ).rows():
            low, high = joined_ends(known)[step]
            assert (rows, test_rows) == (31 - step, 31 - step)
            assert found == pytest.approx([low, high])
            assert coverage == pytest.approx(np.mean((low - 1e-9 <= test[step]) & (test[step] <= high + 1e-9)))
        assert intervals["step"].to_list() == [1, 2, 3, 4]
        told = endirector.forecast(ensemble, 4, levels=[0.8]).pivot("quantile", index="step", values="value")
        assert (told["0.9"] - told["0.1"]).to_list() == pytest.approx(intervals["width"].to_list())

    @pytest.mark.long
    @pytest.mark.parametrize("method", ["mixture_of_experts", "weighted_voting", "stacking"])
    def test_by_a_method_that_was_fitted_on_what_was_before(self, project, method):
        """Weights of two alike members hardly change, so a refit changes widths little."""
        entrainer.backtest(project.models(), initial=0.3, progress=False)
        told = {"mixture_of_experts": {"penalty": 1.0}, "stacking": {"metamodel": {"alpha": 0.1}}}.get(method)
        ensemble = rendered(project, method, "Ridge" if method == "stacking" else None, parameters=told)
        intervals = endirector.calibrate(ensemble, [0.8], horizon=3)
        known = self.residuals_of(ensemble, 1, 3)
        for step, found, rows in intervals.filter(pl.col("step") > 1).select("step", "width", "rows").rows():
            full = 31 - step
            assert rows == (full - 6 if method == "weighted_voting" else full)  # fitted on the first of five stretches
            low, high = joined_ends(known)[step]
            assert found == pytest.approx(high - low, rel=0.3)

    def test_test_rows_change_none_of_them(self, project):
        ensemble = rendered(project)
        values = project.data_source.read()[1]
        again = project_of(np.where(np.arange(90) < 60, values, 1e4))
        for model in project.models():
            copy = again.researches()[0].create_model(model.name)
            copy.data_set(again.researches()[0].data_preparation.create_set(Window(int(model.name[4:]))))
            copy.save_object(model.load_object())
        widths = [endirector.calibrate(each, [0.8], horizon=4)["width"] for each in (ensemble, rendered(again))]
        assert widths[0].to_list() == widths[1].to_list()

    def test_not_where_a_member_has_only_forecasts(self, project):
        values = project.data_source.read()[1]
        parts = {"train": slice(0, 30), "valid": slice(30, 60), "test": slice(60, 90)}
        uploaded(project, "uploaded", np.random.default_rng(0).normal(size=90), values, parts)
        ensemble = rendered(project)
        intervals = endirector.calibrate(ensemble, [0.8], horizon=4)
        assert intervals["basis"].to_list() == ["own residuals", *["nearest steps"] * 3]
        assert intervals["test_rows"].to_list() == [30, 0, 0, 0]
        assert intervals["width"].to_list() == pytest.approx(np.sqrt([1, 2, 3, 4]) * intervals["width"][0])
        with pytest.warns(UserWarning, match="steps 2 to 3 rest on the residuals of the nearest steps"):
            told = endirector.forecast(ensemble, 3, levels=[0.8], given={"uploaded": [1.0, 2.0, 3.0]})
        wide = told.pivot("quantile", index="step", values="value")
        assert (wide["0.9"] - wide["0.1"]).to_list() == pytest.approx(intervals["width"].to_list()[:3])


class TestOutOfFold:
    @pytest.fixture
    def project(self, store):
        generator = np.random.default_rng(2)
        values = 60 + 30 * np.sin(np.arange(300) * 0.4) + generator.normal(0, 4, 300)
        project = project_of(values, valid_part=0)
        research = project.researches()[0]
        for lag in (2, 5):
            model = research.create_model(f"lag {lag}")
            model.data_set(research.data_preparation.create_set(Window(lag, horizon=2)))
            _, X, y = model.data_set().arrays("train")
            model.save_object(LinearRegression().fit(X, y))
        return project

    def test_without_any_there_is_no_interval_and_the_message_says_how_to_get_one(self, project):
        ensemble = rendered(project)
        with pytest.raises(InvalidInputError, match=r"entrainer\.backtest\(ensemble\.models\(\)\), or .* valid part"):
            endirector.calibrate(ensemble)
        with pytest.warns(UserWarning, match=r"entrainer\.backtest"):
            forecast = endirector.forecast(ensemble, 2)
        assert forecast["quantile"].null_count() == forecast.height == 2
        with pytest.raises(InvalidInputError, match=r"entrainer\.backtest"):
            endirector.forecast(ensemble, 2, levels=[0.8])

    @pytest.mark.parametrize("method", ["voting", "blending"])
    def test_they_calibrate_what_was_not_fitted_on_them(self, project, method):
        ensemble = rendered(project, method, "LinearRegression" if method == "blending" else None)
        entrainer.backtest(project.models(), progress=False)
        intervals = endirector.calibrate(ensemble, [0.8])
        one, other = (model.forecasts("out_of_fold") for model in project.models())
        both = one.join(other, on=["series", "id", "step"], how="inner").sort("id", "step")
        members = both.select("value", "value_right").to_numpy()
        said = members.mean(axis=1) if method == "voting" else ensemble.load_metamodel().predict(members)
        times, values = project.data_source.read()
        truth = values[np.searchsorted(times, both["id"].to_numpy())]
        for step, found, rows in intervals.select("step", "width", "rows").rows():
            own = {each: (truth - said)[both["step"].to_numpy() == each] for each in (1, 2)}
            low, high = joined_ends(own)[step]
            assert (rows, found) == (len(own[step]), pytest.approx(high - low))
        assert intervals["calibrated_on"].unique().to_list() == ["out-of-fold"]

    def test_forecasts_past_the_end_have_the_intervals_of_their_step(self, project):
        entrainer.backtest(project.models(), progress=False)
        ensemble = rendered(project, "linear_stack")
        intervals = endirector.calibrate(ensemble, [0.8, 0.95])
        with pytest.warns(UserWarning, match="for step 3 rest on the residuals of the nearest steps"):
            told = endirector.forecast(ensemble, 3)
        wide = told.pivot("quantile", index="step", values="value")
        assert wide.columns == ["step", "null", "0.025", "0.1", "0.9", "0.975"]
        assert (wide["0.9"] - wide["0.1"]).to_list()[:2] == pytest.approx(intervals["width"][::2].to_list())
        assert (wide["0.975"] - wide["0.025"]).to_list()[:2] == pytest.approx(intervals["width"][1::2].to_list())
        assert wide["0.9"][2] - wide["0.1"][2] == pytest.approx(np.sqrt(3 / 2) * intervals["width"][2])
        assert told.group_by("step", maintain_order=True).agg(pl.col("basis").drop_nulls().unique()).rows() == [
            (1, ["own residuals"]),
            (2, ["own residuals"]),
            (3, ["nearest steps"]),
        ]

    def test_rendering_again_takes_intervals_away(self, project):
        entrainer.backtest(project.models(), progress=False)
        ensemble = rendered(project, "linear_stack")
        endirector.calibrate(ensemble)
        endirector.Conductor(ensemble).render()
        with pytest.raises(NotFoundError, match=r"has no intervals.*endirector\.calibrate\(ensemble\)"):
            ensemble.intervals()
        assert ensemble.forecasts("test")["quantile"].null_count() == ensemble.forecasts("test").height


def test_a_level_with_too_few_rows_rests_on_a_distribution_and_says_so(store):
    values = np.full(60, 100.0)
    project = project_of(values)
    parts = {"train": slice(0, 20), "valid": slice(20, 40), "test": slice(40, 60)}
    for name in ("one", "other"):
        uploaded(project, name, np.random.default_rng(len(name)).normal(size=60), values, parts)
    ensemble = rendered(project)
    intervals = endirector.calibrate(ensemble, (0.8, 0.99))
    assert intervals.select("basis", "rows").rows() == [("own residuals", 20), ("normal", 20)]
    radius = np.sqrt(np.mean(residuals(ensemble, part=1) ** 2)) * t.ppf(0.995, 20)
    assert intervals.select("lower", "upper").row(1) == pytest.approx((-radius, radius))
    with pytest.raises(InvalidInputError, match="level of an interval is a number between 0 and 1"):
        endirector.calibrate(ensemble, [80])


def test_probabilities_of_classes_have_none(store):
    labels = np.arange(30) % 3
    part = np.repeat(["train", "valid", "test"], 10)
    data_set = enstorage.DataSet.from_arrays(np.arange(30), np.ones((30, 1)), np.eye(3)[labels], part, "classes")
    project = enstorage.Project(name="Classes", data_source=enstorage.DataSource(name="none").save()).save()
    for name in ("one", "other"):
        model = project.create_research(name).create_model(name)
        model.data_set(data_set)
        for each in ("train", "valid", "test"):
            rows = np.flatnonzero(part == each)
            model.save_forecasts(each, np.repeat(rows[:, None], 3, axis=1), np.full((10, 3), 1 / 3))
    with pytest.raises(InvalidInputError, match="probabilities of classes, which have no intervals"):
        endirector.calibrate(rendered(project))


def test_an_ensemble_that_was_not_rendered_has_none(store):
    project = exchangeable()
    ensemble = project.create_ensemble("voting", models=project.models())
    for read in (ensemble.intervals, lambda: endirector.calibrate(ensemble)):
        with pytest.raises(NotFoundError, match="was not rendered"):
            read()


def test_a_metamodel_that_remembers_its_rows_is_not_flattered_by_them(store):
    """A tree that is not pruned knows the truth of all rows that it was fitted on."""
    project = project_of_windows(150)
    ensemble = rendered(project, "blending", "DecisionTreeRegressor", fit_on="valid")
    assert residuals(ensemble, part=1).max() == pytest.approx(0)
    assert endirector.calibrate(ensemble, [0.8])["width"][0] > 8
    hindcast = hindcast_residuals(ensemble, 2, project.data_source_id)
    assert all(np.median(np.abs(own)) > 2 for known in hindcast.by_step.values() for own in known.values())


def skewed(store, lowest=0.0):
    """A series of positive values with skewed errors of two members, one of which is far too low at times."""
    generator = np.random.default_rng(7)
    values = lowest + generator.exponential(5, 600)
    project = project_of(values)
    for name in ("one", "other"):
        uploaded(project, name, 2 - values + generator.normal(0, 0.5, 600), values)
    return project


def test_no_end_is_below_0_for_a_series_that_never_was_unless_turned_off(store):
    for lowest, given, expected in ((0.0, "found", 0.0), (-9.0, "found", None), (0.0, None, None), (0.0, 1.5, 1.5)):
        ensemble = rendered(skewed(store, lowest))
        intervals = endirector.calibrate(ensemble, [0.95], floor=given)
        smallest = ensemble.forecasts("test").filter(pl.col("quantile") < 0.5)["value"].min()
        assert intervals["floor"].to_list() == [expected]
        assert smallest == (expected if expected is not None else pytest.approx(smallest))
        assert smallest < 0 or expected is not None
        assert endirector.Conductor(ensemble).verify().demanded == "equal bits"


def test_one_sided_levels_stand_beside_the_others(store):
    ensemble = rendered(skewed(store))
    both = endirector.calibrate(ensemble, [0.8])
    found = endirector.calibrate(ensemble, [0.9], side="upper", floor=None)
    assert found.select("level", "side").rows() == [(0.8, "both"), (0.9, "upper")]
    assert (found["lower"][1], found["width"][1]) == (None, None)
    assert found["upper"].to_list() == [both["upper"][0]] * 2
    assert found["coverage"][1] >= found["coverage"][0]
    endirector.calibrate(ensemble, [0.95], side="lower")
    assert ensemble.forecasts("test")["quantile"].unique().sort().to_list() == [None, 0.05, 0.1, 0.9]
    assert endirector.Conductor(ensemble).verify().demanded == "equal bits"


def test_intervals_of_an_earlier_version_are_read_as_symmetric_ones(store):
    ensemble = rendered(exchangeable())
    endirector.calibrate(ensemble, [0.8])
    names = ("step", "level", "calibrated_on", "rows", "width", "coverage", "test_rows")
    earlier = [{name: row[name] for name in names} for row in ensemble.result["intervals"]]
    ensemble.result = {**ensemble.result, "intervals": earlier}
    ensemble.save()
    row = ensemble.intervals().row(0, named=True)
    assert (row["lower"], row["upper"], row["side"]) == (-row["width"] / 2, row["width"] / 2, "both")
    assert endirector.calibrate(ensemble, [0.5])["level"].to_list() == [0.5, 0.8]


def test_each_series_has_residuals_of_its_own_or_those_of_all_in_its_scale(store):
    """Two series, the one changes ten times as much as the other, and has few held-out rows."""
    generator = np.random.default_rng(3)
    sources = [enstorage.DataSource(name=name, time_interval="1d").save() for name in ("small", "large")]
    values = [50 + generator.normal(0, 1, 120), 500 + generator.normal(0, 10, 120)]
    for source, own in zip(sources, values, strict=True):
        source.write(DAYS[:120], own)
    preparations = [each.create_snapshot().create_preparation("drop", "none", 0.5, 0.25, 0.25) for each in sources]
    project = enstorage.Project(name="Both", data_source=sources[0]).save()
    model = project.create_research("Both", preparations[0]).create_model("mean")
    data_set = enstorage.DataSet.from_preparations(preparations, Window(1))
    model.data_set(data_set)
    told = dict.fromkeys(PARTS, 0.0)
    for part in told:
        ids, series = data_set.targets(part)[0], data_set.series(part)
        keep = (series == sources[0].id) | (np.arange(len(ids)) % 3 == 0) | (part != "valid")
        level = np.where(series == sources[0].id, 50.0, 500.0)
        model.save_forecasts(part, ids[keep], level[keep], series=series[keep])
    model.meta("trained_on", ["train"])
    ensemble = rendered(project)
    intervals = endirector.calibrate(ensemble, [0.8])
    assert intervals["basis"].to_list() == ["own residuals, all series"]
    wide = ensemble.forecasts("test").pivot("quantile", index=["series", "id"], values="value")
    found = {series: own["0.9"][0] - own["0.1"][0] for (series,), own in wide.group_by("series")}
    valid = {each.id: values[place][60:90] - (50, 500)[place] for place, each in enumerate(sources)}
    assert found[sources[0].id] == pytest.approx(width(valid[sources[0].id]), rel=0.1)  # in the size at the end
    assert 7 < found[sources[1].id] / found[sources[0].id] < 14


def test_steps_made_of_forecasts_of_several_series_are_calibrated_from_hindcasts_of_each(store):
    """One model over two series: each has the residuals that it would have if it were forecast alone."""
    generator = np.random.default_rng(5)
    sources = [enstorage.DataSource(name=name, time_interval="1d").save() for name in ("small", "large")]
    for source, size in zip(sources, (1, 10), strict=True):
        source.write(DAYS[:90], size * (60 + 30 * np.sin(np.arange(90) * 0.4) + generator.normal(0, 4, 90)))
    preparations = [each.create_snapshot().create_preparation("drop", "none", 1 / 3, 1 / 3, 1 / 3) for each in sources]
    project = enstorage.Project(name="Both", data_source=sources[0]).save()
    research = project.create_research("Both", preparations[0])
    data_set = enstorage.DataSet.from_preparations(preparations, Window(3))
    _, X, y = data_set.arrays("train")
    model = research.create_model("one for both")
    model.data_set(data_set)
    model.save_object(LinearRegression().fit(X, y))
    model.meta("trained_on", ["train"])
    entrainer.predict(model)
    ensemble = rendered(project)
    intervals = endirector.calibrate(ensemble, [0.8], horizon=3)
    assert intervals["basis"].to_list() == ["own residuals"] * 3
    assert intervals["calibrated_on"].to_list() == ["held-out"] * 3
    assert intervals["rows"].to_list() == [30, 29, 28]  # the fewest of the series
    assert intervals["test_rows"].to_list() == [60, 58, 56]

    table = ensemble.table()
    found = {(source.id, part, step): [] for source in sources for part in (1, 2) for step in (1, 2, 3)}
    for source in sources:
        for part in (1, 2):
            rows = table.filter((pl.col("part") == part) & (pl.col("series") == source.id))
            truth = dict(rows.select("id", "truth").rows())
            for origin in truth:
                told = endirector.forecast(ensemble, 3, origin, levels=(), series=source, progress=False)
                for id, step, value in told.select("id", "step", "value").rows():
                    if id in truth:
                        found[source.id, part, step].append(truth[id] - value)
    later = {step: {each.id: np.sort(found[each.id, 1, step]) for each in sources} for step in (2, 3)}
    known = residuals_of(ensemble).and_of_other_steps(Residuals("held-out", later))
    calibration, wanted = calibration_of(ensemble, known, "found")[0], Level(0.8)
    for step in (2, 3):
        own = intervals.filter(step=step).row(0, named=True)
        both = {each.id: calibration.ends(each.id, step, [wanted])[wanted] for each in sources}
        assert own["lower"] == pytest.approx(np.mean([each.lower for each in both.values()]), rel=0.01)
        assert own["upper"] == pytest.approx(np.mean([each.upper for each in both.values()]), rel=0.01)
        inside = [
            both[each.id].lower - 1e-9 <= error <= both[each.id].upper + 1e-9
            for each in sources
            for error in found[each.id, 2, step]
        ]
        assert own["coverage"] == pytest.approx(np.mean(inside), abs=0.05)
