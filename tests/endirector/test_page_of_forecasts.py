"""The page about the forecasts of a table: one file that people look at, and that tells what the result has."""

import re
import warnings
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.forecaster.page.small_fans import small_fan
from endirector.forecaster.results.coverage import tried_intervals
from enstorage import Connector
from enstorage.errors import CancelledError

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
STRANGE = "<script>alert('x')</script> & Co"
HORIZON = 3


def shop(name, values):
    return pl.DataFrame({"shop": name, "month": MONTHS[-len(values) :], "units": np.asarray(values, float)})


@pytest.fixture(scope="module")
def forecast(tmp_path_factory):
    """The naive member alone: others have no time."""
    random, t = np.random.default_rng(0), np.arange(48)
    shops = {"Bern": 100 + random.normal(0, 2, 48), "Oslo": 50 + t + random.normal(0, 3, 48), STRANGE: t % 5 + 9.0}
    table = pl.concat([*(shop(key, values) for key, values in shops.items()), shop("Graz", [3.0])])
    connector = Connector.in_folder(tmp_path_factory.mktemp("page") / "store")
    options = {
        "name": "Sales <b>",
        "unit": "t",
        "season": 1,
        "time_limit": 1e-6,
        "connector": connector,
        "progress": False,
    }
    return endirector.autoforecast(table, HORIZON, **options)


class Page(HTMLParser):
    """Tags with what they load, and words outside of pictures, styles and scripts."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.loads, self.words, self._inside = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.loads += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action", "data")]
        if tag in ("svg", "style", "script"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("svg", "style", "script"):
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def html(forecast):
    return forecast.report(progress=False).html


def test_it_is_one_file_that_loads_nothing_and_runs_the_search_alone(html):
    page = Page(html)
    assert page.tags.count("script") == 1
    assert not {"link", "img", "iframe", "object", "form"} & set(page.tags)
    assert not [each for each in page.loads if not each.startswith("#")]
    assert "default-src 'none'" in html
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/=]{44}'", html)


def test_names_are_text(html):
    page = Page(html)
    assert "Sales <b>" in page.text
    assert STRANGE in page.text


def test_every_series_has_a_chart_and_the_next_value(forecast, html):
    page = Page(html)
    assert html.count('class="small"') == 4
    assert "Forecast of 4 series, 3 steps ahead" in page.text
    last = forecast.table.filter(pl.col("quantile").is_null(), step=1, series="Graz")["value"][0]
    assert f"next: {last:.2f} t" in page.text
    assert [label for label in ("smallest error", "median error", "largest error") if label in page.text] == [
        "smallest error",
        "median error",
        "largest error",
    ]


def test_the_leaderboard_has_the_errors_of_the_result(forecast, html):
    board = forecast.leaderboard
    assert board["name"].to_list() == ["ensemble", "Naive"]
    assert board["is_combined"].to_list() == [False, True]
    assert board["mase"][0] == pytest.approx(board["mase"][1])
    assert board["seconds"][0] is None
    assert board["seconds"][1] > 0
    assert f"{board['mase'][0]:.3f}" in Page(html).text


def test_errors_of_series_and_of_all_fit_together(forecast):
    errors, board = forecast.errors, forecast.leaderboard
    assert errors["series"].to_list() == ["Bern", "Oslo", STRANGE]
    mae = (errors["mae"] * errors["rows"]).sum() / errors["rows"].sum()
    assert mae == pytest.approx(board["mae"][0])
    assert errors["rows"].sum() == board["rows"][0]


def test_what_was_chosen_is_told(forecast, html):
    text = Page(html).text
    assert [remark for remark in forecast.remarks if " ".join(remark.split()) not in text] == []


def test_coverage_is_measured_on_rows_after_those_of_the_intervals(forecast):
    backtest = forecast.backtests[0]
    tried = tried_intervals(backtest, forecast.ensemble, (0.8,))
    found = tried.coverage()
    rows = found["rows"].sum()
    assert 0 < rows < len(backtest.truth)  # the first stretch of time has no rows before it
    assert found["inside"].sum() / rows == pytest.approx(0.8, abs=0.15)
    assert tried_intervals(backtest, forecast.ensemble, ()) is None


def test_the_leaderboard_has_the_quantile_loss_and_the_coverage_of_the_ensemble(forecast):
    own = forecast.leaderboard.filter("is_ensemble").row(0, named=True)
    tried = forecast.tried[0]
    counted = tried.coverage().group_by("level").agg(pl.col("inside", "rows").sum())
    for level, inside, rows in counted.rows():
        assert own[f"coverage_{level:g}"] == inside / rows
    key = ["series", "id", "step"]
    ends = tried.table.drop_nulls("quantile").join(tried.points.select(*key, "truth"), on=key)
    error = (ends["truth"] - ends["value"]).to_numpy()
    level = ends["quantile"].to_numpy()
    loss = np.maximum(level * error, (level - 1) * error)
    by_level = [loss[level == each].sum() for each in np.unique(level)]
    assert own["wql"] == pytest.approx(2 * np.mean(by_level) / np.abs(tried.points["truth"].to_numpy()).sum())
    assert forecast.leaderboard.filter(~pl.col("is_ensemble"))["wql"].is_null().all()


def test_it_is_written_where_it_is_asked_for(forecast, tmp_path):
    made = forecast.report(tmp_path / "deep" / "page.html", progress=False)
    assert made.path.read_text(encoding="utf-8") == made.html


def test_a_page_that_is_stopped_leaves_no_file(forecast, tmp_path):
    with pytest.raises(CancelledError):
        forecast.report(tmp_path / "page.html", progress=lambda *_: True)
    assert not list(tmp_path.iterdir())


def test_series_without_an_ensemble_have_a_page_too(tmp_path):
    connector = Connector.in_folder(tmp_path)
    alone = endirector.autoforecast(
        shop("new", [3.0, 4.0]), 4, time_interval="1mo", connector=connector, progress=False
    )
    text = Page(alone.report(progress=False).html).text
    assert "too short, or too even" in text
    assert alone.leaderboard.is_empty()
    assert alone.errors.is_empty()


def test_small_charts_are_small_and_show_gaps():
    values = np.random.default_rng(0).normal(size=60)
    band = np.arange(18.0), np.arange(18.0) + 1
    assert len(small_fan(values, np.arange(18.0), [band, band], "a")) < 3000  # a thousand of them on a page of 5 MB
    values[[10, 11, 30]] = np.nan
    values[12:30] = np.nan
    values[20] = 1.0
    drawn = small_fan(values, np.arange(18.0), [], "a & b")
    assert drawn.count('class="history"') == 3
    assert "a &amp; b" in drawn


def test_remarks_of_members_are_no_warnings_of_the_page_too():
    few = pl.DataFrame({"month": MONTHS[-11:], "units": np.arange(11.0) ** 1.5 % 7})
    forecast = endirector.autoforecast(few, 2, season=1, progress=False)
    assert any("AutoCES needs 12" in remark for remark in forecast.remarks)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        forecast.report(progress=False)


def test_it_is_in_russian_where_that_is_asked_for(forecast):
    page = forecast.report(language="ru", progress=False).html
    shown = Page(page).text
    assert '<html lang="ru">' in page
    for expected in ("Прогноз рядов (4) на 3 шага вперёд", "Что найдено и выбрано", "Найти ряд", STRANGE):
        assert expected in (page if expected == "Найти ряд" else shown), expected
    assert re.findall(r"[A-Za-z]+(?: [a-z]+){3,}", shown) == []
