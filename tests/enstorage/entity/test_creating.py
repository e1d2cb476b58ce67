"""`create` makes any entity from JSON, `fields` says of what; both follow the calls and columns of the entities."""

import inspect
import json

import numpy as np
import pytest

from enstorage import DataSource, Project, create, fields
from enstorage.adapter import Window
from enstorage.entity import ENTITIES
from enstorage.entity.columns import facts_of
from enstorage.errors import EnstorageError, InvalidInputError, NotFoundError

KINDS = {
    *("data_source", "data_snapshot", "data_preparation", "data_set", "project", "research", "model", "model_meta"),
    *("forecast", "ensemble", "panel", "panel_member"),
}


def made(kind, **values):
    """Of values that went through JSON, as those of a web form did."""
    return create(kind, json.loads(json.dumps(values)))


class TestTheWholeWay:
    def test_from_a_source_to_an_ensemble(self, store):
        source = made(
            "data_source", name="Sun", time_interval="1y", unit="spots", time_from="1701-01-01", tags={"of": "NOAA"}
        )
        source.write([f"{1700 + year}-01-01" for year in range(40)], 50 + 40 * np.sin(np.arange(40.0)))
        snapshot = made("data_snapshot", data_source_id=source.id, description="as it is")
        assert (snapshot.rows, snapshot.description, source.tags) == (39, "as it is", {"of": "NOAA"})
        preparation = made(
            "data_preparation", data_snapshot_id=1, transform_method="minmax", train_part=0.6, valid_part=0.2
        )
        assert (preparation.clean_method, preparation.test_part) == ("drop", 0.2)
        data_set = made("data_set", data_preparation_id=1, adapter={"name": "window", "lag": 3}, tags={"short": True})
        pooled = made("data_set", data_preparation_ids=[1], adapter={"name": "window", "lag": 4}, name="pooled")
        assert (data_set.name, data_set.tags, pooled.name) == ("window lag 3", {"short": True}, "pooled")
        project = made("project", name="Sun", data_source_id=1)
        research = made("research", project_id=project.id, name="plain", data_preparation_id=1)
        network = {"name": "mlp", "units": [4]}
        model = made("model", research_id=research.id, name="a", network=network, data_set_id=data_set.id)
        assert (model.network, model.data_set(), research.models()) == (network, data_set, [model])
        fact = made("model_meta", model_id=model.id, key="error", value=0.5)
        assert (fact.key, model.meta("error")) == ("error", 0.5)
        ids, values = data_set.targets("test")
        forecast = made("forecast", model_id=model.id, part="test", id=ids.tolist(), values=values.tolist())
        assert forecast.rows == len(ids) == model.forecasts("test").height
        ensemble = made("ensemble", project_id=1, method="voting", model_ids=[1], parameters={"average": "median"})
        outer = made("ensemble", project_id=1, method="voting", ensemble_ids=[ensemble.id], name="outer")
        assert (ensemble.members(), outer.members(), outer.name) == ([model], [ensemble], "outer")

    def test_it_is_as_the_call_in_python_makes_it(self, store, sunspots):
        snapshot = sunspots.create_snapshot()
        by_call = snapshot.create_preparation("linear", "log+standard", 0.5, 0.25)
        by_json = made(
            "data_preparation",
            data_snapshot_id=snapshot.id,
            clean_method="linear",
            transform_method="log+standard",
            train_part=0.5,
            valid_part=0.25,
        )
        assert by_json.sha256 == by_call.sha256
        data_set = made("data_set", data_preparation_id=by_json.id, adapter=Window(lag=3).to_json())
        assert data_set.sha256 == by_call.create_set(Window(lag=3)).sha256

    def test_null_is_as_left_out(self, store):
        assert made("data_source", name="x", time_interval=None, aggregate=None).aggregate == "mean"


class TestRefusals:
    @pytest.mark.parametrize(
        ("kind", "values", "field", "message"),
        [
            ("project", {"data_source_id": 1}, "name", r"a project needs name, text: Display name\."),
            ("project", {"name": "x", "data_source_id": "1"}, "data_source_id", r"is '1'; expected id\."),
            ("project", {"name": "x", "data_source_id": True}, "data_source_id", "is True; expected id"),
            ("project", {"name": "x", "data_source_id": 1, "nmae": 2}, "nmae", "no field 'nmae'.* Did you mean 'name'"),
            ("project", {"name": "x", "data_source_id": 1, "tags": 3}, "tags", "expected a JSON object"),
            ("data_source", {"name": 5}, "name", "The name of a data source is 5; expected text"),
            (
                "data_source",
                {"name": "x", "aggregate": "men"},
                "aggregate",
                "expected one of mean, .*Did you mean 'mean'",
            ),
            ("data_source", {"name": "x", "time_interval": "1x"}, "time_interval", "1x"),
            ("data_source", {"name": "x", "time_from": "yesterday"}, "time_from", "yesterday"),
            ("data_preparation", {"data_snapshot_id": 1, "clean_method": "liner"}, "clean_method", "liner"),
            ("data_preparation", {"data_snapshot_id": 1, "transform_method": "x"}, "transform_method", "x"),
            ("data_preparation", {"data_snapshot_id": 1, "split": "x"}, "split", "expected one of time, random"),
            ("data_preparation", {"data_snapshot_id": 1, "train_part": "0.5"}, "train_part", "expected number"),
            ("data_set", {"data_preparation_id": 1, "adapter": {"name": "windw"}}, "adapter", "Did you mean 'window'"),
            ("data_set", {"data_preparation_id": 1, "adapter": {"name": "window", "x": 1}}, "adapter", "'x'"),
            ("data_set", {"data_preparation_id": 1, "adapter": {"lag": 1}}, "adapter", "name"),
            ("data_set", {"adapter": {"name": "window", "lag": 3}}, "data_preparation_id", "received neither"),
            ("model", {"research_id": 1, "name": "x", "network": {"units": 3}}, "network", "with a name"),
            ("ensemble", {"project_id": 1, "method": "vote"}, "method", "expected one of .*Did you mean 'voting'"),
            ("ensemble", {"project_id": 1, "method": "voting", "model_ids": ["1"]}, "model_ids", "expected ids"),
            (
                "ensemble",
                {"project_id": 1, "method": "voting", "fit_on": "test"},
                "fit_on",
                "expected one of train, valid",
            ),
        ],
    )
    def test_the_message_and_the_error_name_the_field(self, store, sunspots, census, kind, values, field, message):
        sunspots.create_snapshot().create_preparation()
        Project(name="Sun", data_source=sunspots).save().create_research("plain")
        before = census(store)
        with pytest.raises(InvalidInputError, match=message) as refusal:
            create(kind, values)
        assert refusal.value.field == field
        assert census(store) == before

    def test_what_is_not_stored_is_told_of_the_field(self, store):
        with pytest.raises(NotFoundError, match="no DataSource with id 7") as refusal:
            made("project", name="x", data_source_id=7)
        assert refusal.value.field == "data_source_id"

    def test_a_parent_in_the_trash_is_told_of_the_field(self, store, sunspots):
        sunspots.trash()
        with pytest.raises(InvalidInputError, match="is in the trash") as refusal:
            made("project", name="x", data_source_id=sunspots.id)
        assert refusal.value.field == "data_source_id"

    def test_what_concerns_several_fields_names_none(self, store, sunspots):
        sunspots.create_snapshot()
        with pytest.raises(InvalidInputError, match="Expected a sum of 1") as refusal:
            made("data_preparation", data_snapshot_id=1, train_part=0.7, valid_part=0.2, test_part=0.2)
        assert refusal.value.field is None

    @pytest.mark.parametrize(
        ("kind", "message"),
        [
            ("modell", r"no kind 'modell'; known are .*Did you mean 'model'\?"),
            ("ensemble_item", "An? ensemble item cannot be created separately"),
            ("data_csv", "data csv cannot be created separately"),
        ],
    )
    def test_an_unknown_kind_is_told(self, store, kind, message):
        for act in (lambda: create(kind, {}), lambda: fields(kind)):
            with pytest.raises(InvalidInputError, match="(?i)" + message):
                act()

    def test_it_all_holds_or_nothing(self, store, sunspots, census):
        snapshot = sunspots.create_snapshot()
        other = snapshot.create_preparation("drop", "log")
        research = Project(name="Sun", data_source=sunspots).save().create_research("plain", other)
        data_set = snapshot.create_preparation().create_set(Window(lag=3))
        before = census(store)
        with pytest.raises(EnstorageError, match="All models of"):
            made("model", research_id=research.id, name="x", data_set_id=data_set.id)
        assert census(store) == before

    def test_no_object_is_refused(self, store):
        with pytest.raises(InvalidInputError, match="needs its fields by name, as a mapping; received"):
            create("project", ["name"])


class TestFields:
    def test_they_say_all_that_a_form_needs(self):
        known = {each.name: each for each in fields("data_preparation")}
        assert known["data_snapshot_id"].to_json() == {
            "name": "data_snapshot_id",
            "type": "id",
            "required": True,
            "default": None,
            "help": "The snapshot that is prepared.",
            "label": "data snapshot",
            "entity": "data_snapshot",
            "choices": None,
        }
        assert (known["train_part"].type, known["train_part"].default) == ("number", 0.7)
        assert (known["split"].choices, known["seed"].type) == (("time", "random"), "whole number")
        assert {each.name: each.type for each in fields("ensemble")}["model_ids"] == "ids"
        assert next(each for each in fields("data_source") if each.name == "time_from").type == "time"

    @pytest.mark.parametrize("kind", sorted(KINDS))
    def test_every_field_has_help_and_can_be_written_as_json(self, kind):
        assert all(each.help for each in fields(kind))
        json.dumps([each.to_json() for each in fields(kind)])

    def test_every_entity_can_be_created_or_comes_with_another(self):
        refused = []
        for entity in ENTITIES:
            try:
                fields(entity.__tablename__)
            except InvalidInputError:
                refused.append(entity)
        assert {entity.__tablename__ for entity in ENTITIES} - {entity.__tablename__ for entity in refused} == KINDS
        # Scenes are made by enspatial, which checks their images.
        assert all(entity._part_of or entity._is_owned for entity in refused if entity.__tablename__ != "scene")

    def test_they_follow_the_signature_of_the_call(self):
        names = {each.name for each in fields("data_source")}
        assert names == {*inspect.signature(DataSource).parameters, "tags"} - {"connector"}


class TestFactsOfColumns:
    @pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__tablename__)
    def test_every_column_has_them(self, entity):
        for name, facts in facts_of(entity).items():
            assert facts.help.endswith("."), name
            assert "\n" not in facts.help
