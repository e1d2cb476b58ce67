"""The report of an ensemble: one page that tells what is stored, and nothing else."""

import re
from html.parser import HTMLParser

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, Ridge

import endirector
import enstorage
import entrainer
from endirector.reporting.plots import same_precision
from enstorage.adapter import Window
from enstorage.errors import NotFoundError

STRANGE = "<script>alert('$x$')</script> & a name that goes on and on and on"


@pytest.fixture
def project(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = enstorage.Project(name="Sun & <b>stars</b>", data_source=sunspots).save()
    research = project.create_research("Linear", preparation)
    for name, lag, estimator in (("lag 2", 2, LinearRegression()), (STRANGE, 3, Ridge()), ("lag 5", 5, Ridge(9))):
        model = research.create_model(name)
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(estimator.fit(X, y))
    return project


def rendered(project, method="voting", metamodel=None, **options):
    ensemble = project.create_ensemble(method, metamodel, models=options.pop("models", project.models()), **options)
    return endirector.Conductor(ensemble).render()


class Page(HTMLParser):
    """Collects what a page has: tags, what they point to, and its text outside of pictures."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.words, self._inside = [], [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action", "data")]
        if tag in ("svg", "style"):
            self._inside.append(tag)

    def handle_endtag(self, tag):
        if tag in ("svg", "style"):
            self._inside.pop()

    def handle_data(self, data):
        if not self._inside:
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


METHODS = [
    ("voting", None, {"parameters": {"average": "median"}}),
    ("weighted_voting", None, {}),
    ("linear_stack", None, {"fit_on": "valid"}),
    ("mixture_of_experts", None, {"fit_on": "valid"}),
]


@pytest.mark.others_long
@pytest.mark.parametrize(("method", "metamodel", "options"), METHODS)
def test_a_report_of_every_method_is_one_page_that_loads_and_runs_nothing(project, method, metamodel, options):
    ensemble = rendered(project, method, metamodel, **options)
    page = Page(endirector.report(ensemble).html)
    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert STRANGE in page.text
    assert ensemble.mark() in page.text
    assert "nan" not in page.text.lower().split()


def test_a_report_tells_errors_losses_weights_and_lineage_as_stored(project):
    ensemble = rendered(project, "blending", "LinearRegression")
    html = endirector.report(ensemble).html
    text = Page(html).text
    test = ensemble.metrics()["test"]
    for measure in ("rmse", "mae"):
        figures = same_precision([own[measure] for own in (*test["members"].values(), test["ensemble"])])
        assert all(figure in text for figure in figures)
    assert re.search(r"lag 2 3\b", text)  # lost rows
    assert re.search(
        r"source DataSource #1 Solar activity, sunspots .* preparation DataPreparation #1 minmax, 50% train", text
    )
    for weight in ensemble.weights().values():
        assert f"{weight:.3f}".replace("-", "−") in html
    assert ensemble.diagnosis()["suggestion"]["rule"] in text


def test_equal_ensembles_give_equal_bytes_and_the_diagnosis_is_kept(project):
    ensemble = rendered(project)
    first = endirector.report(ensemble).html
    kept = enstorage.Ensemble.get(ensemble.id).diagnosis()
    assert endirector.report(enstorage.Ensemble.get(ensemble.id)).html == first
    assert enstorage.Ensemble.get(ensemble.id).diagnosis() == kept


def test_a_report_goes_into_a_file_or_a_folder(project, tmp_path):
    ensemble = rendered(project)
    made = endirector.report(ensemble)
    assert made.path is None
    assert endirector.report(ensemble, tmp_path / "new").path == tmp_path / "new" / "report.html"
    for place, path in (("a/page.html", "a/page.html"), ("b", "b/report.html"), ("a", "a/report.html")):
        written = made.save(tmp_path / place)
        assert written.path == tmp_path / path
        assert written.path.read_text(encoding="utf-8") == made.html
    assert made._repr_html_().startswith("<iframe sandbox srcdoc=")
    assert "<script>" not in made._repr_html_()


def test_stored_quantiles_are_shown_with_their_coverage(project):
    ensemble = rendered(project)
    assert "Intervals" not in Page(endirector.report(ensemble).html).text
    points = ensemble.forecasts("test").drop("part")
    truth = ensemble.table().filter(pl.col("part") == 2)["truth"]
    inside = np.arange(points.height) % 4 > 0  # three of four
    ends = {
        0.1: truth - 1.0,
        0.9: pl.Series(np.where(inside, truth + 1.0, truth - 0.5)),
        0.3: truth - 0.1,  # without its counterpart
    }
    own = [points.with_columns(quantile=pl.lit(level), value=values) for level, values in ends.items()]
    enstorage.Forecast.store(ensemble, "test", pl.concat([points, *own]))
    text = Page(endirector.report(ensemble).html).text
    assert f"80.0% {inside.mean():.1%}" in text
    assert f"measured on {points.height} rows." in text
    (kept,) = endirector.calibrate(ensemble, [0.6]).to_dicts()
    text = Page(endirector.report(ensemble).html).text
    assert f"60.0% {kept['coverage']:.1%}" in text
    assert f"calibrated on {kept['rows']} held-out rows" in text


def test_coverage_is_shown_by_step_with_what_it_rests_on_and_few_rows_are_told(project):
    ensemble = rendered(project)
    endirector.calibrate(ensemble, [0.5], horizon=3)
    endirector.calibrate(ensemble, [0.7], side="upper", horizon=3)
    page = Page(endirector.report(ensemble).html)
    assert "Coverage by step" in page.text
    assert "Step 50.0% ≤ 70.0% Test rows Rests on" in page.text
    for step, own in ensemble.intervals().group_by("step", maintain_order=True):
        shares = " ".join(f"{share:.1%}" for share in own["coverage"])
        rows = own["test_rows"][0]
        words = f"{rows}" if rows >= 20 else f"{rows}, too few to judge"
        assert f"{step[0]} {shares} {words} own residuals" in page.text
    assert "Coverage of the intervals by step" in endirector.report(ensemble).html


def test_without_test_rows_no_coverage_is_told(project):
    """The valid part, by which intervals are calibrated, does not judge them."""
    snapshot = project.researches()[0].data_preparation.data_snapshot
    research = project.create_research("No test", snapshot.create_preparation("drop", "none", 0.7, 0.3, 0))
    model = research.create_model("line")
    model.data_set(research.data_preparation.create_set(Window(3)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(Ridge().fit(X, y))
    ensemble = rendered(project, models=[model])
    endirector.calibrate(ensemble, [0.8])
    text = Page(endirector.report(ensemble).html).text
    assert "There are no such rows, so the coverage of no interval was measured." in text
    assert "1 – 0, too few to judge own residuals" in text


@pytest.mark.long
def test_one_member_and_many_members_have_a_report_too(project):
    one = Page(endirector.report(rendered(project, models=project.models()[:1])).html)
    assert "There is one member, which cannot be left out." in one.text
    research = project.researches()[0]
    data_set = project.models()[0].data_set()
    _, X, y = data_set.arrays("train")
    for number in range(25):
        model = research.create_model(f"copy {number}")
        model.data_set(data_set)
        model.save_object(Ridge(number + 1).fit(X, y))
    many = endirector.report(rendered(project)).html
    assert "Only the 20 best members are drawn." in Page(many).text
    assert "and 20 more" in Page(many).text


def test_probabilities_of_classes_are_judged_by_log_loss_and_have_no_times(store):
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 90)
    part = np.repeat(["train", "valid", "test"], 30)
    data_set = enstorage.DataSet.from_arrays(
        np.arange(90), generator.normal(size=(90, 2)), np.eye(3)[labels], part, "x"
    )
    project = enstorage.Project(name="p", data_source=enstorage.DataSource(name="none").save()).save()
    research = project.create_research("r")
    for name in ("one", "other"):
        model = research.create_model(name)
        model.data_set(data_set)
        said = generator.dirichlet(np.ones(3), 90) + np.eye(3)[labels]
        for own in ("train", "valid", "test"):
            ids = np.repeat(np.flatnonzero(part == own)[:, None], 3, axis=1)
            model.save_forecasts(own, ids, said[part == own] / 2)
    ensemble = rendered(project)
    text = Page(endirector.report(ensemble).html).text
    test = ensemble.metrics()["test"]["ensemble"]
    assert f"right on {test['accuracy']:.1%}" in text
    assert same_precision([test["log_loss"]])[0] in text
    assert "1970" not in text
    assert "log loss, test" in ensemble._repr_html_()


def test_members_that_were_left_out_and_leaks_are_told(project):
    models = project.models()
    failing = project.researches()[0].create_model("has nothing")
    text = Page(endirector.report(rendered(project, models=[*models, failing])).html).text
    assert "Left out, because they failed: has nothing" in text


def test_an_ensemble_that_was_formed_tells_what_was_tried(project):
    entrainer.backtest(project.models(), folds=3, progress=False)
    ensemble = endirector.form(project, methods=["voting", "greedy"], progress=False)
    text = Page(endirector.report(ensemble).html).text
    tried = ensemble.tried()
    assert f"the best of {tried.height} trials with 3 candidates" in text
    assert f"{tried['method'][0]} {len(tried['members'][0])} {same_precision(tried['error'][:8].to_list())[0]}" in text


def test_what_was_not_rendered_has_no_report(project):
    with pytest.raises(NotFoundError, match="not rendered"):
        endirector.report(project.create_ensemble("voting", models=project.models()))


def test_a_notebook_shows_a_short_table(project):
    waiting = project.create_ensemble("voting", models=project.models(), name="<i>waiting</i>")
    assert "Not rendered yet" in waiting._repr_html_()
    assert "<i>" not in waiting._repr_html_()
    ensemble = rendered(project, "blending", "LinearRegression")
    page = Page(ensemble._repr_html_())
    assert "script" not in page.tags
    assert {"held-out, claimed", STRANGE} <= {word.strip() for word in page.words}
    for weight in ensemble.weights().values():
        assert f"{weight:.4f}" in page.text
    assert f"{ensemble.metrics()['test']['ensemble']['rmse']:.5g}" in page.text
    board = endirector.leaderboard(ensemble).table
    assert {"MAE, test", "MASE, test"} <= {word.strip() for word in page.words}
    for name in ("mae", "mase"):
        assert [f"{value:.5g}" in page.text for value in board[name]] == [True] * board.height
