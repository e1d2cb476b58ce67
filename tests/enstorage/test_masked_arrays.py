"""Masked arrays keep their mask wherever values are given: a masked value is missing, never the number under the mask."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from enstorage import DataSet, DataSource, Project
from enstorage.adapter import Images, Sequences, Window
from enstorage.arrays.missing import holds_masked, unmasked
from enstorage.errors import InvalidInputError
from enstorage.preparation import Transform
from enstorage.preparation.clean import parse_clean

DAYS = np.arange(40).astype("datetime64[D]")
UNDER = 1e6  # the number under the mask


def masked(values, at=1):
    """The values, of which one is masked, with an absurd number under the mask."""
    array = np.ma.array(values, dtype=float)
    array.data[at] = UNDER
    array[at] = np.ma.masked
    return array


@pytest.fixture
def preparation(store):
    source = DataSource(name="Load", time_interval="1d").save()
    source.write(DAYS, np.arange(40.0) % 7)
    return source.create_snapshot().create_preparation("drop", "standard", 0.5, 0.25, 0.25)


@pytest.fixture
def model(preparation):
    project = Project(name="Load", data_source=preparation.data_snapshot.data_source).save()
    model = project.create_research("Windows", preparation).create_model("m")
    model.data_set(preparation.create_set(Window(2)))
    return model


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (np.ma.array([1, 2, 3], mask=[False, True, False]), [1, np.nan, 3]),
        (np.ma.array([1.5, 2.5], mask=[True, False]), [np.nan, 2.5]),
        (np.ma.array([True, False], mask=[False, True]), [1, np.nan]),
        ([1.0, np.ma.masked, 3], [1, np.nan, 3]),
        ([np.ma.array([1.0, 2.0], mask=[False, True]), np.ma.array([3.0, 4.0])], [[1, np.nan], [3, 4]]),
        (np.ma.array([1.0, 2.0]), [1, 2]),
        ([1, 2], [1, 2]),
    ],
)
def test_masked_numbers_become_nan(given, expected):
    assert np.array_equal(unmasked(given), expected, equal_nan=True)
    assert np.array_equal(unmasked(given, float), expected, equal_nan=True)
    assert holds_masked(given) == bool(np.isnan(np.array(expected)).any())


def test_masked_times_and_texts_become_missing():
    days = np.ma.array(DAYS[:2], mask=[False, True])
    assert np.isnat(unmasked(days)).tolist() == [False, True]
    assert unmasked(np.ma.array(["a", "b"], mask=[True, False])).tolist() == [None, "b"]


def test_an_array_without_a_masked_value_is_not_copied():
    plain = np.arange(3.0)
    assert unmasked(plain) is plain
    assert np.shares_memory(unmasked(np.ma.array(plain, copy=False)), plain)


def test_write_refuses_masked_values_and_times(store):
    source = DataSource(name="Load", time_interval="1d").save()
    for times, values in ((DAYS[:3], masked([1, 2, 3])), (DAYS[:3], [1.0, np.ma.masked, 3.0])):
        with pytest.raises(InvalidInputError, match="1 of 3 values are missing"):
            source.write(times, values)
    with pytest.raises(InvalidInputError, match="Times hold masked values"):
        source.write(np.ma.array(DAYS[:3], mask=[False, True, False]), [1.0, 2.0, 3.0])
    for numbers, unit in ((np.ma.array([10, 20, 30], mask=[0, 1, 0]), "s"), (masked([1990, 1991, 1992]), "year")):
        with pytest.raises(InvalidInputError, match="Times hold masked values"):
            source.write(numbers, [1.0, 2.0, 3.0], time_unit=unit)
    assert len(source.read()[0]) == 0


def test_stored_forecasts_and_quantiles_refuse_masked_values_targets_and_series(model):
    days, source = DAYS[30:33], model.research.project.data_source_id
    good = np.ones(3)
    for values, quantiles in ((masked(good), {}), (good, {0.9: masked(good)})):
        with pytest.raises(InvalidInputError, match="1 of 3 forecasts are NaN"):
            model.save_forecasts("test", days, values, quantiles=quantiles)
    with pytest.raises(InvalidInputError, match="Times hold masked values"):
        model.save_forecasts("test", np.ma.array(days, mask=[True, False, False]), good)
    with pytest.raises(InvalidInputError):
        model.save_forecasts("test", days, good, series=np.ma.array([source] * 3, mask=[True, False, False]))


def test_a_logged_masked_value_is_missing(model):
    model.log(np.arange(3), loss=masked([1, 2, 3]))
    assert model.curves()["loss"].to_list() == [1, None, 3]


def test_facts_have_none_in_place_of_masked_values(model):
    model.meta("scores", masked([1, 2, 3]))
    assert model.meta("scores") == [1, None, 3]


def test_transforms_and_cleaning_take_them_for_gaps(preparation):
    fitted = Transform.parse("minmax").fit(masked([0, 9, 4]), np.ones(3, bool))
    assert fitted.apply(masked([0, 9, 4])).tolist() == pytest.approx([0, np.nan, 1], nan_ok=True)
    assert fitted.invert(masked([0, 9, 1])).tolist() == pytest.approx([0, np.nan, 4], nan_ok=True)
    part = np.zeros(3, np.int8)
    assert parse_clean("linear").fill(masked([0, 9, 4]), part).tolist() == [0, 2, 4]
    assert parse_clean("drop").kept_rows(masked([0, 9, 4])).tolist() == [True, False, True]
    assert np.isnan(preparation.invert(masked([0, 9, 1]))).tolist() == [False, True, False]


def test_sets_of_arrays_refuse_masked_inputs_targets_and_parts(store):
    ids, X, y, part = np.arange(3), np.ones((3, 2)), np.ones(3), np.array(["train", "train", "test"])
    hidden = np.ma.array(X, mask=[[True, False], [False, False], [False, False]])
    for given in ((hidden, y, part), (X, masked(y), part), (X, np.ma.array([0, 1, 1], mask=[1, 0, 0]), part)):
        with pytest.raises(InvalidInputError, match="1 values that are NaN or infinite"):
            DataSet.from_arrays(ids, *given, "set")
    with pytest.raises(InvalidInputError, match="Parts must be"):
        DataSet.from_arrays(ids, X, y, np.ma.array(part, mask=[True, False, False]), "set")


def test_images_texts_and_labels_refuse_masked_values(store):
    pixels = np.ma.array(np.ones((2, 2, 2)), mask=np.arange(8).reshape(2, 2, 2) == 0)
    with pytest.raises(InvalidInputError, match="1 values that are NaN or infinite"):
        DataSet.from_arrays([0, 1], pixels, [0, 1], ["train", "test"], "images", adapter=Images())
    with pytest.raises(InvalidInputError, match="row of token numbers"):
        Sequences(length=2, words=5).encode([np.ma.array([1, 2], mask=[True, False])])


def test_the_output_of_an_object_keeps_its_mask(model):
    from entrainer.model_output import output_of

    class Masking(LinearRegression):
        def predict(self, X):
            return masked(super().predict(X))

    _, X, y = model.data_set().arrays("train")
    assert np.isnan(output_of(Masking().fit(X, y), X)).sum() == 1
    assert np.isnan(model.data_set().invert(masked(np.zeros(len(X))), "train")).sum() == 1


def test_metrics_leave_masked_targets_out_and_weights_of_rows_refuse_them():
    from entrainer.compiled.member import checked_weight
    from entrainer.settings.metrics import measured

    assert measured("mae", masked([1, 2, 3]), np.zeros(3)) == 2
    with pytest.raises(InvalidInputError, match="expected 3 finite numbers"):
        checked_weight(masked([1, 1, 1]), 3, "m")


def test_plots_leave_a_gap():
    from endirector.reporting.plots.canvas import column

    assert np.isnan(column(masked([1, 2, 3]), 3, "truth")).tolist() == [False, True, False]
