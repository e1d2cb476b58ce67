"""Patches and blocks: parts that share no pixel, and maps of classes."""

import numpy as np
import pytest
from small_scenes import band, scene

import entrainer
from enspatial import (
    Grid,
    Patches,
    SpatialParts,
    block_groups,
    class_map,
    confusion_matrix,
    keep_scenes,
    open_cube,
    split_blocks,
)
from enstorage import DataSource, Project
from enstorage.errors import InvalidInputError
from entrainer.experiments.groups import GroupFolds
from entrainer.networks import Estimator

GRID = Grid("EPSG:32632", 0, 0, 10, 40, 60)


def test_blocks_are_drawn_whole_and_in_their_shares():
    parts = split_blocks(GRID, 10, 0.5, 0.25, 0.25, seed=1)
    assert parts.counts() == {"train": 1200, "valid": 600, "test": 600}
    for number in range(24):
        assert len(np.unique(parts.part[parts.block == number])) == 1
    assert (split_blocks(GRID, 10, 0.5, 0.25, 0.25, seed=1).part == parts.part).all()
    assert (split_blocks(GRID, 10, 0.5, 0.25, 0.25, seed=2).part != parts.part).any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0,), "size is 0"),
        ((True,), "size is True"),
        ((10, 0.5, 0.5, 0.5), "sum"),
        ((40,), "2 blocks of 40 × 40 pixels"),
    ],
)
def test_blocks_that_cannot_be_drawn_are_refused(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        split_blocks(GRID, *arguments)


def brute_force(part, radius):
    """The same as `SpatialParts.leaks`, pixel by pixel."""
    found = np.zeros(part.shape, dtype=bool)
    for (row, column), own in np.ndenumerate(part):
        near = part[
            max(0, row - 2 * radius) : row + 2 * radius + 1, max(0, column - 2 * radius) : column + 2 * radius + 1
        ]
        found[row, column] = own >= 0 and ((near >= 0) & (near != own)).any()
    return found


@pytest.mark.parametrize("radius", [0, 1, 2, 3])
def test_leaks_are_the_patches_that_share_a_pixel_and_a_gap_leaves_none(radius):
    random = np.random.default_rng(0)
    part = split_blocks(Grid("EPSG:32632", 0, 0, 10, 24, 30), 6, seed=3).part.copy()
    part[random.random(part.shape) < 0.1] = -1
    parts = SpatialParts(np.zeros(part.shape, dtype=np.int64), part)
    expected = brute_force(part, radius) if radius else np.zeros(part.shape, dtype=bool)
    assert (parts.leaks(radius) == expected).all()
    assert not parts.with_gap(radius).leaks(radius).any()
    assert (parts.with_gap(radius).part == 2).sum() == (part == 2).sum()  # the test part stays whole


@pytest.fixture
def cube(store):
    """A field of two covers: wet in the west, green in the east, on one date."""
    random = np.random.default_rng(0)
    green = np.arange(24)[None, :] + random.normal(0, 1, (20, 24)) > 12
    found = {
        name: band(np.round(random.normal(np.where(green, high, low), 150)).astype(np.uint16), scale=1e-4)
        for name, low, high in (("red", 900, 500), ("nir", 700, 4000))
    }
    made = open_cube(keep_scenes([scene(**found)], progress=False).scenes, bands=["red", "nir"])
    return made, green.astype(np.int64)


def test_patches_are_the_pixels_around_their_centre(cube):
    values, labels = cube
    parts = split_blocks(Grid.from_json(values.attrs["grid"]), 5, seed=1).with_gap(1)
    made = Patches(radius=1, classes=2).data_set(values, labels, parts, name="covers")
    ids, X, y = made.arrays("train")
    row, column = divmod(int(ids[0]), 24)
    assert X.shape[1:] == (3, 3, 2)
    expected = values["nir"].to_numpy()[0, row - 1 : row + 2, column - 1 : column + 2]
    assert X[0, :, :, 1] == pytest.approx(expected)
    assert y[0].tolist() == [1 - labels[row, column], labels[row, column]]
    assert made.tags["spatial"]["leaks"] == 0
    assert all(0 < number // 24 < 19 and 0 < number % 24 < 23 for number in ids)  # patches at the border are not whole


def test_what_shares_a_pixel_is_refused_or_marked(cube):
    values, labels = cube
    parts = split_blocks(Grid.from_json(values.attrs["grid"]), 5, seed=1)
    with pytest.raises(
        InvalidInputError, match=r"of \d+ patches share a pixel with a patch of another part; expected none"
    ):
        Patches(1, 2).data_set(values, labels, parts, name="covers")
    marked = Patches(1, 2).data_set(values, labels, parts, name="covers", leaks="mark")
    assert marked.tags["spatial"]["leaks"] > 0
    assert Patches(0, 2).data_set(values, labels, parts, name="pixels").tags["spatial"]["leaks"] == 0
    for wrong, message in (
        (lambda: Patches(-1, 2), "radius is -1"),
        (lambda: Patches(1, 1), "classes is 1"),
        (lambda: Patches(1, 2).data_set(values, labels[1:], parts, name="x"), "expected one shape"),
        (lambda: Patches(1, 2).data_set(values, labels, parts, name="x", leaks="hide"), "expected refuse or mark"),
        (lambda: Patches(15, 2).data_set(values, labels, parts, name="x"), "No patch was measured whole"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            wrong()


def test_classes_go_back_onto_their_grid(cube):
    values, labels = cube
    parts = split_blocks(Grid.from_json(values.attrs["grid"]), 5, seed=1)
    made = Patches(0, 2).data_set(values, labels, parts, name="pixels", flatten=True)
    ids, _, _ = made.arrays("test")
    found = class_map(made, labels.ravel()[ids], "test")
    assert (found[parts.part == 2] == labels[parts.part == 2]).all()
    assert (found[parts.part != 2] == -1).all()
    with pytest.raises(InvalidInputError, match="Give one for each row"):
        class_map(made, labels.ravel()[ids][1:], "test")
    assert confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist() == [[1, 1], [0, 1]]


@pytest.fixture
def covers(cube):
    """Patches of both covers on one grid, of which the test part is two blocks."""
    values, labels = cube
    parts = split_blocks(Grid.from_json(values.attrs["grid"]), 5, seed=1).with_gap(1)
    return Patches(1, 2).data_set(values, labels, parts, name="covers", flatten=True)


@pytest.fixture
def model(covers):
    project = Project(name="Covers", data_source=DataSource(name="Covers").save()).save()
    model = project.create_research("Patches").create_model("logistic", Estimator("LogisticRegression"))
    model.data_set(covers)
    return model


def pixels(ids, radius=1):
    """All pixels that patches around some centres see."""
    row, column = np.divmod(ids, 24)
    reach = range(-radius, radius + 1)
    return {(r + down, c + right) for r, c in zip(row, column, strict=True) for down in reach for right in reach}


def test_folds_of_blocks_share_no_pixel_and_each_row_is_forecast_once(covers, model, monkeypatch):
    seen, fold = [], GroupFolds.fold

    def looked_at(self, job, rows, number):
        seen.append(fold(self, job, rows, number))
        return seen[-1]

    monkeypatch.setattr(GroupFolds, "fold", looked_at)
    groups = block_groups(covers, 5)
    entrainer.backtest(model, folds=3, groups=groups, progress=False)
    ids, tests = covers.ids(), covers.parts() == 2
    assert len(seen) == 3
    for each in seen:
        assert len(each.train) > len(each.ahead) > 0
        assert not pixels(ids[each.train]) & pixels(ids[each.ahead])
        assert not set(groups[each.train]) & set(groups[each.ahead])
    ahead = np.concatenate([each.ahead for each in seen])
    assert sorted(ahead) == np.flatnonzero((groups >= 0) & ~tests).tolist()
    forecast = model.forecasts("out_of_fold")
    assert sorted(set(forecast["id"])) == sorted(ids[ahead])
    assert (groups < 0).sum() > 0  # patches at the borders of blocks play no part
    fact = model.meta("backtest")
    assert (fact["asked"], sorted(set(fact["fold_of_row"]))) == (3, [-1, 0, 1, 2])
    entrainer.fit([model], progress=False)
    (again,) = entrainer.remake([model], progress=False)
    made_again = again.forecasts.filter(part="out_of_fold").sort("id", "step")["value"].to_list()
    assert made_again == forecast.sort("id", "step")["value"].to_list()


def test_what_is_no_group_of_rows_is_refused(covers, model):
    rows = len(covers.ids())
    for wrong, message in (
        ({"groups": np.zeros(rows, int)}, "There are 1 groups"),
        ({"groups": np.zeros(rows - 1, int)}, f"There are {rows - 1} groups and {rows} rows"),
        ({"groups": np.zeros(rows)}, "expected an integer for each row"),
        ({"groups": block_groups(covers, 5), "folds": 1}, "for 1 folds"),
        ({"groups": block_groups(covers, 5), "horizon": 2}, "received both"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            entrainer.backtest(model, progress=False, **wrong)
    with pytest.raises(InvalidInputError, match="expected a number of pixels from 3 on"):
        block_groups(covers, 2)
