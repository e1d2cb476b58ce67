"""Forecasts as they were said: kept with their origin, adjusted by people, compared with what came, opened again."""

import re

import numpy as np
import polars as pl
import pytest

import endirector
from commands import run_command
from enstorage import Connector, Panel
from enstorage.errors import InvalidInputError, NotFoundError

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2022, 12, 1), "1mo", eager=True)
KNOWN = 48


def rows(values, first=KNOWN):
    return pl.concat(
        pl.DataFrame({"shop": key, "month": MONTHS[first : first + len(each)], "units": np.asarray(each, float)})
        for key, each in values.items()
    )


def noise(seed):
    return 50 + np.random.default_rng(seed).normal(0, 2, KNOWN).round(1)


@pytest.fixture
def naive(tmp_path):
    """The naive member alone: others have no time."""
    table = rows({"Bern": noise(1), "Oslo": noise(2)}, 0).vstack(rows({"Graz": [3.0]}, KNOWN - 1))
    connector = Connector.in_folder(tmp_path / "store")
    options = {"season": 1, "time_limit": 1e-6, "connector": connector, "progress": False, "name": "Shops"}
    return endirector.autoforecast(table, 3, **options)


def point(forecast, key, step):
    return forecast.table.filter(pl.col("quantile").is_null(), series=key, step=step)["value"][0]


def test_a_forecast_is_opened_again_as_it_was_said(naive):
    again = endirector.AutoForecast.open(Panel.get(naive.panel.id, connector=naive.panel.connector))
    assert again.table.equals(naive.table)
    assert again.leaderboard.drop("seconds").equals(naive.leaderboard.drop("seconds"))
    assert list(again.remarks) == list(naive.remarks)
    assert again.code() == naive.code()
    assert again.to_json() == naive.to_json()


def test_what_was_said_stands_beside_what_came(naive):
    assert naive.history()["truth"].is_null().all()
    updated = naive.update(rows({"Bern": [51.0, 49.0], "Oslo": [60.0]}), progress=False)
    history = updated.history().filter(issue=naive.issued.id)
    assert history.height == 3 * 3
    bern = history.filter(series="Bern").sort("step")
    assert bern["value"].to_list() == [noise(1)[-1]] * 3
    assert bern["truth"].to_list() == [51.0, 49.0, None]
    (score,) = updated.scores().iter_rows(named=True)
    errors = np.array([noise(1)[-1] - 51, noise(1)[-1] - 49, noise(2)[-1] - 60])
    assert (score["kind"], score["rows"]) == ("forecast", 3)
    assert score["mae"] == pytest.approx(np.abs(errors).mean())
    assert score["bias"] == pytest.approx(errors.mean())


def test_the_report_shows_what_was_said_when_against_what_came(naive):
    heading = "What was said before, and what came"
    assert heading not in naive.report(progress=False).html
    adjusted = naive.adjust("Bern", {1: 80.0}, reason="campaign", author="Ann <b>")
    updated = adjusted.update(rows({"Bern": [81.0, 49.0]}), progress=False)
    html = updated.report(progress=False).html
    assert html.count(heading) == 1  # nothing came of the others
    table = html.split(heading)[1].split("</table>")[0]
    assert "Ann &lt;b&gt;" in table
    said = noise(1)[-1]
    cells = [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in table.split("<tr>")[2:]]
    assert [row[0] for row in cells] == ["2022-01-01", "2022-02-01"]
    figures = [[float(cell) for cell in row[1:]] for row in cells]
    assert figures == [[81.0, said, 80.0], [49.0, said, said]]


def test_an_adjusted_forecast_keeps_the_original_and_both_are_compared(naive):
    adjusted = naive.adjust("Bern", {1: 80.0}, reason="campaign", author="Ann")
    assert point(adjusted, "Bern", 1) == 80.0
    assert point(adjusted, "Bern", 2) == point(naive, "Bern", 2)
    assert point(naive, "Bern", 1) == noise(1)[-1]
    width = [
        each.table.filter(pl.col("quantile").is_in([0.1, 0.9]), series="Bern", step=1)["value"].to_numpy()
        for each in (naive, adjusted)
    ]
    np.testing.assert_allclose(np.diff(width[1]), np.diff(width[0]))
    assert endirector.AutoForecast.open(naive.panel).table.equals(adjusted.table)
    updated = adjusted.update(rows({"Bern": [81.0]}), progress=False)
    scores = {row["kind"]: row for row in updated.scores().iter_rows(named=True)}
    assert scores["adjusted"]["mae"] == pytest.approx(1.0)
    assert (scores["adjusted"]["author"], scores["adjusted"]["reason"]) == ("Ann", "campaign")
    assert scores["forecast"]["mae"] == pytest.approx(abs(noise(1)[-1] - 81))
    assert point(updated, "Bern", 1) == 81.0  # from the new end nobody has adjusted anything
    page = updated.report(progress=False).html
    assert "What was said before" in page
    assert "campaign" in page


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (("Rome", {1: 2.0}, "why", "Ann"), NotFoundError, "no series 'Rome'"),
        (("Bern", {4: 2.0}, "why", "Ann"), NotFoundError, "Bern has no step 4; it has the steps 1 to 3"),
        (("Bern", {1: float("inf")}, "why", "Ann"), InvalidInputError, "a finite number by step"),
        (("Bern", {}, "why", "Ann"), InvalidInputError, "a finite number by step"),
        (("Bern", {1: 2.0}, " ", "Ann"), InvalidInputError, "a reason and an author"),
        (("Bern", {1: 2.0}, "why", ""), InvalidInputError, "a reason and an author"),
    ],
)
def test_wrong_adjustments_change_nothing(naive, given, error, message):
    key, values, reason, author = given
    with pytest.raises(error, match=message):
        naive.adjust(key, values, reason=reason, author=author)
    assert naive.history()["issue"].n_unique() == 1


def test_a_panel_without_a_forecast_is_not_opened(naive):
    with naive.panel.connector:
        other = Panel(name="Other").save()
    with pytest.raises(NotFoundError, match="No forecast of Panel"):
        endirector.AutoForecast.open(other)


def test_the_command_updates_an_earlier_forecast(naive, tmp_path):
    rows({"Bern": [51.0], "Oslo": [52.0]}).write_csv(tmp_path / "new.csv")
    words = ("--update", "Shops", "--store", tmp_path / "store", "--out", tmp_path / "out", "--quiet")
    done = run_command("autoforecast", tmp_path / "new.csv", *words)
    assert done.status == 0, done.errors
    assert "New rows: Bern 1, Oslo 1." in done.output
    found = pl.read_csv(tmp_path / "out" / "forecasts.csv").filter(series="Bern", step=1)
    assert found.filter(pl.col("quantile").is_null())["value"].to_list() == [51.0]


def test_the_command_needs_a_horizon_or_an_update(tmp_path):
    rows({"Bern": noise(1)}, 0).write_csv(tmp_path / "shops.csv")
    done = run_command("autoforecast", tmp_path / "shops.csv")
    assert done.status == 1
    assert "Give --horizon, or --update" in done.errors
