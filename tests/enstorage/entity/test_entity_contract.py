"""Entities keep the same promises on every database: one class of tests, run whole on each."""

import re
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest
from sqlalchemy import event

from enstorage import (
    Connector,
    DataPreparation,
    DataSet,
    DataSetInput,
    DataSource,
    Ensemble,
    Model,
    Panel,
    PanelScene,
    Project,
    Research,
    Scene,
    SceneBand,
    save_all,
)
from enstorage.adapter import Branches, Window
from enstorage.entity import ENTITIES
from enstorage.errors import ImmutableError, InUseError, InvalidInputError, NotConnectedError, NotFoundError


@pytest.fixture
def flow(sunspots):
    """One record of every entity, by class name."""
    snapshot = sunspots.create_snapshot()
    preparation = snapshot.create_preparation("drop", "minmax")
    other = snapshot.create_preparation("drop", "log")
    data_set = preparation.create_set(Branches([other, preparation], lag=3))
    project = Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("plain", preparation)
    model = research.create_model("a model")
    model.data_set(data_set)
    model.meta("error", 0.25)
    forecast = model.save_forecasts("test", *data_set.targets("test"))
    ensemble = project.create_ensemble("voting", models=[model])
    records = [sunspots, snapshot, preparation, data_set, project, research, model, forecast, ensemble]
    made = {type(record).__name__: record for record in records}
    model.log(1, loss=0.5)
    model.curves()  # writes what was logged
    made["ModelCurve"] = next(entity for entity in ENTITIES if entity.__name__ == "ModelCurve").get_list()[0]
    made["ModelMeta"] = next(entity for entity in ENTITIES if entity.__name__ == "ModelMeta").get_list()[0]
    made["EnsembleItem"] = ensemble.items()[0]
    made["DataSetInput"] = DataSetInput.get_list()[1]
    made["DataCsv"] = snapshot.data_csv
    made["PanelMember"] = Panel(name="Stars").add("sun", sunspots)
    made["Panel"] = made["PanelMember"].panel
    made["Scene"] = Scene(name="of June", collection="c", item="i", version=1, time=0, bounds=(8, 45, 9, 46)).save()
    made["SceneBand"] = SceneBand(
        scene_id=made["Scene"].id,
        name="red",
        sha256=snapshot.data_csv.sha256,
        source_sha256="0" * 64,
        bytes=1,
        raster={},
    ).save()
    made["Panel"].add_scenes([made["Scene"]])
    made["PanelScene"] = made["Scene"].uses()[0]
    return made


@pytest.fixture
def statements(store):
    """Every writing statement that is sent to the database, with its parameters."""
    seen = []

    def note(connection, cursor, statement, parameters, context, many):
        if not statement.startswith(("SELECT", "BEGIN", "PRAGMA")):
            seen.append(" ".join(statement.split()))

    event.listen(store.database.engine, "before_cursor_execute", note)
    return seen


class EntityContract:
    """What entities promise; `database` says on which kind of database."""

    database: str

    def test_every_entity_is_read_by_its_id(self, store, flow):
        assert set(flow) == {entity.__name__ for entity in ENTITIES}
        for entity in ENTITIES:
            record = flow[entity.__name__]
            again = entity.get(record.id)
            assert again == record
            assert again is not record
            assert again.connector is store
            columns = [column.key for column in entity.__table__.columns]
            assert [getattr(again, key) for key in columns] == [getattr(record, key) for key in columns]
            assert record in entity.get_list()

    def test_a_list_keeps_the_order_that_was_asked_for(self, store):
        first, second, third = (DataSource(name=name).save() for name in "abc")
        assert DataSource.get_list([third.id, first.id, third.id]) == [third, first, third]
        assert DataSource.get_list(np.array([2, 1])) == [second, first]
        assert DataSource.get_list(iter([2])) == [second]
        assert DataSource.get_list([]) == []
        assert DataSource.get_list() == [first, second, third]

    def test_a_list_of_more_than_a_database_takes_at_once(self, store):
        with store.transaction():
            made = [DataSource(name=str(number)).save() for number in range(600)]
        assert DataSource.get_list([record.id for record in reversed(made)]) == made[::-1]

    def test_missing_ids_are_named(self, store):
        DataSource(name="a").save()
        with pytest.raises(NotFoundError, match=r"no DataSource with id 7, 9; the latest ids are 1\."):
            DataSource.get_list([9, 1, 7])
        with pytest.raises(NotFoundError, match=r"no Project with id -3; .*none is stored yet"):
            Project.get(-3)

    @pytest.mark.parametrize("id", ["1", 1.0, None, True, 2**63, "../1"])
    def test_what_is_no_id_is_refused(self, store, id):
        with pytest.raises(InvalidInputError, match="is not the id of a Project; expected an integer"):
            Project.get(id)

    def test_a_new_record_gets_an_id_and_times(self, store):
        before = datetime.now(UTC)
        source = DataSource(name="x")
        assert source.id is None
        assert source.save() is source
        assert source.id == 1
        assert before <= source.created_at <= source.updated_at <= datetime.now(UTC)
        assert source.created_at.tzinfo is UTC
        assert source.deleted_at is None
        assert (source.description, source.tags) == ("", {})

    def test_only_what_changed_is_written(self, store, statements):
        source = DataSource(name="x", unit="m").save()
        del statements[:]
        source.save()
        source.unit = "m"
        source.save()
        assert statements == []
        source.unit = "km"
        source.save()
        assert len(statements) == 1
        assert re.fullmatch(r"UPDATE data_source SET unit=\S+, updated_at=.+ WHERE data_source.id = \S+", statements[0])

    def test_two_people_who_change_different_columns_both_keep_theirs(self, store):
        one = DataSource(name="x", unit="m").save()
        other = DataSource.get(one.id)
        one.unit, other.description = "km", "how far"
        one.save()
        other.save()
        again = DataSource.get(one.id)
        assert (again.unit, again.description) == ("km", "how far")
        assert again.updated_at >= again.created_at

    def test_a_changed_tag_is_written(self, store, statements):
        source = DataSource(name="x").save()
        source.tags["season"] = 11
        source.save()
        assert DataSource.get(source.id).tags == {"season": 11}

    def test_names_are_kept_as_written(self, store):
        name = "Sonnenfleckenzahl – 太陽黒点 ☀ '; DROP TABLE data_source; --"
        assert DataSource.get(DataSource(name=name).save().id).name == name

    def test_saving_what_was_deleted_meanwhile_is_told(self, store, sunspots, census):
        project = Project(name="p", data_source=sunspots).save()
        Project.get(project.id).delete()
        before = census(store)
        project.name = "too late"
        with pytest.raises(NotFoundError, match=r"Project\(1, 'too late'\) is no longer stored: it was deleted"):
            project.save()
        assert census(store) == before
        assert project.name == "too late"

    def test_an_unsaved_record_is_saved_first_by_what_stores(self, store):
        source = DataSource(name="unsaved", time_interval="1d")
        assert source.write(["2020-01-01", "2020-01-02", "2020-01-03"], [1.0, 2.0, 3.0]) == 3
        assert source.id == 1
        data_set = source.create_snapshot().create_preparation(train_part=0.6, test_part=0.4).create_set(Window(1))
        research = Project(name="unsaved", data_source=source).create_research("r")
        for store_by in (
            lambda model: model.meta("key", 1),
            lambda model: model.data_set(data_set),
            lambda model: model.save_forecasts("test", [1], [2.0]),
        ):
            model = Model(research=research, name="unsaved")
            store_by(model)
            assert Model.get(model.id) == model

    def test_a_parent_is_saved_with_its_child(self, store):
        source = DataSource(name="parent")
        project = Project(name="child", data_source=source).save()
        assert Project.get(project.id).data_source == source
        assert source.projects() == [project]

    @pytest.mark.parametrize(
        ("entity", "column", "value"),
        [
            ("DataSnapshot", "rows", 3),
            ("DataSnapshot", "time_interval", None),
            ("DataPreparation", "clean_method", "linear"),
            ("DataPreparation", "state", {}),
            ("DataSet", "adapter", {"name": "window", "lag": 99}),
            ("DataSet", "data_csv_id", 1),
            ("Forecast", "part", "train"),
            ("DataCsv", "sha256", "0" * 64),
            ("Model", "research_id", 2),
            ("Ensemble", "method", "blending"),
        ],
    )
    def test_what_is_immutable_refuses(self, store, flow, census, entity, column, value):
        record = flow[entity]
        kept, before = getattr(type(record).get(record.id), column), census(store)
        setattr(record, column, value)
        with pytest.raises(ImmutableError, match=rf"{entity}\(\d+.* cannot change its {column}: .*Make a new one"):
            record.save()
        assert getattr(type(record).get(record.id), column) == kept
        assert census(store) == before

    def test_an_immutable_record_can_be_described(self, store, flow):
        snapshot = flow["DataSnapshot"]
        snapshot.description, snapshot.tags["checked"] = "looked at", True
        snapshot.save()
        again = type(snapshot).get(snapshot.id)
        assert (again.description, again.tags) == ("looked at", {"checked": True})

    def test_equal_means_same_class_and_id(self, store):
        source = DataSource(name="a").save()
        project = Project(name="a", data_source=source).save()
        assert source == DataSource.get(source.id)
        assert source != project  # ids are equal
        assert source != DataSource(name="b").save()
        assert source != 1
        assert len({source, DataSource.get(source.id), project}) == 2

    def test_unsaved_records_equal_only_themselves(self, store):
        one, other = DataSource(name="a"), DataSource(name="a")
        assert one == one
        assert one != other

    def test_a_hash_does_not_change_when_an_id_comes(self, store):
        source = DataSource(name="a")
        seen = {source}
        source.save()
        assert source in seen

    def test_a_record_shows_its_class_id_and_name(self, store, flow):
        assert repr(flow["DataSource"]) == "DataSource(1, 'Solar activity')"
        assert str(flow["DataSnapshot"]) == "DataSnapshot(1)"

    def test_ids_are_never_given_out_again(self, store):
        for entity, make in ((DataSource, lambda: DataSource(name="x").save()),):
            first = make()
            first.delete()
            assert entity.get_list() == []
            assert make().id == first.id + 1

    def test_deleting_a_source_deletes_its_points(self, store, sunspots):
        assert sunspots.delete() == [sunspots]
        assert store.series.extent(sunspots.id) is None
        with pytest.raises(NotFoundError, match="no DataSource with id 1"):
            DataSource.get(1)

    def test_what_is_referred_to_is_not_deleted_and_the_message_says_by_what(self, store, flow, census):
        before = census(store)
        for entity, users in {
            "DataSource": r"DataSnapshot\(1\), PanelMember\(1\), Project\(1, 'Sun'\)",
            "DataSnapshot": r"DataPreparation\(1\), DataPreparation\(2\)",
            "DataPreparation": r"DataSet\(1, 'branches lag 3'\), DataSetInput\(2\), Research\(1, 'plain'\)",
            "DataSet": r"Model\(1, 'a model'\)",
            "Project": r"Ensemble\(1, 'voting'\), Research\(1, 'plain'\)",
            "Research": r"Model\(1, 'a model'\)",
            "Model": r"EnsembleItem\(1\)",
            "Scene": r"PanelScene\(1\)",
            "DataCsv": r"DataSnapshot\(1\)",
        }.items():
            with pytest.raises(InUseError, match=rf"{entity}\(1.* is in use by {users}\. .*cascade=True"):
                flow[entity].delete()
            assert census(store) == before

    def test_many_users_are_counted(self, store, sunspots):
        for number in range(8):
            Project(name=f"p{number}", data_source=sunspots).save()
        with pytest.raises(InUseError, match=r"'p4'\) and 3 more\. "):
            sunspots.delete()

    def test_cascade_takes_dependants_along_and_says_which_in_order(self, store, flow, census):
        taken = flow["DataSource"].delete(cascade=True)
        assert taken[-1] == flow["DataSource"]
        place = {type(record).__name__: index for index, record in enumerate(taken)}
        kept = {"Panel", "PanelScene", "Scene", "SceneBand"}  # a panel goes on with its other sources
        assert set(place) == set(flow) - {"DataCsv"} - kept
        for child, parent in [
            ("DataSnapshot", "DataSource"),
            ("DataPreparation", "DataSnapshot"),
            ("DataSet", "DataPreparation"),
            ("DataSetInput", "DataSet"),
            ("Model", "DataSet"),
            ("Model", "Research"),
            ("ModelMeta", "Model"),
            ("ModelCurve", "Model"),
            ("Forecast", "Model"),
            ("EnsembleItem", "Model"),
            ("EnsembleItem", "Ensemble"),
            ("Ensemble", "Project"),
            ("Research", "Project"),
            ("Project", "DataSource"),
            ("PanelMember", "DataSource"),
        ]:
            assert place[child] < place[parent]
        left = {name: count for name, count in census(store).items() if count}
        assert set(left) == {*kept, "objects"}  # objects are freed by `enstorage gc`, not by deleting

    def test_cascade_leaves_what_does_not_depend(self, store, flow):
        other = DataSource(name="other").save()
        other.write([1], [1.0], time_unit="ns")
        flow["Research"].delete(cascade=True)
        assert Model.get_list() == []
        assert Project.get_list() == [flow["Project"]]
        assert DataSet.get_list() == [flow["DataSet"]]
        assert Ensemble.get_list() == []  # without one of its members it would tell lies
        assert len(other.read()[0]) == 1

    def test_parts_go_along_without_cascade(self, store, flow, census):
        before = census(store)
        taken = flow["Ensemble"].delete()
        assert [type(record).__name__ for record in taken] == ["EnsembleItem", "Ensemble"]
        taken = flow["Model"].delete()
        assert sorted(type(record).__name__ for record in taken) == ["Forecast", "Model", "ModelCurve", "ModelMeta"]
        changed = {name: count - before[name] for name, count in census(store).items() if count != before[name]}
        assert changed == {
            "Ensemble": -1,
            "EnsembleItem": -1,
            "Model": -1,
            "ModelMeta": -1,
            "ModelCurve": -1,
            "Forecast": -1,
            "DataCsv": -1,  # that of the forecast
        }

    def test_deleting_twice_is_told(self, store, sunspots):
        sunspots.delete()
        with pytest.raises(
            NotFoundError, match=r"DataSource\(1, 'Solar activity'\) is not stored: .*nothing to delete"
        ):
            sunspots.delete()

    def test_deleting_what_was_never_saved_is_told(self, store, recwarn):
        with pytest.raises(NotFoundError, match=r"DataSource\(None, 'x'\) is not stored"):
            DataSource(name="x").delete()
        assert not recwarn.list

    def test_what_is_in_the_trash_is_left_out_of_lists(self, store, flow):
        project = flow["Project"]
        for entity, children in [("Research", project.researches), ("Model", project.models)]:
            record = flow[entity]
            assert children() == [record]
            record.deleted_at = datetime.now(UTC)
            record.save()
            assert children() == []
            assert type(record).get_list() == []
            assert type(record).get(record.id) == record  # by its id it is still there
            record.deleted_at = None
            record.save()
            assert type(record).get_list() == [record]

    def test_the_trash_takes_dependants_and_gives_them_back(self, store, flow):
        before = {entity: entity.find() for entity in ENTITIES}
        taken = flow["DataSource"].trash()
        seen = {entity: len(entity.find()) + entity.count() + len(entity.get_list()) for entity in ENTITIES}
        assert [entity for entity, count in seen.items() if count] == [
            Scene,
            SceneBand,
            Panel,  # which is there without its source
            PanelScene,
        ]
        left = {entity: [] for entity in (Scene, SceneBand, Panel, PanelScene)}
        assert {entity: entity.find(trash=True) for entity in ENTITIES} == {**before, **left}
        with pytest.raises(InvalidInputError, match=r"Project\(1\) is in the trash, so no Research can be made of it"):
            flow["Project"].create_research("new")
        assert flow["DataSource"].restore() == taken
        assert {entity: entity.find() for entity in ENTITIES} == before

    def test_what_another_process_put_into_the_trash_gets_no_dependants(self, store, flow):
        project, research, preparation = flow["Project"], flow["Research"], flow["DataPreparation"]
        with closing(Connector(*store.settings)) as other:
            DataPreparation.get(preparation.id, connector=other).trash()
        for create, missing in [
            (lambda: research.create_model("new"), "Research"),
            (lambda: project.create_research("new", preparation), "DataPreparation"),  # the project is still there
            (lambda: save_all(Research(project=project, name="new", preparation=preparation) for _ in range(2)),
             "DataPreparation"),
        ]:  # fmt: skip
            with pytest.raises(InvalidInputError, match=rf"{missing}\(1\b.* is in the trash, so no "):
                create()
        assert [Research.find(connector=store), Model.find(connector=store)] == [[], []]
        assert project.create_research("without it").id > research.id

    def test_what_is_in_the_trash_still_counts_as_a_user(self, store, flow):
        project = flow["Project"]
        project.deleted_at = datetime.now(UTC)
        project.save()
        with pytest.raises(InUseError, match=r"Project\(1, 'Sun'\)"):
            flow["DataSource"].delete()

    def test_nothing_is_loaded_behind_the_back_of_the_caller(self, store, flow, monkeypatch):
        """Reading columns of a record needs no open store."""
        model = Model.get(flow["Model"].id)
        store.close()
        monkeypatch.setattr("enstorage.Connector._latest", None)
        assert (model.name, model.data_set_id, model.tags) == ("a model", 1, {})
        with pytest.raises(NotConnectedError):
            Model.get(1)


class TestSqlite(EntityContract):
    database = "sqlite"


class TestMariaDb(EntityContract):
    database = "mariadb"


class TestPostgreSql(EntityContract):
    database = "postgresql"
