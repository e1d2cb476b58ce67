"""What each member adds to each step: the parts sum to the forecast."""

import json

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage
import entrainer
from enstorage import Connector
from enstorage.adapter import Window
from enstorage.errors import NotFoundError
from entrainer.local import Drift, Mean, Naive

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)


def shops(**values):
    return pl.concat(
        pl.DataFrame({"shop": key, "month": MONTHS[-len(own) :], "units": np.asarray(own, float)})
        for key, own in values.items()
    )


def noise(seed, level=50.0):
    return level + np.random.default_rng(seed).normal(0, 3, 48)


def sums(contributions):
    found = contributions.group_by("series", "step", maintain_order=True).agg(pl.col("contribution").sum())
    return found["contribution"].to_numpy()


def points(forecast):
    return forecast.table.filter(pl.col("quantile").is_null())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    connector = Connector.in_folder(tmp_path_factory.mktemp("contributions"))
    table = shops(a=noise(1), b=noise(2), new=[3.0])
    return endirector.autoforecast(table, 3, season=1, connector=connector, progress=False)


def test_contributions_of_each_step_sum_to_the_forecast(made):
    found = made.contributions()
    assert sums(found) == pytest.approx(points(made)["value"].to_numpy(), rel=1e-9)
    assert found["series"].unique(maintain_order=True).to_list() == ["a", "b", "new"]
    own = found.filter(series="a", step=1)
    assert set(own["member"]) == {model.name for model in made.ensemble.models()}
    assert len(own) > 1
    assert own["weight"].sum() == pytest.approx(1)
    assert (own["weight"] * own["value"]).to_list() == pytest.approx(own["contribution"].to_list())
    assert found.filter(series="new")["member"].unique().to_list() == ["last value"]
    assert found.filter(series="a")["time"].unique(maintain_order=True).to_list() == [
        f"2022-0{month}-01T00:00:00Z" for month in (1, 2, 3)
    ]


def test_json_and_page_tell_them(made):
    (series,) = made.to_json(["b"], contributions=True)["series"]
    assert json.loads(json.dumps(series["contributions"])) == series["contributions"]
    steps = np.array([each["contribution"] for each in series["contributions"]]).sum(axis=0)
    assert steps == pytest.approx([each["value"] for each in series["forecast"]])
    assert "contributions" not in made.to_json(["b"])["series"][0]
    page = made.report(progress=False).html
    assert "What each member" in page
    member = made.ensemble.models()[0].name
    assert f'<th scope="col">{member}</th>' in page
    with pytest.raises(NotFoundError, match="There is no series 'c'"):
        made.contributions(["c"])


def test_after_an_update_they_are_those_of_the_new_end(made):
    came = pl.DataFrame({"shop": ["a", "new"], "month": ["2022-01-01"] * 2, "units": [70.0, 4.0]})
    updated = made.update(came, progress=False)
    assert sums(updated.contributions()) == pytest.approx(points(updated)["value"].to_numpy(), rel=1e-9)
    reopened = endirector.AutoForecast.open(made.panel)
    assert sums(reopened.contributions(["a"])) == pytest.approx(
        points(updated).filter(series="a")["value"].to_numpy(), rel=1e-9
    )


def test_what_people_changed_stands_beside_the_members(made):
    adjusted = made.adjust("a", {2: 99.0}, reason="festival", author="Ann")
    found = adjusted.contributions(["a"])
    (judgement,) = found.filter(member="judgement").to_dicts()
    assert judgement["step"] == 2
    assert sums(found)[1] == pytest.approx(99)


def test_reconciled_forecasts_tell_what_adding_up_changed():
    table = shops(a=noise(1), b=noise(2)).with_columns(region=pl.lit("north"))
    options = {"season": 1, "hierarchy": ["region"], "time_limit": 1e-6, "progress": False}
    forecast = endirector.autoforecast(table, 2, **options)
    found = forecast.contributions()
    assert sums(found) == pytest.approx(points(forecast)["value"].to_numpy(), rel=1e-9)


@pytest.fixture
def project(tmp_path):
    Connector.in_folder(tmp_path)
    source = enstorage.DataSource(name="Sales", time_interval="1mo")
    source.write(
        np.arange("2010-01", "2016-01", dtype="datetime64[M]").astype("datetime64[D]"), noise(3).repeat(2)[:72]
    )
    preparation = source.create_snapshot().create_preparation("linear", "none", 0.7, 0.1, 0.2)
    made = enstorage.Project(name="Sales", data_source=source).save()
    research, data_set = made.create_research("Members", preparation), preparation.create_set(Window(1, horizon=2))
    for name, network in {"naive": Naive(), "mean": Mean(), "drift": Drift()}.items():
        research.create_model(name, network).data_set(data_set)
    entrainer.fit(made.models(), progress=False)
    entrainer.backtest(made.models(), folds=2, progress=False)
    return made


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("voting", {}),
        ("voting", {"average": "median"}),
        ("weighted_voting", {}),
        ("linear_stack", {}),
        ("online", {}),
        ("trimmed", {}),
        ("greedy", {}),
    ],
)
def test_methods_that_are_weighted_means_tell_their_parts(project, method, parameters):
    ensemble = project.create_ensemble(method, models=project.models(), parameters=parameters)
    endirector.Conductor(ensemble).render(progress=False)
    found = endirector.contributions(ensemble, 4, progress=False)
    ahead = endirector.forecast(ensemble, 4, levels=(), progress=False)
    assert found["weight"].is_not_null().all()
    assert found.height == 12
    assert sums(found) == pytest.approx(ahead["value"].to_numpy(), rel=1e-9)


def test_a_metamodel_has_members_without_weights(project):
    ensemble = project.create_ensemble("stacking", "Ridge", models=project.models())
    endirector.Conductor(ensemble).render(progress=False)
    found = endirector.contributions(ensemble, 1, progress=False)
    assert found["member"].to_list() == ["naive", "mean", "drift"]
    assert found["value"].is_not_null().all()


@pytest.fixture(scope="module")
def with_price(tmp_path_factory):
    """Units fall by 6 when the price rises by 1; of the months ahead the third costs 2 more than the first."""
    random = np.random.default_rng(4)
    months = pl.date_range(pl.date(2018, 1, 1), pl.date(2022, 3, 1), "1mo", eager=True)
    price, rain = random.normal(10, 1, 51), random.normal(0, 1, 51)
    price[-3:] = [10, 11, 12]
    units = np.append((100 - 6 * (price - 10))[:48], [np.nan] * 3)
    table = pl.DataFrame({"month": months, "units": units, "price": price, "rain": rain})
    connector = Connector.in_folder(tmp_path_factory.mktemp("price"))
    roles = {"value": "units", "known": ["price", "rain"], "season": 1}
    return endirector.autoforecast(table, 3, **roles, methods=["greedy"], connector=connector, progress=False)


def test_a_covariate_adds_what_it_changes(with_price):
    parts = with_price.covariate_contributions()
    [member] = parts["member"].unique()
    price, rain = (parts.filter(covariate=name).sort("step") for name in ("price", "rain"))
    assert price["step"].to_list() == [1, 2, 3]
    np.testing.assert_allclose(np.diff(price["value"].to_numpy()), [-6, -6], atol=0.6)
    assert np.abs(rain["value"].to_numpy()).max() < 1
    of_member = with_price.contributions().filter(member=member).sort("step")
    assert (price["weight"] == of_member["weight"]).all()
    assert (price["weight"] * price["value"]).to_list() == pytest.approx(price["contribution"].to_list())
    # Without a part for price and rain the ridge would forecast about 100, the mean of its history.
    rest = of_member["value"].to_numpy() - price["value"].to_numpy() - rain["value"].to_numpy()
    np.testing.assert_allclose(rest, 100, atol=4)


def test_what_covariates_add_stands_in_json_and_on_the_page(with_price):
    [series] = json.loads(json.dumps(with_price.to_json(contributions=True)))["series"]
    found = {each["covariate"]: each["contribution"] for each in series["covariate_contributions"]}
    assert found["price"] == with_price.covariate_contributions().filter(covariate="price")["contribution"].to_list()
    page = with_price.report(progress=False).html
    head = page.split("What each covariate adds")[1].split("</thead>")[0]
    assert "price" in head
    assert "rain" in head


def test_without_covariates_there_are_no_parts_of_them(made):
    assert made.covariate_contributions().height == 0
    assert "What each covariate adds" not in made.report(progress=False).html
    with pytest.raises(NotFoundError, match="no series 'z'"):
        made.covariate_contributions(["z"])
