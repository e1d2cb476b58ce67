"""Months with a year of two digits, which may be days of a month."""

import numpy as np
import pytest

from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table


def read(tmp_path, times, **options):
    path = tmp_path / "a.csv"
    path.write_text("month,v\n" + "".join(f"{time},{row}.5\n" for row, time in enumerate(times)), encoding="utf-8")
    table = read_table(path, TableOptions.of(options))
    return np.datetime_as_string(table.one_series()[0].astype("M8[ns]"), unit="M").tolist(), table.report


@pytest.mark.parametrize(
    ("texts", "months"),
    [
        (["Nov-23", "Dec-23", "Jan-24"], ["2023-11", "2023-12", "2024-01"]),
        (["Nov 23", "Dec 23", "Jan 24"], ["2023-11", "2023-12", "2024-01"]),
        (["Okt 23", "Dez 23", "Mai 24"], ["2023-10", "2023-12", "2024-05"]),
        (["Nov '23", "Dec '23"], ["2023-11", "2023-12"]),
        (["Dec'21", "Dec'22", "Dec'23"], ["2021-12", "2022-12", "2023-12"]),
        (["Dec-98", "Dec-99", "Dec-00"], ["1998-12", "1999-12", "2000-12"]),
        (["September-23", "October-23"], ["2023-09", "2023-10"]),
    ],
)
def test_months_with_a_short_year_are_read_and_told(tmp_path, texts, months):
    found, report = read(tmp_path, texts)
    assert found == months
    assert report.times == "months with a year of two digits (Jan-24)"


@pytest.mark.parametrize(
    "texts",
    [["Jan-20", "Jan-21", "Jan-22"], ["Jan-30", "Jan-31", "Feb-01"], ["Jan-01", "Feb-01", "Mar-01"], ["Jan-24"]],
)
def test_numbers_that_may_be_days_are_refused_unless_told(tmp_path, texts):
    with pytest.raises(InvalidInputError, match=r"such as 'Jan-.*may be a year or a day.*date_format as %b-%y"):
        read(tmp_path, texts)
    assert len(read(tmp_path, texts, date_format="%b-%y")[0]) == len(texts)
