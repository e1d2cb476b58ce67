"""Forms of tables that public offices, exchanges and spreadsheets give."""

import numpy as np
import pandas as pd
import pytest

from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table


def read(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, TableOptions.of(options))


def times_of(found):
    return np.datetime_as_string(found.one_series()[0].astype("M8[ns]"), unit="m").tolist()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["31.12.2024 23:45", "31.12.2024 24:00"], ["2024-12-31T23:45", "2025-01-01T00:00"]),
        (["2024-02-28T24:00:00", "2024-02-29T01:24:00"], ["2024-02-29T00:00", "2024-02-29T01:24"]),
        (["Mon 01 Jan 2024", "Tue 02 Jan 2024"], ["2024-01-01T00:00", "2024-01-02T00:00"]),
        (['"Mo, 01.01.2024"', '"Di, 02.01.2024"'], ["2024-01-01T00:00", "2024-01-02T00:00"]),
        (["1/2/24", "1/15/24", "2/3/24"], ["2024-01-02T00:00", "2024-01-15T00:00", "2024-02-03T00:00"]),
        (["02/01/24 1:30 PM", "15/01/24 9:00 AM"], ["2024-01-02T13:30", "2024-01-15T09:00"]),
        (["20240101T001500Z", "20240101T003000Z"], ["2024-01-01T00:15", "2024-01-01T00:30"]),
        (["20240101 0015", "20240101 0030"], ["2024-01-01T00:15", "2024-01-01T00:30"]),
        (["01.01.2024 00:00 - 01.01.2024 01:00", "01.01.2024 01:00 - 01.01.2024 02:00"], None),
        (["janvier 2024", "février 2024", "août 2024"], ["2024-01-01T00:00", "2024-02-01T00:00", "2024-08-01T00:00"]),
        (["12 juin 2024", "13 juil. 2024"], ["2024-06-12T00:00", "2024-07-13T00:00"]),
        (["ene 2024", "ago 2024", "dic 2024"], ["2024-01-01T00:00", "2024-08-01T00:00", "2024-12-01T00:00"]),
    ],
)
def test_times_as_people_spell_them(tmp_path, texts, expected):
    found = read(tmp_path, "time,v\n" + "".join(f"{text},{number}.5\n" for number, text in enumerate(texts)))
    assert times_of(found) == (expected or ["2024-01-01T00:00", "2024-01-01T01:00"])
    assert ("of spans the start" in found.report.lines()[0]) == (expected is None)


def test_short_years_that_may_stand_in_front_are_asked_for(tmp_path):
    text = "day,v\n24/01/15,1\n24/01/16,2\n24/01/17,3\n"
    with pytest.raises(InvalidInputError, match=r"'24/01/15', in which the first or the last .*date_format"):
        read(tmp_path, text)
    assert times_of(read(tmp_path, text, date_format="%y/%m/%d"))[0] == "2024-01-15T00:00"


def test_hours_without_minutes_are_read_by_a_format(tmp_path):
    text = "MESS_DATUM;TT_TU;eor\n2024010100; 5.1;eor\n2024010101;-999;eor\n2024010102; 4.9;eor\n"
    found = read(tmp_path, text, time_column="MESS_DATUM", date_format="%Y%m%d%H", missing="-999")
    assert times_of(found) == ["2024-01-01T00:00", "2024-01-01T02:00"]
    assert found.one_series()[1].tolist() == [5.1, 4.9]


def test_a_midnight_at_the_end_of_a_local_day_is_the_next_one(tmp_path):
    text = "time,v\n31.03.2024 23:45,1\n31.03.2024 24:00,2\n"
    times = read(tmp_path, text, time_zone="Europe/Berlin").one_series()[0]
    expected = pd.DatetimeIndex(["2024-03-31 23:45", "2024-04-01"]).tz_localize("Europe/Berlin")
    assert times.tolist() == expected.as_unit("ns").asi8.tolist()


def test_an_offset_without_colon_is_one(tmp_path):
    times = read(tmp_path, "t,v\n20240701T0000+0200,1\n20240701T0100+0200,2\n", time_zone="Asia/Tokyo").one_series()[0]
    assert times.tolist() == pd.date_range("2024-06-30T22:00", periods=2, freq="h").as_unit("ns").asi8.tolist()


def test_years_in_the_header_stand_behind_several_columns_of_texts(tmp_path):
    years = range(1960, 1966)
    header = f'"Country Name","Country Code",{",".join(map(str, years))}\n'
    text = f"{header}Aruba,ABW,1,2,3,4,5,6\nChad,TCD,,8,9,7,6,5\n"
    found = read(tmp_path, text)
    assert {key: values.tolist() for key, (_, values) in found.by_series().items()} == {
        "Aruba": [1, 2, 3, 4, 5, 6],
        "Chad": [8, 9, 7, 6, 5],
    }


def test_signs_and_blanks_of_typesetters_are_those_of_numbers(tmp_path):
    text = "day;v\n2024-01-01;\u22121\u00a0234,5\n2024-01-02;2\u202f345,25\n"
    assert read(tmp_path, text).one_series()[1].tolist() == [-1234.5, 2345.25]


def test_a_column_without_any_value_is_left_out(tmp_path):
    found = read(tmp_path, "day,price,zone\n2024-01-01,5,\n2024-01-02,6,\n")
    assert (found.report.value_columns, found.report.left_out, found.report.missing) == (("price",), ("zone",), 0)
