"""Six files as a bank, a shop, a meter, a hospital, an observatory and a statistics office export them, one command each.

Values are computed by pandas or by hand from what was written.
"""

import json

import numpy as np
import pandas as pd
import pytest

from enstorage import DataSource, Panel

RANDOM = np.random.default_rng(11)


def german(number):
    """1.234,50"""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def ns(times):
    return pd.DatetimeIndex(times).tz_convert("UTC").as_unit("ns").asi8.tolist()


def check(source, expected):
    """Compare the points of a source with a pandas Series."""
    times, values = source.read()
    assert times.tolist() == expected.index.as_unit("ns").asi8.tolist()
    assert values.tolist() == expected.tolist()


@pytest.fixture
def imported(enstorage):
    """Write a file, import it with one command, and give the lines that were told and the JSON of the same import."""

    def run(name, content, *flags):
        (enstorage.folder / name).write_bytes(content)
        status, output, errors = enstorage("import-csv", name, *flags)
        assert status == 0, errors
        status, text, errors = enstorage("import-csv", name, *flags, "--name", "again", "--json")
        assert status == 0, errors
        return output.splitlines(), json.loads(text)

    return run


def test_a_bank_exports_balances_of_business_days(imported):
    days = pd.bdate_range("2024-01-02", periods=40)
    balances = pd.Series((RANDOM.normal(5000, 3000, 40)).round(2), days)
    rows = "".join(f"{day:%d.%m.%Y};{german(value)} €;Café;\r\n" for day, value in balances.items())
    text = f"# Kontoauszug Sparkasse Köln\r\n# Währung: EUR\r\n\r\nBuchungstag;Saldo;Verwendungszweck;\r\n{rows}"
    lines, told = imported("konto.csv", text.encode("cp1252"))
    source = DataSource.get(1)
    check(source, balances)
    assert (source.time_interval, source.unit) == ("1b", "€")
    assert lines[0] == (
        f"Read konto.csv: text in {told['table']['encoding']}, separator semicolon, decimal comma, thousands with points, "
        "3 lines skipped, times in Buchungstag: dates with the day first (31.12.2024), values in Saldo with the unit €."
    )
    assert lines[1:] == [
        "Columns left out: Verwendungszweck.",
        "Wrote 40 points to data source 1 (konto), interval 1b.",
    ]


def test_a_shop_exports_a_column_for_each_month(imported):
    months = pd.date_range("2023-01-01", periods=14, freq="MS")
    sold = pd.DataFrame(RANDOM.integers(100, 5000, (14, 3)).astype(float), months, ["Brot", "Käse", "Milch 1,5 %"])
    sold.loc["2023-05-01", "Käse"] = np.nan
    head = ";".join(["Artikel", *(f"{month:%b %Y}" for month in months)])
    rows = "".join(
        ";".join([name, *("-" if np.isnan(value) else german(value) for value in column), "\n"])
        for name, column in sold.items()
    )
    lines, told = imported("umsatz.csv", f"{head};\n{rows}".encode("latin-1"))
    sources = Panel.get(1).sources()
    assert list(sources) == list(sold.columns)
    for name, source in sources.items():
        check(source, sold[name].dropna())
        assert source.time_interval == "1mo"
    assert "times in header: months (Jan 2024), 3 series by Artikel" in lines[0]
    assert lines[1] == "1 value is missing and became a gap."
    assert lines[-2:] == [
        "Wrote 41 points to panel 1 (umsatz), 3 series, interval 1mo.",
        "Käse: 1 bucket is empty between points.",
    ]
    report = told["import_report"]
    assert (report["measured"], report["empty_between"]) == (41, 1)
    assert report["by_series"]["Käse"]["empty_between"] == 1


def test_a_meter_exports_local_times_with_an_hour_that_is_there_twice(imported):
    quarters = pd.date_range("2024-10-26", periods=4 * 49, freq="15min", tz="Europe/Berlin")
    load = pd.Series(RANDOM.gamma(2, 0.1, len(quarters)).round(3), quarters)
    rows = "".join(f"{time:%d.%m.%Y %H:%M};{value:.3f}\n".replace(".", ".", 1) for time, value in load.items())
    text = "Zählpunkt;DE0001\nEinheit;kWh\n\nZeitstempel;Verbrauch\n" + rows
    lines, told = imported("zaehler.csv", text.encode("utf-16"), "--time-zone", "Europe/Berlin", "--unit", "kWh")
    source = DataSource.get(1)
    check(source, load.tz_convert("UTC"))
    assert (source.time_interval, source.time_zone) == ("15m", "Europe/Berlin")
    assert lines[-1] == "Wrote 196 points to data source 1 (zaehler), interval 15m."
    assert told["import_report"]["empty_between"] == told["import_report"]["shared_buckets"] == 0
    days = source.read(interval="1d", aggregate="sum")
    expected = load.resample("1D").sum()
    assert days[0].tolist() == ns(expected.index)
    np.testing.assert_allclose(days[1], expected, rtol=1e-12)
    assert load["2024-10-27"].size == 100  # 25 hours


def test_a_hospital_exports_repeated_measurements_at_irregular_times(imported):
    patients = np.repeat([4711, 4712, 4713], 12)
    minutes = RANDOM.integers(0, 60 * 24 * 30, 36)
    minutes[5] = minutes[2]  # measured twice in one minute
    taken = pd.Timestamp("2024-02-01") + pd.to_timedelta(minutes, unit="min")
    glucose = RANDOM.uniform(3, 12, 36).round(1)
    text = "patient_id|taken at|glucose|ward\n" + "".join(
        f"{patient}|{time:%Y-%m-%d %H:%M}|{value} mmol/l|{'AB'[patient % 2]}\n"
        for patient, time, value in zip(patients, taken, glucose, strict=True)
    )
    flags = ("--series-column", "patient_id", "--duplicates", "mean")
    lines, told = imported("glucose.csv", text.encode(), *flags)
    frame = pd.DataFrame({"patient": patients, "time": taken, "value": glucose})
    expected = frame.groupby(["patient", "time"])["value"].mean()
    sources = Panel.get(1).sources()
    for patient in (4711, 4712, 4713):
        source = sources[str(patient)]
        check(source, expected[patient])
        assert (source.time_interval, source.unit) == (None, "mmol/l")
    combined = 36 - len(expected)
    assert f"{combined} row has the time of a row above; their mean was taken." in lines
    assert f"Wrote {len(expected)} points to panel 1 (glucose), 3 series, without interval." in lines
    assert told["table"]["combined"] == combined == 1


def test_a_hospital_is_told_of_values_that_would_be_lost(enstorage):
    text = "patient_id,day,value\n1,2024-01-01,5\n1,2024-01-01,6\n2,2024-01-01,4\n"
    (enstorage.folder / "a.csv").write_text(text)
    status, _, errors = enstorage("import-csv", "a.csv", "--series-column", "patient_id")
    assert status == 1
    assert "a.csv, line 3, column 'day'" in errors
    assert "--duplicates" in errors


def test_an_observatory_exports_julian_days(imported):
    nights = pd.date_range("2024-03-01T21:00", periods=30, freq="D")
    magnitude = pd.Series(RANDOM.normal(7, 0.3, 30).round(3), nights)
    rows = "".join(f"  {time.to_julian_date():.5f}   {value:6.3f}  V\n" for time, value in magnitude.items())
    text = "# Mira, AAVSO\n# comment\nJD mag band\n" + rows + "  2460400.37500   99.999  V\n"
    lines, told = imported("mira.txt", text.encode(), "--missing", "99.999")
    source = DataSource.get(1)
    check(source, magnitude)
    assert source.time_interval == "1d"
    assert "separator blanks, 2 lines skipped, times in JD: numbers of the unit jd, values in mag." in lines[0]
    assert "1 value is missing and became a gap." in lines
    assert told["table"]["left_out"] == ["band"]


@pytest.mark.parametrize("quarter", ["{year}Q{number}", "Q{number}/{year}", "{year}-Q{number}", "Q{number} {year}"])
def test_a_statistics_office_exports_quarters(imported, quarter):
    periods = pd.period_range("2019Q1", "2024Q2", freq="Q")
    rates = pd.Series(RANDOM.normal(2, 1, len(periods)).round(1), periods.to_timestamp())
    shown = [quarter.format(year=period.year, number=period.quarter) for period in periods]
    cells = [f"{value:.1f} %".replace(".", ",") for value in rates]
    cells[7] = ".."
    rows = "".join(f'"{time}";"{cell}";"p"\n' for time, cell in zip(shown, cells, strict=True))
    text = f"\ufeffTable 81000-0002: gross domestic product\nsource: office\n\nsep\n{rows}".replace(
        "sep\n", '"Quartal";"Veränderung";"Fußnote"\n'
    )
    lines, told = imported("bip.csv", text.encode())
    source = DataSource.get(1)
    check(source, rates.drop(rates.index[7]))
    assert (source.time_interval, source.unit) == ("1q", "%")
    assert "decimal comma" in lines[0]
    assert "with the unit %" in lines[0]
    assert lines[-1] == "1 bucket is empty between points."
    assert told["table"]["missing"] == 1


def test_a_statistics_office_exports_a_row_for_each_year(imported):
    months = pd.date_range("2021-01-01", periods=36, freq="MS")
    births = pd.Series(RANDOM.integers(50_000, 70_000, 36).astype(float), months)
    names = ["Jan", "Feb", "Mär", "Apr", "Mai", "Jun", "Jul", "Aug", "Sep", "Okt", "Nov", "Dez"]
    rows = "".join(
        ";".join([str(year), *(f"{value:.0f}" for value in part), f"{part.sum():.0f}"]) + "\n"
        for year, part in births.groupby(births.index.year)
    )
    lines, _ = imported("geburten.csv", f"Jahr;{';'.join(names)};Summe\n{rows}".encode())
    check(DataSource.get(1), births)
    assert DataSource.get(1).time_interval == "1mo"
    assert "Columns left out: Summe." in lines
