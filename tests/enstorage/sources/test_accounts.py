"""Tables as accounts, shops and laboratories write them: signs, several dates, numbers of rows, marks of missing values."""

import numpy as np
import pandas as pd
import pytest
import xlsxwriter

from enstorage.errors import InvalidInputError
from enstorage.sources.tables import TableOptions, read_table


def read(tmp_path, text, **options):
    path = tmp_path / "a.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path, TableOptions.of(options))


def values_of(found):
    return found.one_series()[1].tolist()


@pytest.mark.parametrize(
    "cells",
    [
        ["1.234,50-", "0,75", "7,00-"],
        ["1.234,50 - €", "0,75 €", "7,00- €"],
        ["1.234,50\u2212", "0,75", "7\u2212"],
        ["1.234,50 S", "0,75 H", "7,00 S"],
        ["1,234.50DR", "0.75CR", "7.00DR"],
        ["$1,234.50 Dr", "$0.75 Cr", "$7.00 Dr"],
    ],
)
def test_a_sign_may_stand_behind_the_number(tmp_path, cells):
    text = "day|amount\n" + "".join(f"2024-01-0{day}|{cell}\n" for day, cell in enumerate(cells, start=1))
    assert values_of(read(tmp_path, text)) == [-1234.5, 0.75, -7.0]


def test_units_of_small_letters_are_no_signs(tmp_path):
    with pytest.raises(InvalidInputError, match="'3 h' is not a finite number in s"):
        read(tmp_path, "day,took\n2024-01-01,5 s\n2024-01-02,7 s\n2024-01-03,3 h\n")


BANK = """Buchung;Valuta;Text;Betrag;Soll/Haben;Saldo;S/H
02.01.2024;03.01.2024;Miete;900,00;S;100,00;H
02.01.2024;03.01.2024;Lohn;2.000,00;H;2.100,00;H
05.01.2024;05.01.2024;Rate;2.200,50;S;100,50;S
"""


def test_a_column_of_debit_and_credit_is_the_sign_of_the_values_before_it(tmp_path):
    found = read(tmp_path, BANK, value_column="Betrag", duplicates="sum")
    assert values_of(found) == [1100.0, -2200.5]
    assert found.report.left_out == ("Valuta", "Text", "Saldo", "S/H")
    assert "Values with S in Soll/Haben were read as negative." in found.report.lines()
    wide = read(tmp_path, BANK, duplicates="last")
    assert {key: values.tolist() for key, (_, values) in wide.by_series().items()} == {
        "Betrag": [2000.0, -2200.5],
        "Saldo": [2100.0, -100.5],
    }


def test_values_that_have_signs_get_no_other_ones(tmp_path):
    found = read(tmp_path, "day,amount,kind\n2024-01-01,-5,D\n2024-01-02,6,C\n2024-01-03,7,D\n")
    assert values_of(found) == [-5, 6, 7]
    assert found.report.left_out == ("kind",)


def test_sums_of_debit_and_credit_are_two_series(tmp_path):
    text = "day,kind,sum\n2024-01-01,debit,5\n2024-01-01,credit,6\n2024-01-02,debit,7\n2024-01-02,credit,8\n"
    assert {key: values.tolist() for key, (_, values) in read(tmp_path, text).by_series().items()} == {
        "debit": [5, 7],
        "credit": [6, 8],
    }


def test_the_number_of_an_order_tells_no_series_apart(tmp_path):
    text = 'Order,"Order Date",Total\n#1,01/30/2024,"$1,234.50"\n#2,01/30/2024,$5.50\n#3,01/31/2024,$7.25\n'
    with pytest.raises(
        InvalidInputError, match=r"line 3, column 'Order Date': '01/30/2024' is the time .* line 2 again.*duplicates"
    ):
        read(tmp_path, text)
    assert values_of(read(tmp_path, text, duplicates="sum")) == [1240.0, 7.25]
    one_day = "shop,day,sales\nRiga,2024-01-01,5\nOslo,2024-01-01,7\n"
    assert list(read(tmp_path, one_day).by_series()) == ["Riga", "Oslo"]


def test_rows_of_one_series_are_combined_where_texts_do_not_tell_series_apart(tmp_path):
    text = "day,payer,purpose,sum\n" + "".join(
        f"2024-01-0{day},{payer},{purpose},{value}\n"
        for value, (day, payer, purpose) in enumerate(["1Ax", "1Ay", "1Bx", "2Bx", "2By"], start=1)
    )
    with pytest.raises(InvalidInputError, match=r"payer, purpose\. .*series_column.*duplicates"):
        read(tmp_path, text)
    found = read(tmp_path, text, duplicates="sum")
    assert (values_of(found), found.report.left_out) == ([6, 9], ("payer", "purpose"))


def test_an_hour_that_clocks_show_twice_leads_to_the_time_zone(tmp_path):
    hours = pd.date_range("2024-10-26T22:00", periods=6, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    text = "time,load\n" + "".join(f"{hour:%d.%m.%Y %H:%M},{number}\n" for number, hour in enumerate(hours))
    with pytest.raises(InvalidInputError, match=r"line 5.*'27\.10\.2024 02:00' is the time.*time_zone, such as Europe"):
        read(tmp_path, text)
    times, values = read(tmp_path, text, time_zone="Europe/Berlin").one_series()
    assert times.tolist() == hours.as_unit("ns").asi8.tolist()
    assert values.tolist() == [*range(6)]
    with pytest.raises(InvalidInputError) as error:
        read(tmp_path, "time,load\n2024-10-28T02:00,1\n2024-10-28T02:00,2\n")
    assert "time_zone" not in str(error.value)


@pytest.mark.parametrize(("mark", "others"), [("-99.9", [3.5, -7.0]), ("-999", [3, 900]), ("9999.99", [12, 40.5])])
def test_numbers_that_may_mean_missing_values_are_told(tmp_path, mark, others):
    text = f"day,temp\n2024-01-01,{others[0]}\n2024-01-02,{mark}\n2024-01-03,{mark}\n2024-01-04,{others[1]}\n"
    found = read(tmp_path, text)
    assert found.report.far_values == (("temp", float(mark), 2),)
    assert f"2 values are {mark} in temp, far from all others." in found.report.lines()[1]
    told = read(tmp_path, text, missing=mark)
    assert (values_of(told), told.report.missing, told.report.far_values) == (others, 2, ())


def test_such_numbers_among_their_like_are_values(tmp_path):
    text = "day,temp\n2024-01-01,-90\n2024-01-02,-99\n2024-01-03,-95\n"
    assert read(tmp_path, text).report.far_values == ()


def test_a_mark_for_few_cases_leads_to_the_option_that_calls_it_missing(tmp_path):
    text = "week,cases\n2024-W01,12\n2024-W02,<5\n2024-W03,7\n"
    with pytest.raises(InvalidInputError, match=r"line 3, column 'cases': '<5' is not a finite number.*missing"):
        read(tmp_path, text)
    assert values_of(read(tmp_path, text, missing="<5")) == [12, 7]


def test_a_sheet_has_titles_and_a_header_of_two_rows(tmp_path):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write("A1", "Influenza")
        sheet.write("A2", "as of 12.03.2024")
        sheet.write("A4", "Week")
        sheet.merge_range("B4:C4", "Cases")
        sheet.write_row("A5", ["", "Ward A", "Ward B"])
        for row, cells in enumerate([["2020-W53", 12, "-"], ["2021-W01", 7, 9]], start=5):
            sheet.write_row(row, 0, cells)
    found = read_table(path)
    monday = np.array(["2020-12-28", "2021-01-04"], "datetime64[ns]").astype(int).tolist()
    assert {key: (times.tolist(), values.tolist()) for key, (times, values) in found.by_series().items()} == {
        "Cases Ward A": (monday, [12, 7]),
        "Cases Ward B": (monday[1:], [9]),
    }


def test_titles_above_a_table_without_header_are_skipped(tmp_path):
    found = read(tmp_path, "Station 7\n2024-01-01;1;2\n2024-01-02;3;4\n")
    assert {key: values.tolist() for key, (_, values) in found.by_series().items()} == {"2": [1, 3], "3": [2, 4]}
    assert found.report.skipped_lines == 1
