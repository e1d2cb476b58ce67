"""What an ensemble guarantees beside alignment and honesty: dead members, coming out again, staleness, interruption."""

import numpy as np
import polars as pl
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sqlalchemy import text
from test_conductor import make_project, trained

import endirector
from endirector import Conductor, what_if
from enstorage import Connector, DataSource, Ensemble, Forecast, Project
from enstorage.errors import CorruptError, InvalidInputError


def make():
    """A project with three models, and their ensemble."""
    project, preparation = make_project(Connector.current(), valid_part=0.2)
    research = project.create_research("Standard data", preparation)
    for lag in (3, 5, 8):
        trained(research, preparation, lag)
    Conductor(project.create_ensemble("weighted_voting", models=project.models(), fit_on="valid")).render()


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def project(store):
    return Project.get(1)


@pytest.fixture
def ensemble(store):
    return Ensemble.get(1)


class TestDeadMembers:
    def dead(self, project):
        """A model whose object is missing, one with infinite forecasts, one with nothing at all."""
        research, preparation = project.researches()[0], project.researches()[0].data_preparation
        gone = trained(research, preparation, 4, name="gone")
        gone.connector.objects.delete(gone.object_sha256)
        no_number = trained(research, preparation, 6, LinearRegression(), "no number")
        broken = no_number.load_object()
        broken.coef_ = np.full(6, 1.7e308)
        no_number.save_object(broken)
        return [gone, no_number, research.create_model("empty")]

    def test_they_are_dropped_and_recorded_and_the_rest_is_rendered(self, project):
        living = project.models()
        gone, no_number, empty = self.dead(project)
        members = [gone, living[0], no_number, living[1], living[2], empty]
        ensemble = Conductor(project.create_ensemble("weighted_voting", models=members, fit_on="valid")).render()
        alone = Conductor(project.create_ensemble("weighted_voting", models=living, fit_on="valid")).render()

        assert list(ensemble.dropped()) == ["gone", "no number", "empty"]
        assert "missing" in ensemble.dropped()["gone"]
        assert "finite" in ensemble.dropped()["no number"]
        assert "has no forecasts" in ensemble.dropped()["empty"]
        assert ensemble.items()[0].properties["dropped"] == ensemble.dropped()["gone"]
        assert ensemble.weights() == alone.weights()
        assert ensemble.table().equals(alone.table())
        assert Conductor(ensemble).verify().demanded == "equal bits"

    def test_strict_refuses_and_changes_nothing(self, project):
        members = [*project.models(), *self.dead(project)]
        ensemble = project.create_ensemble("voting", models=members)
        with pytest.raises(InvalidInputError, match=r"The member gone cannot take part: .*strict=False"):
            Conductor(ensemble).render(strict=True)
        assert Ensemble.get(ensemble.id).result is None
        assert Forecast.of(ensemble) == []

    def test_only_dead_ones_make_no_ensemble(self, project):
        ensemble = project.create_ensemble("voting", models=self.dead(project))
        with pytest.raises(InvalidInputError, match=r"None of the members can take part\. gone: .* empty: "):
            Conductor(ensemble).render()

    def test_weights_that_were_given_keep_their_proportions(self, project):
        gone = self.dead(project)[0]
        given = {"weights": [0.5, 0.1, 0.2, 0.2]}
        members = [gone, *project.models()[:3]]
        ensemble = Conductor(project.create_ensemble("weighted_voting", models=members, parameters=given)).render()
        assert list(ensemble.weights().values()) == pytest.approx([0.2, 0.4, 0.4])


class TestComingOutAgain:
    def test_on_the_same_machine_every_bit(self, ensemble):
        verified = Conductor(ensemble).verify()
        assert (verified.demanded, verified.largest_difference) == ("equal bits", 0.0)
        assert verified.numbers > 9 * 300

    @pytest.mark.parametrize(
        ("method", "metamodel"),
        [("blending", "RandomForestRegressor"), ("blending", "LinearRegression"), ("voting", None)],
    )
    def test_methods_with_and_without_metamodel(self, project, method, metamodel):
        made = project.create_ensemble(method, metamodel, models=project.models())
        assert Conductor(Conductor(made).render()).verify().demanded == "equal bits"

    def test_elsewhere_to_nine_digits(self, ensemble):
        ensemble.result = {**ensemble.result, "environment": {"machine": "another"}}
        ensemble.save()
        assert Conductor(ensemble).verify().demanded == "1e-9"

    def test_one_changed_bit_is_found(self, ensemble):
        item = ensemble.items()[1]
        weight = item.properties["weight"]
        item.properties["weight"] = float(np.nextafter(weight, 1))
        item.save()
        with pytest.raises(
            CorruptError, match=r"does not come out again: weight of lag 5 differ .* expected equal bits"
        ):
            Conductor(ensemble).verify()
        item.properties["weight"] = weight
        item.save()
        Conductor(ensemble).verify()

    def test_one_changed_bit_of_the_kept_table_is_found(self, ensemble, tmp_path):
        sha256 = ensemble.data_csv.sha256
        (path,) = (
            each for each in (tmp_path / "store").rglob("*") if f"{each.parent.name}{each.name}".endswith(sha256)
        )
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(content)
        with pytest.raises(CorruptError):
            Conductor(ensemble).verify()

    def test_a_retrained_member_is_named(self, ensemble):
        model = ensemble.models()[1]
        model.save_object(DummyRegressor().fit(np.zeros((4, 5)), np.full(4, 0.25)))
        with pytest.raises(CorruptError, match=r"does not come out again: .* was trained anew\. Render it again"):
            Conductor(ensemble).verify()

    def test_it_stores_nothing(self, ensemble, store):
        before = ensemble.as_dictionary()
        Conductor(ensemble).verify()
        assert Ensemble.get(ensemble.id).as_dictionary() == before


class TestStaleness:
    def test_a_fresh_one_says_nothing(self, ensemble):
        assert ensemble.staleness() == []
        assert DataSource.get(1).check_snapshots() == []
        assert ensemble.staleness() == []

    def test_late_data_inside_the_period_of_the_snapshot(self, ensemble):
        source = DataSource.get(1)
        source.write(["1801"], [5000.0])
        assert ensemble.staleness() == []  # nobody has looked yet
        (snapshot,) = source.check_snapshots()
        assert snapshot.check_result == {"same": False, "changed_rows": 1, "first_changed": "1801-01-01T00:00:00Z"}
        (said,) = ensemble.staleness()
        assert "has other points in the period of DataSnapshot(1): 1 rows changed, the first at 1801-01-01" in said

    def test_deleted_data(self, ensemble):
        source = DataSource.get(1)
        source.delete_points("1801", "1803")
        (snapshot,) = source.check_snapshots()
        assert snapshot.check_result["changed_rows"] == 2

    def test_data_after_the_period_does_not_matter(self, ensemble):
        source = DataSource.get(1)
        source.write(["2016", "2017"], [40.0, 20.0])
        assert source.check_snapshots() == []
        assert ensemble.staleness() == []

    def test_what_became_right_again_is_not_stale(self, ensemble):
        source = DataSource.get(1)
        _, (value,) = source.read("1801", "1802")
        source.write(["1801"], [5000.0])
        source.check_snapshots()
        source.write(["1801"], [value])
        assert source.check_snapshots() == []
        assert ensemble.staleness() == []

    def test_a_member_that_was_trained_anew(self, ensemble):
        model = ensemble.models()[0]
        _, X, y = model.data_set().arrays("valid")
        model.save_object(LinearRegression().fit(X, y))
        assert ensemble.staleness() == [f"{model} was trained anew."]
        assert ensemble.warnings()[-1] == f"Not up to date: {model} was trained anew."
        assert "Not up to date: Model(1, &#x27;lag 3&#x27;) was trained anew." in ensemble._repr_html_()
        assert "Not up to date" in endirector.report(ensemble).html
        Conductor(ensemble).render()
        assert "Not up to date" not in ensemble._repr_html_()
        assert ensemble.staleness() == []

    def test_a_member_with_other_forecasts(self, ensemble):
        model = ensemble.models()[0]
        kept = model.forecasts("test")
        model.save_forecasts("test", kept["id"].to_numpy(), kept["value"].to_numpy() + 1)
        assert ensemble.staleness() == [f"{model} has other forecasts for test."]

    def test_a_member_inside_an_ensemble_inside(self, project, ensemble):
        outer = Conductor(project.create_ensemble("voting", models=[ensemble, project.models()[2]])).render()
        model = project.models()[0]
        _, X, y = model.data_set().arrays("valid")
        model.save_object(LinearRegression().fit(X, y))
        assert outer.staleness() == [f"In {ensemble}: {model} was trained anew."]
        Conductor(ensemble).render()
        assert outer.staleness() == [f"{ensemble} was rendered anew."]


def test_interrupting_leaves_the_ensemble_as_it_was(ensemble, store, monkeypatch):
    """At the last moment, when all but the forecasts has been written."""
    before = {"ensemble": ensemble.as_dictionary(), "table": ensemble.table(), "forecasts": ensemble.forecasts()}
    model = ensemble.models()[0]
    _, X, y = model.data_set().arrays("valid")
    model.save_object(LinearRegression().fit(X, y))

    def interrupted(*_args, **_told):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Conductor, "_save_forecasts", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Conductor(Ensemble.get(ensemble.id)).render()
    kept = Ensemble.get(ensemble.id)
    assert kept.as_dictionary() == before["ensemble"]
    assert kept.table().equals(before["table"])
    assert kept.forecasts().equals(before["forecasts"])
    with store.database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA foreign_key_check")).all() == []


class TestWhatIf:
    def test_the_same_again(self, ensemble):
        assert what_if(ensemble).forecast.tolist() == ensemble.table()["ensemble"].to_list()

    def test_another_method_gives_what_rendering_it_gives_and_opens_no_model(self, project, ensemble):
        blended = Conductor(
            project.create_ensemble("blending", "Ridge", models=project.models(), fit_on="valid")
        ).render()
        for model in project.models():
            model.connector.objects.delete(model.object_sha256)
        imagined = what_if(ensemble, method="blending", metamodel="Ridge", fit_on="valid")
        assert imagined.forecast.tolist() == blended.table()["ensemble"].to_list()
        assert imagined.combination.weights.tolist() == list(blended.weights().values())

    def test_without_a_member(self, project, ensemble):
        fewer = Conductor(
            project.create_ensemble("weighted_voting", models=project.models()[1:], fit_on="valid")
        ).render()
        ids = ensemble.table()["id"].implode()
        assert what_if(ensemble, without=["lag 3"]).forecast == pytest.approx(
            fewer.table().filter(pl.col("id").is_in(ids))["ensemble"].to_numpy()
        )

    def test_test_rows_decide_nothing(self, ensemble):
        imagined = what_if(ensemble, method="weighted_voting")
        assert not imagined.fitted[ensemble.table()["part"].to_numpy() == 2].any()

    @pytest.mark.parametrize("without", [["lag 3", "lag 5", "lag 8"], ["lag 7"]])
    def test_who_is_left_out_has_to_be_there_and_leave_somebody(self, ensemble, without):
        with pytest.raises(InvalidInputError, match=r"expected names out of lag 3, lag 5, lag 8, and at least one"):
            what_if(ensemble, without=without)


def test_everything_later_needs_no_model(project, ensemble):
    """Forecasts are kept: with all objects gone everything but forecasting ahead runs, and another method does too."""
    for model in project.models():
        model.connector.objects.delete(model.object_sha256)
    intervals = endirector.calibrate(ensemble)
    assert intervals["coverage"].is_between(0, 1).all()
    assert endirector.diagnose(ensemble, progress=False)["members"] == ["lag 3", "lag 5", "lag 8"]
    assert "<html" in endirector.report(ensemble).html
    other = Conductor(project.create_ensemble("greedy", models=project.models(), fit_on="valid")).render()
    assert other.dropped() == {}
    assert Conductor(ensemble).verify().demanded == "equal bits"


def test_a_member_whose_ids_are_shifted_meets_the_others_at_its_ids_and_not_at_its_places(project):
    """As many rows as the others, each a year later: what it says for a year is judged by that year."""
    first = project.models()[0]
    Conductor(project.create_ensemble("voting", models=[first])).render()  # it has forecasts now
    shifted = project.researches()[0].create_model("shifted")
    years = project.researches()[0].data_preparation.table().select("time", "part")
    for code, part in enumerate(("train", "valid", "test")):
        kept = first.forecasts(part).sort("id")
        places = years["time"].search_sorted(kept["id"]) + 1
        inside = (places < years.height).to_numpy()
        ids = years["time"].to_numpy()[places.to_numpy()[inside]]
        values = kept["value"].to_numpy()[inside]
        own = years["part"].to_numpy()[places.to_numpy()[inside]] == code
        shifted.save_forecasts(part, ids[own], values[own])
    ensemble = Conductor(project.create_ensemble("voting", models=[first, shifted])).render()
    table = ensemble.table()
    earlier, later = table[f"member_{first.id}"].to_numpy(), table[f"member_{shifted.id}"].to_numpy()
    assert np.mean(earlier[:-1] == later[1:]) > 0.95
    assert not (earlier == later).any()
    errors = ensemble.metrics()["test"]["members"]
    assert errors["shifted"]["rmse"] > 2 * errors["lag 3"]["rmse"]
