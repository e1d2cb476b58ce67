"""Texts become rows of token numbers, the same in every process."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage import DataSet
from enstorage.adapter import Sequences
from enstorage.adapter.base import adapter_from_json
from enstorage.errors import InvalidInputError

DOCUMENTS = [
    *("Well done!", "Good work", "Great effort", "nice work", "Excellent!"),
    *("Weak", "Poor effort!", "not good", "poor work", "Could have done better."),
]
LABELS = [1] * 5 + [0] * 5


def test_the_ten_documents_of_the_source():
    """Numbers below 50, padded with zeros after the words to 4; equal words have equal numbers."""
    id, X, y = Sequences(words=50, length=4).samples(DOCUMENTS, LABELS)
    assert id.tolist() == list(range(10))
    assert y.tolist() == LABELS
    assert (X.shape, X.dtype) == ((10, 4), np.int32)
    assert X.tolist() == [
        [15, 31, 0, 0],
        [17, 40, 0, 0],
        [40, 49, 0, 0],
        [27, 40, 0, 0],
        [6, 0, 0, 0],
        [1, 0, 0, 0],
        [42, 49, 0, 0],
        [36, 17, 0, 0],
        [42, 40, 0, 0],
        [9, 45, 31, 20],
    ]


def test_the_numbers_are_the_same_in_every_process():
    """Python's own hash of a text is another in each process."""
    code = f"from enstorage.adapter import Sequences; print(Sequences(5000, 4).encode({DOCUMENTS!r}).tolist())"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        )
        assert done.stdout.strip() == str(Sequences(5000, 4).encode(DOCUMENTS).tolist())


@settings(max_examples=100, deadline=None, derandomize=True)
@given(words=st.integers(2, 1000), word=st.text(min_size=1, max_size=8))
def test_no_word_is_zero(words, word):
    assert 1 <= Sequences(words, 1).number(word) < words


@pytest.mark.parametrize(
    ("padding", "truncate", "expected"),
    [
        ("after", "after", [[1, 2, 0], [1, 2, 3], [0, 0, 0]]),
        ("before", "after", [[0, 1, 2], [1, 2, 3], [0, 0, 0]]),
        ("after", "before", [[1, 2, 0], [3, 4, 5], [0, 0, 0]]),
        ("before", "before", [[0, 1, 2], [3, 4, 5], [0, 0, 0]]),
    ],
)
def test_short_ones_are_filled_up_and_long_ones_cut(padding, truncate, expected):
    sequences = Sequences(6, 3, padding=padding, truncate=truncate)
    assert sequences.encode([[1, 2], [1, 2, 3, 4, 5], []]).tolist() == expected
    assert sequences.encode(["", "...", " \n"]).tolist() == [[0, 0, 0]] * 3


def test_case_signs_and_ways_of_writing_do_not_count():
    sequences = Sequences(10_000, 3)
    same = ["Don't STOP, 3", "don’t stop! 3", "«don't»—stop_3"]
    assert len({tuple(row) for row in sequences.encode(same).tolist()}) == 1
    composed, apart = "été", "e\u0301te\u0301"
    assert sequences.encode([composed]).tolist() == sequences.encode([apart]).tolist()
    assert sequences.encode(["ветер дует"]).astype(bool).sum() == 2


def test_texts_are_stored_as_numbers_with_the_recipe_for_new_ones(store):
    sequences = Sequences(words=50, length=4)
    parts = ["train"] * 4 + ["test"] + ["train"] * 4 + ["test"]
    made = DataSet.from_arrays(range(10), DOCUMENTS, LABELS, parts, "documents", adapter=sequences)
    data_set = DataSet.get(made.id)
    _id, X, y = data_set.arrays()
    np.testing.assert_array_equal(X, sequences.encode(DOCUMENTS))
    assert (X.dtype, y.tolist()) == (np.int32, LABELS)
    assert data_set.data_csv.columns["X"] == "Array(Int32, shape=(4,))"
    recipe = {key: value for key, value in data_set.adapter.items() if key not in ("X", "y")}
    assert adapter_from_json(recipe) == sequences
    assert data_set.arrays("test")[1].tolist() == [[6, 0, 0, 0], [9, 45, 31, 20]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("one text", r"takes several texts, such as \['a', 'b'\]; received one, 'one text'"),
        ([3, 4], "must be a text or a row of token numbers; received 3"),
        ([[1.5]], "row of token numbers"),
        ([[1, -1]], "row of token numbers"),
        ([[1, 50]], "has the token number 50; expected less than 50"),
        ([None], "row of token numbers"),
    ],
)
def test_what_are_no_texts_is_refused(given, message):
    with pytest.raises(InvalidInputError, match=message):
        Sequences(50, 4).encode(given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"words": 1, "length": 4}, "Sequences: words is 1; expected an integer of at least 2"),
        ({"words": 50, "length": 0}, "Sequences: length"),
        ({"words": 50, "length": 4, "padding": "post"}, "Sequences: padding is 'post'; expected 'after' or 'before'"),
        ({"words": 50, "length": 4, "truncate": None}, "Sequences: truncate is None"),
        ({"words": 50, "length": 4, "classes": 1}, "Sequences: classes"),
    ],
)
def test_wrong_sequences_are_refused(options, message):
    with pytest.raises(InvalidInputError, match=message):
        Sequences(**options)


def test_as_many_labels_as_texts():
    with pytest.raises(InvalidInputError, match=r"There are 2 samples and labels of shape \(1,\)"):
        Sequences(50, 4).samples(["a", "b"], [1])
