import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from enmyadmin.demo import report
from enmyadmin.demo.report import write_report
from enmyadmin.demo.result import BaselineResult, EnsembleFigures, ExperimentResult, MemberResult, SeedResult
from enstorage.errors import InvalidInputError


def experiment(ensemble_mse: float = 288.46, title: str = "Solar activity") -> ExperimentResult:
    random = np.random.default_rng(4)
    times = np.arange("1700", "2009", dtype="datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    values = 50 + 40 * np.sin(np.arange(309) / 11 * 2 * np.pi)
    members = tuple(
        MemberResult(f"lstm-{lag}", lag, mse, mse**0.5, mse / 36176, weight, 13 - lag)
        for lag, mse, weight in ((5, 406.12, 1.06193), (7, 307.35, -0.13016), (13, 321.31, 0.17758))
    )
    baselines = tuple(
        BaselineResult(name, mse, mse**0.5, mse / 36176)
        for name, mse in (("seasonal naive", 1143.3), ("linear AR", 330.94))
    )
    names = [model.name for model in (*members, *baselines)] + ["ensemble"]
    ensemble = EnsembleFigures(
        ensemble_mse,
        ensemble_mse**0.5,
        ensemble_mse / 36176,
        -2.3051,
        "blending",
        "LinearRegression",
        "train",
        "in-sample",
    )
    return ExperimentResult(
        title=title,
        unit="sunspots",
        source="Observed at Brussels.",
        times_ns=times,
        values=values,
        part=np.where(np.arange(309) < 216, 0, 2).astype(np.int8),
        members=members,
        ensemble=ensemble,
        baselines=baselines,
        test_times_ns=times[216:],
        test_truth=values[216:],
        test_forecasts={name: values[216:] + random.normal(size=93) * 17 for name in names},
        filled_rows=0,
        common_rows=296,
        test_rows=93,
        seconds=14.237,
        seeds=(SeedResult(0, (406.12, 307.35, 321.31), ensemble_mse),),
        lineage=(
            ("source", "Sun", 1, "309 points"),
            ("model", "lstm-5", 11, "100 epochs"),
            ("model", "lstm-7", 12, "100 epochs"),
            ("ensemble", "blend", 41, "LinearRegression"),
        ),
        versions={"numpy": "2.2.1", "keras": "3.10.0"},
        store="/home/ada/store",
        command="enstorage demo",
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report with all its pictures, drawn once for the tests that only look."""
    return write_report(experiment(), tmp_path_factory.mktemp("reports") / "new" / "folder")


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spares the drawing where only words are looked at."""
    monkeypatch.setattr(report, "_plots", lambda result: dict.fromkeys(("errors", "forecasts", "series", "spread"), ""))


def page(result: ExperimentResult, folder: Path) -> str:
    return write_report(result, folder).read_text(encoding="utf-8")


def words(html: str) -> str:
    """What a reader reads, pictures and styles left out."""
    body = re.sub(r"<(svg|style|head).*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body))


def test_report_is_one_file_that_loads_nothing(drawn: Path) -> None:
    html = drawn.read_text(encoding="utf-8")
    assert [path.name for path in drawn.parent.iterdir()] == ["report.html"]
    tags: list[tuple[str, dict[str, str | None]]] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attributes: tags.append((tag, dict(attributes)))
    parser.feed(html)
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "embed", "base"}
    assert not {name for _, attributes in tags for name in attributes} & {
        "src",
        "srcset",
        "href",
        "background",
        "poster",
    }
    assert all(attributes["xlink:href"].startswith("#") for _, attributes in tags if "xlink:href" in attributes)
    assert set(re.findall(r"https?://[^\"]*", html)) == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in html
    assert set(re.findall(r"url\((.)", html)) <= {"#"}


def test_report_has_every_picture_for_wide_and_narrow_screens_and_every_id_once(drawn: Path) -> None:
    html = drawn.read_text(encoding="utf-8")
    pictures = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(pictures) == 6
    for picture in pictures:
        ElementTree.fromstring(picture)
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.usefixtures("no_pictures")
def test_report_names_every_model_number_and_origin(tmp_path: Path) -> None:
    text = words(page(experiment(), tmp_path))
    for expected in (
        "Solar activity, 1700–2008",
        *("lstm-5", "lstm-7", "lstm-13", "seasonal naive", "linear AR"),
        *("406.1", "307.4", "321.3", "288.5", "1,143.3", "330.9"),
        *("20.15", "16.98", "0.007974", "1.0619", "−0.1302", "0.1776", "− 2.3051 sunspots"),
        *("296", "93", "in-sample", "Puchkov and Terekhov, 2016", "Observed at Brussels.", "#41", "309 points"),
        *("enstorage demo", "14.24 seconds", "/home/ada/store", "keras 3.10.0", "Train 216 points, test 93."),
    ):
        assert expected in text, expected


@pytest.mark.usefixtures("no_pictures")
def test_headline_says_whether_the_ensemble_is_below_every_member(tmp_path: Path) -> None:
    below, above = words(page(experiment(288.46), tmp_path)), words(page(experiment(369.3), tmp_path))
    assert "better than every one of its 3 members" in below
    assert "6.1% lower" in below
    assert "does not beat its best member" in above
    assert "20.2% higher" in above
    assert "better than every one" not in above


@pytest.mark.usefixtures("no_pictures")
def test_equal_to_the_best_member_is_not_below_it(tmp_path: Path) -> None:
    assert "does not beat its best member" in words(page(experiment(307.35), tmp_path))


@pytest.mark.usefixtures("no_pictures")
def test_baseline_that_beats_the_ensemble_is_named_plainly(tmp_path: Path) -> None:
    assert "linear AR reaches 330.9 sunspots², 10.4% below it." in words(page(experiment(369.3), tmp_path))
    assert "are not better: seasonal naive (1,143 sunspots²) and linear AR (330.9 sunspots²)." in words(
        page(experiment(288.46), tmp_path)
    )


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("mark", "meaning"), [("held-out", "no member had been trained"), ("out-of-fold", "fold by fold")]
)
def test_mark_of_the_ensemble_is_shown_and_explained(tmp_path: Path, mark, meaning) -> None:
    result = experiment()
    text = words(page(replace(result, ensemble=replace(result.ensemble, mark=mark)), tmp_path))
    assert mark in text
    assert meaning in text
    assert "in-sample" not in text.lower()


def test_several_seeds_add_their_spread_and_share(tmp_path: Path, drawn: Path) -> None:
    alone = words(drawn.read_text(encoding="utf-8"))
    assert "The same with" not in alone
    assert "one run proves little: add --seeds 16" in alone
    result = experiment()
    seeds = (*result.seeds, SeedResult(1, (400.0, 300.0, 310.0), 300.0), SeedResult(2, (400.0, 300.0, 310.0), 299.0))
    html = page(replace(result, seeds=seeds), tmp_path)
    assert "In 2 of 3 seeds (66.7%)" in words(html)
    assert html.count("<svg") == 8


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    hostile = '<script>alert("1")</script>'
    result = experiment(title=hostile)
    first = replace(result.members[0], name=hostile)
    forecasts = {hostile if name == "lstm-5" else name: values for name, values in result.test_forecasts.items()}
    html = page(
        replace(result, members=(first, *result.members[1:]), test_forecasts=forecasts, store=hostile), tmp_path
    )
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_equal_results_give_equal_bytes(tmp_path: Path, drawn: Path) -> None:
    assert write_report(experiment(), tmp_path).read_bytes() == drawn.read_bytes()


@pytest.mark.usefixtures("no_pictures")
def test_periods_are_named_as_finely_as_the_times_are_apart(tmp_path: Path) -> None:
    days = np.arange("2024-01-01", "2024-11-05", dtype="datetime64[D]").astype("datetime64[ns]").astype(np.int64)
    result = replace(experiment(), times_ns=days, test_times_ns=days[216:])
    assert "Solar activity, 2024-01-01 to 2024-11-04" in words(page(result, tmp_path))


def test_metrics_are_plain_json_of_the_documented_structure() -> None:
    metrics = experiment().metrics()
    assert json.loads(json.dumps(metrics)) == metrics
    assert list(metrics) == ["members", "ensemble", "baselines", "common_rows", "test_rows", "seconds", "seeds"]
    assert list(metrics["members"][0]) == ["name", "lag", "mse", "rmse", "mse_scaled", "weight", "lost_rows"]
    assert list(metrics["ensemble"]) == ["mse", "rmse", "mse_scaled", "intercept"]
    assert metrics["baselines"]["linear AR"] == {"mse": 330.94, "rmse": 330.94**0.5, "mse_scaled": 330.94 / 36176}
    assert metrics["seeds"] == {"count": 1, "below_every_member": 1}
    assert experiment(369.3).metrics()["seeds"] == {"count": 1, "below_every_member": 0}


def test_result_that_does_not_fit_together_is_refused() -> None:
    result = experiment()
    with pytest.raises(InvalidInputError, match="every name once"):
        replace(result, members=(result.members[0], *result.members))
    with pytest.raises(InvalidInputError, match="were expected"):
        replace(result, test_forecasts={})
    with pytest.raises(InvalidInputError, match="member errors"):
        replace(result, seeds=(SeedResult(0, (1.0,), 1.0),))
