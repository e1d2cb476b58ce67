"""Scenarios of the evaluation: when a version passes, when it takes the place of the one in production."""

import re

import numpy as np
import polars as pl
import pytest

import entrainer
from endirector import Conductor
from enorchestrator import (
    change_registered,
    create_registered,
    evaluate,
    find_version,
    list_evaluations,
    promote,
    register,
    report_version,
    timeline,
)
from enorchestrator.evaluation import suite
from enorchestrator.evaluation.compare import compared
from enstorage import Ensemble
from enstorage.errors import ConflictError, NotFoundError
from entrainer.networks import Estimator
from released import MONTHS, load, make_ensemble, make_source


def fill():
    source = make_source(region="north")
    make_ensemble(source, "champion", break_by=0.15)
    make_ensemble(source, "tie", alpha=0.01, break_by=0.15)
    make_ensemble(source, "better", break_by=0.0)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def ensembles(store):
    return {each.name: each for each in Ensemble.get_list()}


@pytest.fixture
def released(ensembles):
    register("load", ensembles["champion"], progress=False)
    promote("load", 1)
    return ensembles


def outcomes(evaluation):
    """The outcomes of the gates; the members were trained by hand, which the gate `claims` tells of each."""
    return {each["gate"]: each["outcome"] for each in evaluation.report["gates"] if each["gate"] != "claims"}


def test_registration_starts_the_suite_and_its_report_is_stored(released):
    version, evaluation = register("load", released["tie"], progress=False)
    (kept,) = list_evaluations("load", version.version)
    assert (kept.id, kept.state) == (evaluation.id, "passed")
    assert kept.report["against"] == 1
    assert kept.report["metrics"]["rows"] == 36


def test_the_page_about_a_version_shows_everything_that_decided(released, tmp_path):
    gates = {"floors": [{"by": "quarter", "limit": 9.0}], "latency_seconds": 60.0, "challenge": "better"}
    change_registered("load", gates=gates)
    register("load", released["better"], created_by="<b>", progress=False)
    promote("load", 2, remark="clearly better", changed_by="rita")
    kept = list_evaluations("load", 2)[0].report
    assert [*kept["groups"]] == ["month"]
    assert {len(kept["rows"][each]) for each in ("id", "truth", "champion")} == {36}
    page = report_version("load", 2, tmp_path).path.read_text()
    text = " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).split())
    for expected in (
        "Version 2 is in production",
        "significantly better than version 1",
        "mae of the worst quarter, Q",
        "two-sided p =",
        "Time of a forecast, s",
        "The monitor has not looked at it yet.",
        "Version 2 was promoted: clearly better.",
    ):
        assert expected in text, expected
    assert page.count('class="enstorage-plot"') == 6  # rows, months and quarters, each at two widths
    assert not re.search(r"<script|<b>|https?://(?!www.w3.org)", page)
    assert [(each.kind, each.version, each.by) for each in timeline("load")][-3:] == [
        ("registered", 2, "<b>"),
        ("evaluated", 2, "<b>"),
        ("promoted", 2, "rita"),
    ]
    assert "Version 1 is not in production" in report_version("load", "previous").html
    russian = report_version("load", 2, language="ru").html
    shown = " ".join(
        re.sub(r"<style.*?</style>|<metadata.*?</metadata>|<[^>]+>", " ", russian, flags=re.DOTALL).split()
    )
    for expected in ("Версия 2 в работе", "она значимо лучше", "Выпущена версия 2", "Время прогноза, с"):
        assert expected in shown, expected
    assert re.findall(r"[A-Za-z]+(?: [a-z]+){3,}", shown) == []
    assert "<b>" not in russian
    with pytest.raises(NotFoundError):
        report_version("load", 3)


def test_a_crash_of_the_suite_is_an_error_and_no_failure_of_the_version(released, monkeypatch):
    def crash(*arguments):
        raise ZeroDivisionError("division by zero")

    with monkeypatch.context() as patched:
        patched.setattr(suite, "compared", crash)
        version, evaluation = register("load", released["better"], progress=False)
    assert (evaluation.state, evaluation.report) == ("error", None)
    assert evaluation.error["detail"] == "ZeroDivisionError: division by zero"
    assert find_version("load", version.version).state == "registered"
    with pytest.raises(ConflictError, match="says nothing of it"):
        promote("load", version.version)
    assert evaluate("load", version.version, progress=False).state == "passed"
    promote("load", version.version)


def test_a_tie_leaves_the_champion_and_a_significant_win_is_proposed(released):
    _, tie = register("load", released["tie"], progress=False)
    assert (tie.state, tie.report["proposal"], tie.report["comparison"]["verdict"]) == ("passed", "keep", "tie")
    _, win = register("load", released["better"], progress=False)
    assert (win.report["proposal"], win.report["comparison"]["verdict"]) == ("promote", "better")
    assert win.report["comparison"]["p_value"] < 0.05
    worse = register("load", make_ensemble(released["tie"].project.data_source, "w", break_by=0.5), progress=False)[1]
    assert (worse.state, outcomes(worse)["challenge"], worse.report["proposal"]) == ("failed", "failed", "reject")


def test_a_gate_may_ask_for_a_significant_win(ensembles):
    create_registered("load", gates={"challenge": "better", "regression": None})
    register("load", ensembles["champion"], progress=False)
    promote("load", 1)
    assert register("load", ensembles["tie"], progress=False)[1].state == "failed"
    assert register("load", ensembles["better"], progress=False)[1].state == "passed"


@pytest.mark.parametrize(("claims", "state"), [("told", "passed"), ("refused", "failed")])
def test_errors_that_rest_on_claims_are_told_or_refused(ensembles, tmp_path, claims, state):
    """Of an ensemble and of a model alone; first as they were trained here, then with uploaded forecasts."""
    old = ensembles["tie"].models()[0]
    model = old.research.create_model("known", Estimator("Ridge", {"alpha": 1.0}))
    model.data_set(old.data_set())
    entrainer.fit(model, progress=False)
    ensemble = ensembles["tie"].project.create_ensemble("voting", models=[model])
    for name, entity in (("ensemble", Conductor(ensemble).render()), ("model", model)):
        create_registered(name, gates={"claims": claims, "challenge": "none"})
        _, known = register(name, entity, progress=False)
        assert (known.state, told_of_claims(known)) == (
            "passed",
            [] if claims == "told" else [("passed", "All that the errors rest on was done here.")],
        )
    ids, values = model.data_set().targets("test")
    model.save_forecasts("test", ids, values)  # the truth
    for name, entity in (("ensemble", Conductor(ensemble).render()), ("model", model)):
        version, evaluation = register(name, entity, progress=False)
        ((outcome, message),) = told_of_claims(evaluation)
        assert (evaluation.state, outcome) == (state, state)
        expected = "they rest on what was said of known (forecasts: test), which was not done here."
        assert message == f"The errors are claimed: {expected}"
        report_version(name, version.version, tmp_path / f"{name}.html")
        assert expected in (tmp_path / f"{name}.html").read_text()


def told_of_claims(evaluation):
    return [(each["outcome"], each["message"]) for each in evaluation.report["gates"] if each["gate"] == "claims"]


@pytest.mark.parametrize("by", ["month", "quarter", "season", "series", "region"])
def test_the_worst_season_or_region_below_its_floor_blocks_a_good_mean(ensembles, by):
    mean = ensembles["better"].metrics()["test"]["ensemble"]["mae"]
    floor = {"by": by, "limit": mean if by not in ("series", "region") else mean * 0.9, "rows": 2}
    create_registered("load", gates={"limits": {"mae": mean * 1.01}, "floors": [floor]})
    _, evaluation = register("load", ensembles["better"], progress=False)
    assert outcomes(evaluation) == {"mae": "passed", f"floor {by}": "failed"}
    (result,) = [each for each in evaluation.report["gates"] if each["gate"] not in ("claims", "mae")]
    assert len(result["groups"]) == {"month": 12, "quarter": 4, "season": 4}.get(by, 1)
    assert max(result["groups"].values()) == result["value"]
    with pytest.raises(ConflictError, match=f"the worst {by}"):
        promote("load", 1)


def test_a_floor_by_an_unknown_tag_is_an_error_of_the_evaluation(ensembles):
    create_registered("load", gates={"floors": [{"by": "climate", "limit": 1}]})
    _, evaluation = register("load", ensembles["better"], progress=False)
    assert evaluation.state == "error"
    assert "no tag of the data source 'Load'" in evaluation.error["detail"]


def test_a_forecast_that_takes_too_long_fails_the_gate(ensembles):
    create_registered("slow", gates={"latency_seconds": 1e-6})
    _, evaluation = register("slow", ensembles["better"], progress=False)
    assert outcomes(evaluation) == {"latency": "failed"}
    change_registered("slow", gates={"latency_seconds": 60})
    assert outcomes(evaluate("slow", 1, progress=False)) == {"latency": "passed"}


@pytest.mark.long
def test_a_forecast_that_takes_too_much_memory_fails_the_gate(ensembles):
    create_registered("large", gates={"memory_mb": 5})
    _, evaluation = register("large", ensembles["better"], progress=False)
    result = evaluation.report["gates"][-1]
    assert (result["gate"], result["outcome"]) == ("memory", "failed")
    assert 50 < result["value"] < 5_000
    with pytest.raises(ConflictError, match="MB; the budget is 5 MB"):
        promote("large", 1)


def test_new_data_do_not_release_what_is_worse_on_the_earlier_test_rows(store):
    source = make_source("Growing")
    champion = make_ensemble(source, "champion", parts=(0.5, 0.2, 0.3))
    register("growing", champion, progress=False)
    promote("growing", 1)
    source.write(MONTHS[180:200].astype("datetime64[ns]"), load()[180:200])
    worse = make_ensemble(source, "challenger", parts=(0.5, 0.2, 0.3), alpha=30.0)
    version, evaluation = register("growing", worse, progress=False)
    assert outcomes(evaluation)["regression"] == "failed"
    (gate,) = [each for each in evaluation.report["gates"] if each["gate"] == "regression"]
    assert "earlier test rows" in gate["message"]
    assert evaluation.report["comparison"]["rows"] > 40, "the champion forecast the new rows too"
    with pytest.raises(ConflictError):
        promote("growing", version.version)


def test_the_champion_forecasts_new_rows_as_it_would_have_then(store):
    """Its one-step forecasts of rows that it never saw are those of its objects on the rows before each."""
    source = make_source("Growing", until=200)
    whole = make_ensemble(source, "whole", parts=(0.5, 0.2, 0.3))
    keys = whole.table().filter(pl.col("part") == 2).select("series", "id", "step").tail(12)
    snapshots = {source.id: source.snapshots()[-1]}
    found = suite.forecast_later(whole, keys, snapshots, lambda *_: None)
    stored = keys.join(whole.table(), on=["series", "id", "step"])["ensemble"].to_numpy()
    ours = keys.join(found, on=["series", "id", "step"])["forecast"].to_numpy()
    assert np.allclose(ours, stored, rtol=1e-9)


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "tie"), (0.02, "tie"), (0.6, "better"), (-0.6, "worse")])
def test_the_paired_test_finds_differences_and_no_others(shift, verdict):
    random = np.random.default_rng(3)
    truth, noise = random.normal(size=80), random.normal(size=(2, 80))
    rows = pl.DataFrame(
        {
            "id": np.arange(80),
            "step": 1,
            "truth": truth,
            "challenger": truth + noise[0] * (1 + max(-shift, 0) * 2),
            "champion": truth + noise[1 if shift else 0] * (1 + max(shift, 0) * 2),
        }
    )
    assert compared(rows, "mae", 0.05).verdict == verdict
    assert compared(rows.head(5), "mae", 0.05).verdict == "unknown"
