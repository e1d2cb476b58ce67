"""Images are kept as pixels and given as numbers from 0 to 1; classes of arrays are steps of one id."""

import numpy as np
import pytest

from endirector import Conductor
from enstorage import DataSet, DataSource, Model, Project
from enstorage.adapter import Images, Interval, Window
from enstorage.errors import InvalidInputError

RANDOM = np.random.default_rng(0)
PIXELS = RANDOM.integers(0, 256, (12, 4, 3), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.uint8) % 3
PARTS = ["train"] * 6 + ["valid"] * 2 + ["test"] * 4


@pytest.mark.parametrize(
    ("images", "options", "expected"),
    [
        (PIXELS, {}, PIXELS[..., np.newaxis] / 255),
        (PIXELS, {"flatten": True}, PIXELS.reshape(12, 12) / 255),
        (PIXELS.reshape(12, 2, 2, 3), {}, PIXELS.reshape(12, 2, 2, 3) / 255),
        (PIXELS.reshape(12, 2, 2, 3), {"flatten": True}, PIXELS.reshape(12, 12) / 255),
        (PIXELS / 255, {}, PIXELS[..., np.newaxis] / 255),
        (PIXELS.astype(np.uint16), {"scale": 65535}, PIXELS[..., np.newaxis] / 65535),
    ],
)
def test_pixels_become_numbers_from_0_to_1_with_a_channel_axis(images, options, expected):
    id, X, y = Images(**options).samples(images, LABELS)
    assert X.dtype == np.float32
    np.testing.assert_allclose(X, expected, rtol=1e-6)
    assert id.tolist() == list(range(12))
    np.testing.assert_array_equal(y, LABELS)


def test_a_part_without_images_is_empty_and_has_their_shape(store):
    for flatten, shape in ((False, (0, 4, 3, 1)), (True, (0, 12))):
        made = DataSet.from_arrays(range(12), PIXELS, LABELS, ["train"] * 12, "digits", adapter=Images(flatten=flatten))
        assert made.arrays("valid")[1].shape == shape


def test_pixels_are_kept_as_they_are_and_scaled_when_they_are_read(store):
    made = DataSet.from_arrays(range(12), PIXELS, LABELS, PARTS, "digits", adapter=Images(classes=3))
    again = DataSet.get(made.id)
    for data_set in (made, again):
        _, X, y = data_set.arrays("test")
        np.testing.assert_array_equal(X, (PIXELS[8:, :, :, np.newaxis] / np.float32(255)).astype(np.float32))
        np.testing.assert_array_equal(y, np.eye(3, dtype=np.float32)[LABELS[8:]])
        assert (X.dtype, y.dtype) == (np.float32, np.float32)
        data_set.verify()
    assert again.data_csv.columns == {
        "id": "Int64",
        "part": "Int8",
        "X": "Array(UInt8, shape=(12,))",
        "y": "Array(UInt8, shape=(1,))",
    }
    assert again.adapter == {"name": "images", "flatten": False, "classes": 3, "scale": None, "X": [4, 3], "y": []}
    assert again.series() is None
    assert again.preparations() == []
    assert again.to_csv().splitlines()[0].startswith("id,part,X_0,")
    PIXELS_before = PIXELS.copy()
    made._samples.X[0] = 0
    np.testing.assert_array_equal(PIXELS, PIXELS_before)


def test_forecasts_of_classes_are_steps_of_one_id(store):
    """The probability of the class k is the forecast of step k + 1; its truth is 1 or 0."""
    data_set = DataSet.from_arrays(range(12), PIXELS, LABELS, PARTS, "digits", adapter=Images(classes=3))
    ids, truth = data_set.targets("test")
    assert ids.tolist() == [[8] * 3, [9] * 3, [10] * 3, [11] * 3]
    np.testing.assert_array_equal(truth, np.eye(3)[LABELS[8:]])
    assert truth.dtype == np.float64
    model = Project(name="p", data_source=DataSource(name="digits").save()).create_research("r").create_model("m")
    model.data_set(data_set)
    probabilities = np.full((4, 3), [0.5, 0.3, 0.2])
    model.save_forecasts("test", ids, data_set.invert(probabilities, "test"))
    table = Model.get(model.id).forecasts("test")
    assert table["id"].to_list() == np.repeat([8, 9, 10, 11], 3).tolist()
    assert table["step"].to_list() == [1, 2, 3] * 4
    np.testing.assert_array_equal(table["value"].to_numpy().reshape(4, 3), probabilities)
    with pytest.raises(InvalidInputError, match=r"4 of the forecasts for 'train' have targets of the part 'test'"):
        model.save_forecasts("train", ids, probabilities)


def test_members_that_give_classes_meet_step_by_step(store):
    """Ids may be plain numbers that look like years; the truth of each class is its own."""
    ids = np.arange(1900, 1912)
    data_set = DataSet.from_arrays(ids, PIXELS, LABELS, PARTS, "digits", adapter=Images(classes=3))
    project = Project(name="p", data_source=DataSource(name="digits").save())
    research = project.create_research("r")
    for probabilities in ([0.5, 0.3, 0.2], [0.1, 0.1, 0.8]):
        model = research.create_model("m")
        model.data_set(data_set)
        for part in ("train", "valid", "test"):
            targets, _ = data_set.targets(part)
            model.save_forecasts(part, targets, np.tile(probabilities, (len(targets), 1)))
    table = Conductor(project.create_ensemble("voting", models=research.models())).render().table()
    assert table["id"].to_list() == np.repeat(ids, 3).tolist()
    np.testing.assert_array_equal(table["truth"].to_numpy().reshape(12, 3), np.eye(3)[LABELS])
    np.testing.assert_allclose(table["ensemble"].to_numpy().reshape(12, 3), np.tile([0.3, 0.2, 0.5], (12, 1)))


def test_targets_of_more_axes_are_steps_too(store):
    """As of a network that gives a picture back: one value after another, the last axis fastest."""
    data_set = DataSet.from_arrays(range(12), PIXELS, PIXELS / 255, PARTS, "pictures")
    ids, truth = data_set.targets()
    assert ids.shape == truth.shape == (12, 12)
    np.testing.assert_array_equal(data_set.invert(PIXELS / 255), truth)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": LABELS + 1}, r"4 labels are not from 0 to 2, such as 3\. Give more classes"),
        ({"y": LABELS - 1.0}, "integers from 0 to 2, one for each sample; received an array of float64"),
        ({"y": np.eye(3)[LABELS]}, r"received an array of float64 and shape \(12, 3\)\. .*leave out classes"),
        ({"part": ["test", "train"] * 2 + ["test"] * 8}, r"1 of 3 classes are missing .* has 2 samples: 2\. Expected"),
        ({"X": PIXELS[0]}, r"Images must be numbers of shape .*received \(4, 3\) of uint8"),
        ({"X": PIXELS.astype(np.int32)}, r"Pixels of type int32 have no default scale.*Give scale"),
        ({"X": PIXELS[:5]}, "received id 12, X 5, y 12, part 12"),
        ({"adapter": Window(3)}, r"window lag 3 does not take arrays; expected for example Images"),
    ],
)
def test_wrong_images_are_refused_and_nothing_is_kept(store, census, changes, message):
    right = {"id": range(12), "X": PIXELS, "y": LABELS, "part": PARTS, "name": "x", "adapter": Images(classes=3)}
    with pytest.raises(InvalidInputError, match=message):
        DataSet.from_arrays(**right | changes)
    assert set(census(store).values()) == {0}


def test_images_do_not_take_preparations(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation()
    with pytest.raises(InvalidInputError, match=r"images takes arrays, not a preparation\. Use DataSet\.from_arrays"):
        preparation.create_set(Images())
    with pytest.raises(InvalidInputError, match="takes arrays"):
        DataSet.from_preparations([preparation], Images())
    assert Interval(2).name == "interval"


@pytest.mark.parametrize("options", [{"flatten": 1}, {"classes": 1}, {"scale": 0}, {"scale": True}, {"scale": "255"}])
def test_wrong_options_are_refused(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        Images(**options)
