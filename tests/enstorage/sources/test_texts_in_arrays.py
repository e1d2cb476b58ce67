"""Times as texts in arrays: read as those of tables are, with the same options."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from enstorage import DataSource
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns_array

CASES = [
    (["31.12.2024", "01.01.2025"], ["2024-12-31", "2025-01-01"], {}),
    (["12/31/2024", "01/01/2025"], ["2024-12-31", "2025-01-01"], {}),
    (["02/03/2024", "03/03/2024"], ["2024-03-02", "2024-03-03"], {"date_order": "day-first"}),
    (["20240131", "20240229"], ["2024-01-31", "2024-02-29"], {"date_format": "%Y%m%d"}),
    (["2024Q1", "2024Q2"], ["2024-01-01", "2024-04-01"], {}),
    (["Jan 2024", "Feb 2024"], ["2024-01-01", "2024-02-01"], {}),
    (["1871.11", "1871.12", "1872.01"], ["1871-11-01", "1871-12-01", "1872-01-01"], {}),
    (["1871.01", "1871.02"], ["1871-01-01", "1871-02-01"], {}),
    (["1704067200", "1704153600"], ["2024-01-01", "2024-01-02"], {"time_unit": "s"}),
]


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pl.Series, lambda texts: np.array(texts, dtype=object)])
@pytest.mark.parametrize(("texts", "expected", "options"), CASES, ids=lambda case: str(case)[:30])
def test_texts_are_read_as_those_of_a_table(store, texts, expected, options, kind):
    source = DataSource(name="from arrays", time_interval="1d")
    assert source.write(kind(texts), np.arange(len(texts)), **options) == len(texts)
    times, values = source.read()
    assert times.tolist() == to_ns_array(expected).tolist()
    assert values.tolist() == list(range(len(texts)))


def test_what_was_taken_is_told(store):
    source = DataSource(name="months", time_interval="1mo")
    source.write(["1871.11", "1871.12", "1872.01"], [1.0, 2.0, 3.0])
    assert "a year and a month (1871.01 … 1871.12)" in "\n".join(source.table_report.lines())


def test_times_are_local_to_the_zone_of_the_source(store):
    source = DataSource(name="London", time_interval="1d", time_zone="Europe/London")
    source.write(["01.07.2024", "02.07.2024"], [1.0, 2.0])
    assert [source.label(time) for time in source.read()[0]] == [
        "2024-07-01T00:00:00+01:00",
        "2024-07-02T00:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("texts", "values", "message"),
    [
        (["02/03/2024", "03/03/2024"], [1.0, 2.0], r"Give date_order"),
        (["1704067200", "1704153600"], [1.0, 2.0], r"Give time_unit, .* or date_format"),
        (["45000", "45001"], [1.0, 2.0], r"Give time_unit, .* or date_format"),
        (["1871.12"], [1.0], r"'1871.12', which may be a month or a year with a fraction\. Write a month as 1871-01"),
        (["soon", "31.12.2024"], [1.0, 2.0], r"'soon' is not a time"),
        (["30.12.2024", "31.12.2024"], [1.0], "There are 2 times and 1 values"),
        (["30.12.2024", "31.12.2024"], [1.0, np.nan], r"first nan at position 1 \(31\.12\.2024\)"),
    ],
)
def test_what_is_unclear_is_refused_with_the_option_that_settles_it(store, texts, values, message):
    source = DataSource(name="unclear", time_interval="1d").save()
    with pytest.raises(InvalidInputError, match=message):
        source.write(texts, values)
    assert source.read()[0].size == 0
