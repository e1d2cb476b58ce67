"""The trash: what goes there with a record, what comes back, and that everything that walks records copes with it."""

import shutil
from contextlib import closing, suppress

import numpy as np
import pytest

from enstorage import (
    Connector,
    DataSet,
    DataSetInput,
    DataSource,
    Ensemble,
    EnsembleItem,
    Forecast,
    Model,
    ModelMeta,
    Project,
    Research,
    check,
    compare,
    export_project,
    gc,
    import_bundle,
)
from enstorage.adapter import Branches, Window
from enstorage.entity import ENTITIES
from enstorage.errors import InUseError, InvalidInputError, NotFoundError


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with two models over one snapshot, an ensemble of both and one over it: something of every entity."""
    folder = tmp_path_factory.mktemp("made") / "store"
    with closing(Connector.in_folder(folder)):
        source = DataSource(name="Solar activity", time_interval="1y").save()
        source.write([f"{1900 + year}-01-01" for year in range(40)], 50 + 40 * np.sin(np.arange(40.0)))
        snapshot = source.create_snapshot()
        preparation, other = snapshot.create_preparation("drop", "minmax"), snapshot.create_preparation("drop", "log")
        project = Project(name="Sun", data_source=source).save()
        research = project.create_research("plain", preparation)
        for adapter in (Window(lag=3), Branches([other, preparation], lag=4)):
            data_set = preparation.create_set(adapter)
            model = research.create_model(f"model {data_set.id}")
            model.data_set(data_set)
            model.metas({"error": 0.25 * data_set.id, "kind": "plain"})
            model.log(1, loss=0.5)
            model.save_forecasts("test", *data_set.targets("test"))
        first = project.create_ensemble("voting", models=research.models(), name="first")
        project.create_ensemble("voting", models=[first], name="second")
    return folder


@pytest.fixture
def store(made, tmp_path):
    """A copy of that store, open."""
    shutil.copytree(made, tmp_path / "store")
    with closing(Connector.in_folder(tmp_path / "store")) as connector:
        yield connector


@pytest.fixture
def flow(store):
    """What is in it, by what it is there."""
    one_each = {"source": DataSource, "project": Project, "research": Research}
    first, second = Ensemble.get_list()
    return {name: kind.get(1) for name, kind in one_each.items()} | {
        "sets": DataSet.get_list(),
        "models": Model.get_list(),
        "first": first,
        "second": second,
    }


def listed():
    """The ids that lists show, by entity."""
    return {entity.__name__: [record.id for record in entity.get_list()] for entity in ENTITIES}


def everything():
    """All that is stored, trash or not."""
    return {
        (type(record).__name__, record.id): record.as_dictionary()
        for entity in ENTITIES
        for record in [*entity.find(), *entity.find(trash=True)]
    }


class TestTrashing:
    def test_it_takes_what_delete_with_cascade_would_without_parts(self, store, flow):
        records = [flow["source"], flow["project"], flow["research"], *flow["sets"], *flow["models"], flow["first"]]
        for record in records:
            with suppress(ZeroDivisionError), store.transaction():
                deleted = type(record).get(record.id).delete(cascade=True)
                1 / 0  # noqa: B018 - rolls it back
            wholes = [each for each in deleted if not type(each)._part_of]
            taken = record.trash()
            assert {(type(each), each.id) for each in taken} == {(type(each), each.id) for each in wholes}
            assert taken[-1] == record
            assert record.restore() == taken

    def test_every_list_of_every_entity_leaves_it_out_and_find_has_it(self, store, flow):
        before, kept = listed(), everything()
        flow["source"].trash()
        assert listed() == {name: [] for name in before}
        assert all(entity.count() == 0 for entity in ENTITIES)
        assert all(entity.find() == [] for entity in ENTITIES)
        assert {entity.__name__: [each.id for each in entity.find(trash=True)] for entity in ENTITIES} == before
        assert everything().keys() == kept.keys()
        flow["source"].restore()
        assert listed() == before
        assert everything() == kept  # the time of the last change too
        assert all(entity.find(trash=True) == [] for entity in ENTITIES)

    def test_children_leave_it_out(self, store, flow):
        project, model = flow["project"], flow["models"][0]
        assert model.trash() == [flow["second"], flow["first"], model]
        assert project.models() == [flow["models"][1]]
        assert project.ensembles() == []
        assert flow["sets"][0].models() == []
        flow["research"].trash()
        assert project.researches() == []

    def test_get_still_finds_it_and_it_is_read_as_before(self, store, flow):
        flow["project"].trash()
        model, ensemble = Model.get(1), Ensemble.get(2)
        assert model.metas() == {"error": 0.25, "kind": "plain"}
        assert model.meta("error") == 0.25
        assert model.curves()["loss"].to_list() == [0.5]
        assert model.forecasts("test").height > 0
        assert [item.member for item in ensemble.items()] == [flow["first"]]
        assert ensemble.models() == flow["models"]
        assert flow["source"] in ensemble.lineage().records
        assert DataSet.get(2).preparations()
        assert compare([Model.get(1), Model.get(2)]).differing["meta.error"] == (0.25, 0.5)
        assert Model.find("meta.error < 0.3 and research.name = 'plain'", trash=True) == [model]
        assert Model.find("meta.error < 0.3") == []

    def test_all_that_one_call_took_has_one_moment(self, store, flow):
        taken = flow["project"].trash()
        assert len({each.deleted_at for each in taken}) == 1
        assert flow["project"].deleted_at == taken[0].deleted_at

    def test_twice_is_refused(self, store, flow):
        flow["first"].trash()
        with pytest.raises(InvalidInputError, match=r"Ensemble\(1, 'first'\) is in the trash already, since \d{4}-"):
            Ensemble.get(1).trash()

    def test_what_is_not_stored_is_told(self, store):
        for act in (DataSource(name="x").trash, DataSource(name="x").restore):
            with pytest.raises(NotFoundError, match="is not stored"):
                act()

    def test_a_transaction_that_is_rolled_back_undoes_it(self, store, flow):
        before, model = listed(), flow["models"][0]
        with suppress(ZeroDivisionError), store.transaction():
            model.trash()
            assert model.deleted_at is not None
            1 / 0  # noqa: B018
        assert model.deleted_at is None
        assert listed() == before


class TestRestoring:
    def test_what_was_there_before_stays_there(self, store, flow):
        flow["first"].trash()
        assert flow["source"].trash()[-1] == flow["source"]
        back = flow["source"].restore()
        assert flow["first"] not in back
        assert [each.id for each in Ensemble.find(trash=True)] == [1, 2]
        assert flow["first"].restore() == [flow["second"], flow["first"]]

    def test_a_clock_that_stands_still_does_not_join_two_calls(self, store, flow, monkeypatch):
        moment = flow["source"].created_at
        monkeypatch.setattr("enstorage.entity._record.now", lambda: moment)
        flow["first"].trash()
        flow["project"].trash()
        assert flow["first"] not in flow["project"].restore()

    def test_what_needs_something_in_the_trash_is_refused_and_the_message_names_it(self, store, flow):
        flow["source"].trash()
        for record in (flow["second"], flow["models"][1], flow["project"]):
            with pytest.raises(
                InvalidInputError, match=r"needs DataSource\(1, 'Solar activity'\) in the trash\. Restore"
            ):
                record.restore()
        flow["source"].restore()
        flow["models"][0].trash()
        flow["models"][1].trash()
        with pytest.raises(InvalidInputError, match=r"needs Model\(1, 'model 1'\), Model\(2, 'model 2'\) in the trash"):
            flow["first"].restore()

    def test_what_also_needs_something_that_was_trashed_later_stays(self, store, flow):
        one, other = flow["models"]
        one.trash()
        other.trash()
        assert one.restore() == [one]  # its ensembles need the other one
        assert other.restore() == [other]
        assert flow["first"].restore() == [flow["second"], flow["first"]]

    def test_what_is_not_there_is_refused(self, store, flow):
        with pytest.raises(InvalidInputError, match=r"Model\(1, 'model 1'\) is not in the trash: there is nothing"):
            flow["models"][0].restore()

    def test_a_table_goes_with_its_owner(self, store, flow):
        flow["source"].trash()
        table = flow["sets"][0].data_csv
        with pytest.raises(InvalidInputError, match=r"DataCsv\(\d\) needs DataSource"):
            table.restore()
        flow["source"].restore()
        assert flow["sets"][0] in table.trash()
        with pytest.raises(InvalidInputError, match=rf"needs DataCsv\({table.id}\) in the trash"):
            flow["sets"][0].restore()
        assert flow["models"][0] in table.restore()


class TestParts:
    def test_a_fact_or_a_forecast_goes_alone(self, store, flow):
        model = flow["models"][0]
        fact, forecast = ModelMeta.find("key = 'error'")[0], Forecast.get(1)
        assert fact.trash() == [fact]
        assert model.metas() == {"kind": "plain"}
        assert model.meta("error", default=None) is None
        assert Model.find("meta.error < 0.3") == []
        forecast.trash()
        with pytest.raises(NotFoundError, match="has no forecasts on the part 'test'"):
            model.forecasts("test")
        fact.restore()
        forecast.restore()
        assert model.meta("error") == 0.25
        assert model.forecasts("test").height

    def test_a_newer_forecast_takes_the_place_of_one_in_the_trash(self, store, flow):
        Forecast.get(1).trash()
        flow["models"][0].save_forecasts("test", *flow["sets"][0].targets("test"))
        assert Forecast.find(trash=True) == []

    def test_a_part_does_not_come_back_before_its_whole(self, store, flow):
        flow["models"][0].trash()
        with pytest.raises(InvalidInputError, match=r"ModelMeta\(1\) needs Model\(1, 'model 1'\) in the trash"):
            ModelMeta.get(1).restore()

    def test_what_would_change_something_final_is_refused(self, store, flow, census):
        before = census(store)
        with pytest.raises(
            InUseError, match=r"is a member of Ensemble\(1, 'first'\) and cannot go into the trash alone"
        ):
            EnsembleItem.get(1).trash()
        for act in (DataSetInput.get(1).trash, DataSetInput.get(1).delete):
            with pytest.raises(InUseError, match=r"DataSet\(2, 'branches lag 4'\) was made from DataPreparation"):
                act()
        assert census(store) == before

    def test_what_was_being_computed_when_its_model_was_trashed_is_kept(self, store, flow):
        model = flow["models"][0]
        Model.get(model.id).trash()
        model.meta("seconds", 3)
        model.save_forecasts("train", *flow["sets"][0].targets("train"))
        model.restore()
        assert model.metas()["seconds"] == 3
        assert set(model.forecasts()["part"]) == {"train", "test"}


class TestUsing:
    def test_nothing_new_is_made_of_what_is_there(self, store, flow, census):
        flow["source"].trash()
        before = census(store)
        snapshot = flow["sets"][0].data_preparation.data_snapshot
        for act, missing in [
            (flow["source"].create_snapshot, "DataSource(1)"),
            (snapshot.create_preparation, "DataSnapshot(1)"),
            (
                lambda: snapshot.preparations() or DataSet.get(1).data_preparation.create_set(Window(5)),
                "DataPreparation(1)",
            ),
            (lambda: Project(name="x", data_source=flow["source"]).save(), "DataSource(1)"),
            (lambda: flow["project"].create_research("x"), "Project(1)"),
            (lambda: flow["research"].create_model("x"), "Research(1)"),
            (lambda: flow["project"].create_ensemble("voting", models=flow["models"]), "Project(1)"),
        ]:
            with pytest.raises(InvalidInputError) as refusal:
                act()
            name, id = missing[:-1].split("(")
            assert f"{missing} is in the trash, so no " in str(refusal.value)
            assert str(refusal.value).endswith(f"Take it out first: {name}.get({id}).restore().")
        after = census(store)
        assert {name: after[name] for name in after if name != "objects"} == {
            name: before[name] for name in before if name != "objects"
        }

    def test_a_member_in_the_trash_is_refused(self, store, flow):
        flow["models"][0].trash()
        with pytest.raises(
            InvalidInputError, match=r"Model\(1\) is in the trash, so no EnsembleItem can be made of it"
        ):
            flow["project"].create_ensemble("voting", models=flow["models"])
        assert Ensemble.get_list() == []

    def test_a_data_set_in_the_trash_is_refused(self, store, flow):
        model = flow["research"].create_model("new")
        flow["sets"][0].trash()
        with pytest.raises(InvalidInputError, match=r"DataSet\(1\) is in the trash, so no Model can be made of it"):
            model.data_set(flow["sets"][0])
        assert Model.get(model.id).data_set_id is None

    def test_gc_spares_it_and_check_looks_at_it(self, store, flow, damage):
        flow["source"].trash()
        assert not any(each.count for each in gc().garbage)
        assert check() == []
        damage(flow["sets"][0].data_csv.sha256)
        assert {each.entity for each in check()} >= {"DataSet", "DataCsv"}

    def test_purging_is_deleting(self, store, flow, census):
        flow["project"].trash()
        flow["project"].delete(cascade=True)
        assert Project.find(trash=True) == Research.find(trash=True) == Ensemble.find(trash=True) == []

    def test_a_bundle_takes_the_trash_along_and_it_can_be_restored_there(self, store, flow, tmp_path):
        flow["models"][0].trash()
        export_project(flow["project"], tmp_path / "sun.zip")
        with Connector.in_folder(tmp_path / "other"):
            import_bundle(tmp_path / "sun.zip")
            assert [model.name for model in Model.get_list()] == ["model 2"]
            assert len(Model.find(trash=True)[0].restore()) == 3
            assert Model.count() == 2

    def test_what_is_imported_under_something_in_the_trash_goes_there_too(self, store, flow, tmp_path):
        export_project(flow["project"], tmp_path / "old.zip")
        flow["research"].create_model("new").meta("error", 0.5)
        export_project(flow["project"], tmp_path / "new.zip")
        with Connector.in_folder(tmp_path / "other"):
            import_bundle(tmp_path / "old.zip")
            Project.get(1).trash()
            import_bundle(tmp_path / "new.zip")
            assert Model.get_list() == ModelMeta.get_list() == []
            assert len(Project.get(1).restore()) == 7
            assert Model.find("meta.error = 0.5 and name = 'new'")
