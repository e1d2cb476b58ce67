"""Signs of a leak are warnings of the ensemble; ordinary data give none."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import endirector
import enstorage
from enstorage.adapter import Branches, Window
from enstorage.instant import to_ns_array

ROWS = 60
PARTS = np.array(["train"] * 30 + ["valid"] * 10 + ["test"] * 20)
DAYS = to_ns_array(np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]"))


def noise(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture
def research(sunspots):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("From arrays")


def ensemble_of(research, X, y, id=DAYS, part=PARTS):
    """Of one member, a regression on samples from arrays."""
    data_set = enstorage.DataSet.from_arrays(id, X, y, part, name="samples")
    model = research.create_model("one")
    model.data_set(data_set)
    _, features, targets = data_set.arrays("train")
    model.save_object(LinearRegression().fit(features, targets))
    return endirector.Conductor(research.project.create_ensemble("voting", models=[model])).render()


def signs(ensemble):
    return [sign for item in ensemble.items() for sign in item.rendered_result().signs or ()]


def test_ordinary_samples_give_no_sign(research):
    X = noise(0, ROWS, 3)
    ordinary = ensemble_of(research, X, X[:, 0] + noise(1, ROWS))
    assert signs(ordinary) == []


def test_ordinary_series_give_no_sign_however_smooth(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    model = project.create_research("Standard data", preparation).create_model("as the year before")
    model.data_set(preparation.create_set(Window(2)))
    for part in ("train", "valid", "test"):
        _, X, _ = model.data_set().arrays(part)
        model.save_forecasts(part, model.data_set().targets(part)[0], model.data_set().invert(X[:, -1], part))
    assert signs(endirector.Conductor(project.create_ensemble("voting", models=[model])).render()) == []


def test_a_feature_that_equals_the_target(research):
    X, y = noise(0, ROWS, 3), noise(1, ROWS)
    X[:, 1] = 3 - 2 * y
    made = ensemble_of(research, X, y)
    assert "one has 1 features that equal a target (|r| > 0.9999 on 60 rows)." in made.warnings()


def test_another_series_that_knows_the_target(sunspots):
    times, values = sunspots.read()
    later = enstorage.DataSource(name="leaks", time_interval="1y").save()
    later.write(times[:-1], values[1:])
    asked, other = (
        each.create_snapshot().create_preparation("drop", "none", 0.5, 0.2, 0.3) for each in (sunspots, later)
    )
    project = enstorage.Project(name="Sun", data_source=sunspots).save()
    model = project.create_research("Both", asked).create_model("two series")
    model.data_set(asked.create_set(Branches([asked, other], lag=2)))
    for part in ("train", "test"):
        ids, truth = model.data_set().targets(part)
        model.save_forecasts(part, ids, truth + 1)
    made = endirector.Conductor(project.create_ensemble("voting", models=[model])).render()
    assert any("features that equal a target" in sign for sign in signs(made))


def test_ids_that_are_shuffled_against_time(research):
    made = ensemble_of(research, noise(0, ROWS, 2), noise(1, ROWS), id=np.random.default_rng(2).permutation(DAYS))
    assert any("shuffled against time" in sign for sign in signs(made))


def test_a_test_part_before_the_train_part(research):
    made = ensemble_of(research, noise(0, ROWS, 2), noise(1, ROWS), part=PARTS[::-1])
    assert signs(made) == ["has test rows before the end of its train part, so it was trained on their future."]


def test_numbers_of_samples_are_no_times(research):
    made = ensemble_of(research, noise(0, ROWS, 2), noise(1, ROWS), id=np.arange(ROWS), part=PARTS[::-1])
    assert signs(made) == []


@pytest.mark.parametrize("way", ["standard", "minmax"])
@pytest.mark.parametrize("rows", ["train", "all"])
def test_a_scale_that_was_fitted_on_all_rows(research, way, rows):
    X = noise(0, ROWS, 2) + np.arange(ROWS)[:, None] / 20
    seen = X if rows == "all" else X[PARTS == "train"]
    low, size = (seen.mean(0), seen.std(0)) if way == "standard" else (seen.min(0), np.ptp(seen, axis=0))
    made = ensemble_of(research, (X - low) / size, noise(1, ROWS))
    assert signs(made) == (
        ["has features that are scaled by figures of all rows, test rows among them."] * (rows == "all")
    )


def test_an_error_that_is_far_below_all_others(research):
    truth = noise(1, ROWS)
    known = enstorage.DataSet.from_arrays(DAYS, truth[:, None], truth, PARTS, name="truth")
    models = []
    for name, error in (("plain", 1.0), ("better", 0.05), ("knows", 0.0001)):
        model = research.create_model(name)
        model.data_set(known)
        for part in ("train", "valid", "test"):
            rows = part == PARTS
            model.save_forecasts(part, DAYS[rows], truth[rows] + error * noise(2, ROWS)[rows])
        models.append(model)
    made = endirector.Conductor(research.project.create_ensemble("voting", models=models)).render()
    far = [
        label
        for label, item in zip(made.labels().values(), made.items(), strict=True)
        if "below 1 %" in str(item.rendered_result().signs)
    ]
    assert far == ["knows"]
