"""Many series in one set: samples, forecasts and truths are known by series and id."""

import numpy as np
import pytest

from endirector import Conductor
from enstorage import DataSet, DataSetInput, DataSource, Model, Project
from enstorage.adapter import Bins, Branches, Interval, Window
from enstorage.errors import CorruptError, ImmutableError, InvalidInputError

DAY = 86_400 * 10**9
INTERVALS = ([5, 0, 9, 2, 7, 1, 4], [30, 40, 35, 50, 20], [1, 1])


@pytest.fixture
def customers(store):
    """Preparations of three customers, the last of whom came too seldom for windows of three intervals."""
    made = []
    for number, intervals in enumerate(INTERVALS):
        source = DataSource(name=f"customer {number}")
        days, counts = np.unique(np.cumsum([number, *intervals]), return_counts=True)
        source.write(days * DAY, counts.astype(float))
        made.append(source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4))
    return made


@pytest.fixture
def pooled(customers):
    return DataSet.from_preparations(customers, Interval(look_back=3))


@pytest.fixture
def model(customers, pooled):
    project = Project(name="Shop", data_source=customers[0].data_snapshot.data_source).save()
    model = project.create_research("visits").create_model("lstm")
    model.data_set(pooled)
    return model


def test_the_samples_of_all_series_stand_in_time_order(customers, pooled):
    for data_set in (pooled, DataSet.get(pooled.id)):
        ids, X, y = data_set.arrays()
        assert (np.diff(ids) >= 0).all()
        series = data_set.series()
        for preparation, intervals in zip(customers[:2], INTERVALS, strict=False):
            rows = series == preparation.data_snapshot.data_source_id
            assert y[rows].tolist() == intervals[3:]
            assert X[rows].tolist() == [intervals[k - 3 : k] for k in range(3, len(intervals))]
            alone = Interval(3).samples(preparation.prepared())
            np.testing.assert_array_equal(data_set.parts()[rows], alone.part)
            np.testing.assert_array_equal(ids[rows], alone.id)
        assert data_set.lost == {"spans a dropped row": 0, "series too short": 1}
        assert data_set.name == "interval of 3 series"
        assert data_set.is_pooled
        assert data_set.preparations() == customers
        assert data_set.data_preparation == customers[0]
        np.testing.assert_array_equal(data_set.targets()[1], y)
        np.testing.assert_array_equal(data_set.targets()[0], ids)
        data_set.verify()
    assert pooled.data_csv.columns == {"id": "Int64", "part": "Int8", "series": "Int64"}
    assert pooled.to_csv().splitlines()[0] == "id,part,series,X_0,X_1,X_2,y"


def test_what_it_is_made_of_is_known_in_the_database(customers, pooled):
    inputs = DataSetInput.get_list()
    assert [(each.data_set, each.data_preparation, each.position) for each in inputs] == [
        (pooled, preparation, place) for place, preparation in enumerate(customers)
    ]
    for preparation in customers:
        assert preparation.data_sets() == [pooled]
    inputs[0].position = 5
    with pytest.raises(ImmutableError):
        inputs[0].save()
    assert pooled.delete() == [*inputs, pooled]
    assert DataSetInput.count() == 0


def test_each_series_has_its_own_scale_and_its_own_way_back(store):
    """Windows over series of other sizes: each is scaled by its own train rows, and inverted by its own transform."""
    preparations = []
    for size, chain in ((1, "minmax"), (1000, "log+difference+standard"), (7, "none")):
        source = DataSource(name=f"times {size}", time_interval="1d")
        source.write(np.arange(30) * DAY, size * (2 + np.sin(np.arange(30))))
        preparations.append(source.create_snapshot().create_preparation("drop", chain))
    data_set = DataSet.from_preparations(preparations, Window(4, horizon=2), "loads", description="of three sizes")
    ids, X, y = data_set.arrays("test")
    assert (X.shape[1:], y.shape[1:]) == ((4,), (2,))
    times, truth = data_set.targets("test")
    np.testing.assert_array_equal(times[:, 0], ids)
    np.testing.assert_array_equal(times[:, 1], ids + DAY)
    np.testing.assert_allclose(data_set.invert(y, "test"), truth)
    series = data_set.series("test")
    for preparation in preparations:
        alone = preparation.create_set(Window(4, horizon=2))
        rows = series == preparation.data_snapshot.data_source_id
        np.testing.assert_array_equal(X[rows], alone.arrays("test")[1])
        np.testing.assert_array_equal(truth[rows], alone.targets("test")[1])
    assert (data_set.name, data_set.description) == ("loads", "of three sizes")


def test_one_preparation_makes_an_ordinary_set(customers):
    one = DataSet.from_preparations(customers[:1], Interval(3))
    other = customers[0].create_set(Interval(3))
    assert (one.name, one.sha256, one.is_pooled) == (other.name, other.sha256, False)
    assert DataSetInput.count() == 0
    assert one.preparations() == customers[:1]


def test_side_by_side_is_not_pooled(store, sunspots):
    """`Branches` joins the series in each sample; its targets are those of the first preparation."""
    preparations = [sunspots.create_snapshot().create_preparation("drop", chain) for chain in ("none", "log")]
    data_set = DataSet.from_preparations(preparations, Branches(lag=3))
    assert data_set.arrays()[1].shape == (37, 3, 2)
    assert not data_set.is_pooled
    assert data_set.preparations() == preparations


def test_forecasts_are_stored_with_the_series_of_each_row(customers, pooled, model):
    for part in ("train", "test"):
        ids, truth = pooled.targets(part)
        model.save_forecasts(part, ids, truth + 1, series=pooled.series(part))
    kept = Model.get(model.id).forecasts()
    assert kept.height == pooled.rows
    assert sorted(zip(kept["series"], kept["id"], kept["value"], strict=True)) == sorted(
        zip(pooled.series().tolist(), pooled.arrays()[0].tolist(), (pooled.targets()[1] + 1).tolist(), strict=True)
    )
    assert model.has_forecasts()


def test_two_series_may_share_an_id(store):
    """Two customers who come on the same days have samples of the same ids."""
    made = []
    for name in "ab":
        source = DataSource(name=name)
        source.write(np.arange(8) * DAY, np.ones(8))
        made.append(source.create_snapshot().create_preparation("drop", "none", 0.5, 0.0, 0.5))
    data_set = DataSet.from_preparations(made, Interval(1))
    ids, truth = data_set.targets("test")
    assert len(set(ids.tolist())) == len(ids) // 2
    project = Project(name="p", data_source=made[0].data_snapshot.data_source).save()
    model = project.create_research("r").create_model("m")
    model.data_set(data_set)
    series = data_set.series("test")
    model.save_forecasts("test", ids, truth, series=series)
    with pytest.raises(InvalidInputError, match="forecasts share a target"):
        model.save_forecasts("test", ids, truth, series=np.full(len(ids), series[0]))


def test_a_part_is_that_of_the_own_series(customers, pooled, model):
    ids, values = pooled.targets("test")
    with pytest.raises(
        InvalidInputError, match=rf"{len(ids)} of the forecasts for 'train' have targets of the part 'te"
    ):
        model.save_forecasts("train", ids, values, series=pooled.series("test"))


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda series: None, r"has samples of several series; .*Give series=data_set\.series\(part\)"),
        (
            lambda series: series + 7,
            r"Data source 8 is not one of those of Model\(1, 'lstm'\); expected ids from series",
        ),
        (lambda series: series[:-1], r"id of one data source, or one for each row; received series of int64 and shape"),
        (lambda series: series * 1.0, "received series of float64"),
    ],
)
def test_a_series_that_is_not_of_the_set_is_refused(pooled, model, choose, message):
    ids, values = pooled.targets("test")
    with pytest.raises(InvalidInputError, match=message):
        model.save_forecasts("test", ids, values, series=choose(pooled.series("test")))


def test_members_on_intervals_and_on_classes_meet_in_one_ensemble(customers, model, pooled):
    """By series and id; the truth is the interval, not the number of visits that the preparation has as value."""
    binned = model.research.create_model("binned")
    classes = DataSet.from_preparations(customers, Bins(Interval(look_back=2), (6, 30)))
    binned.data_set(classes)
    probabilities = np.full((classes.rows, 3), [0.5, 0.25, 0.25])
    expected = classes.invert(probabilities)
    for part, code in (("train", 0), ("test", 2)):
        ids, truth = pooled.targets(part)
        model.save_forecasts(part, ids, truth + 2, series=pooled.series(part))
        ids, _ = classes.targets(part)
        binned.save_forecasts(part, ids, expected[classes.parts() == code], series=classes.series(part))
    ensemble = Conductor(model.research.project.create_ensemble("voting", models=[model, binned])).render()
    table = ensemble.table()
    lost = {"lstm": 0, "binned": classes.rows - pooled.rows}
    assert ensemble.alignment() == {"common": pooled.rows, "lost": lost, "not_measured": 0}
    truths = dict(
        zip(
            zip(pooled.series().tolist(), pooled.arrays()[0].tolist(), strict=True),
            pooled.targets()[1].tolist(),
            strict=True,
        )
    )
    for series, id, truth, member in table.select("series", "id", "truth", f"member_{model.id}").rows():
        assert truth == truths[series, id]
        assert member == truth + 2
    metrics = ensemble.metrics()["test"]
    assert metrics["members"]["lstm"]["mae"] == 2
    assert "mae_scaled" not in metrics["ensemble"]


def test_an_ensemble_of_a_single_customer_knows_the_intervals(customers):
    project = Project(name="one", data_source=customers[0].data_snapshot.data_source).save()
    research = project.create_research("r")
    models = []
    for look_back in (2, 3):
        model = research.create_model(str(look_back))
        data_set = customers[0].create_set(Interval(look_back))
        model.data_set(data_set)
        for part in ("train", "test"):
            model.save_forecasts(part, *data_set.targets(part))
        models.append(model)
    ensemble = Conductor(project.create_ensemble("voting", models=models)).render()
    assert ensemble.metrics()["test"]["ensemble"]["mae"] == 0
    assert ensemble.table()["truth"].to_list() == INTERVALS[0][3:]


def test_a_preparation_that_became_another_is_found(customers, pooled, damage):
    damage(customers[1].data_csv.sha256)
    with pytest.raises(CorruptError):
        DataSet.get(pooled.id).verify()


@pytest.mark.parametrize(
    ("choose", "adapter", "message"),
    [
        (lambda made: [], Interval(1), "at least one; received none"),
        (lambda made: [made[0], "x"], Interval(1), "received 'x'"),
        (lambda made: [made[0], made[0]], Interval(1), r"must have different data sources; 2 have data source 1"),
        (
            lambda made: made,
            Interval(20),
            r"None of the 3 series gives a sample, the last because: DataPreparation\(3\)",
        ),
        (lambda made: made, "interval", "'interval' is not an adapter"),
    ],
)
def test_a_pooled_set_that_cannot_be_is_refused_and_nothing_is_kept(store, customers, census, choose, adapter, message):
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        DataSet.from_preparations(choose(customers), adapter)
    assert census(store) == before


def test_an_adapter_that_names_other_preparations_is_refused(store, sunspots):
    one, other, third = (sunspots.create_snapshot().create_preparation() for _ in range(3))
    with pytest.raises(InvalidInputError, match=r"branches lag 2 has preparations of its own that differ from"):
        DataSet.from_preparations([one, third], Branches([one, other], lag=2))
