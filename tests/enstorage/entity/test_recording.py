"""Facts and curves: one by one, many at once, gathered; on every database."""

import math
import threading
import time

import numpy as np
import pytest
from sqlalchemy import event

from enstorage import DataSource, Model, ModelCurve, ModelMeta, Project, save_all
from enstorage.entity import _recording
from enstorage.errors import ImmutableError, InvalidInputError, NotFoundError


@pytest.fixture
def research(store):
    return Project(name="Sun", data_source=DataSource(name="Sun")).create_research("r")


@pytest.fixture
def model(research):
    return research.create_model("a model")


@pytest.fixture
def commits(store):
    """A list that grows with every commit."""
    seen = []
    event.listen(store.database.engine, "commit", seen.append)
    return seen


@pytest.fixture
def no_timer(monkeypatch):
    """Nothing is written because time passes, so that a test sees what else writes."""
    monkeypatch.setattr(_recording, "SECONDS", 3600.0)


def stored(entity, store):
    """How many rows there are, without writing what was gathered."""
    with store.database.engine.connect() as connection:
        return connection.exec_driver_sql(f"SELECT count(*) FROM {entity.__tablename__}").scalar()


class Recording:
    database: str

    def test_several_facts_are_recorded_in_one_transaction(self, store, model, commits):
        model.metas({"a": 1, "b": [1.5, math.inf], "c": None, "д": np.float64("nan")})
        assert len(commits) == 1
        found = model.metas()
        assert math.isnan(found.pop("д"))
        assert found == {"a": 1, "b": [1.5, math.inf], "c": None}

    def test_a_fact_that_cannot_be_kept_leaves_the_others_unrecorded(self, store, model):
        for wrong in ({"a": 1, "b": object()}, {"a": 1, "": 2}, {"a": 1, 5: 2}, {"a": 1, "x\0": 2}, {"a": "\ud800"}):
            with pytest.raises(InvalidInputError):
                model.metas(wrong)
        assert model.metas() == {}

    def test_the_later_value_of_a_fact_replaces_the_earlier_and_keeps_its_id(self, store, model):
        for value in (1, "two", [3]):
            model.meta("key", value)
            (fact,) = ModelMeta.get_list()
            assert (fact.id, fact.value) == (1, value)
        assert fact.created_at <= fact.updated_at
        model.meta("key ", "with a space")  # another key: MySQL would not think so by itself
        model.meta("KEY", "in capitals")
        assert model.metas() == {"key": [3], "key ": "with a space", "KEY": "in capitals"}

    def test_a_fact_that_was_in_the_trash_is_back_when_it_is_recorded_again(self, store, model):
        model.meta("key", 1)
        (fact,) = ModelMeta.get_list()
        fact.deleted_at = fact.created_at
        fact.save()
        assert model.metas() == {}
        model.meta("key", 2)
        assert model.metas() == {"key": 2}

    def test_a_fact_of_a_model_that_was_deleted_meanwhile_is_refused(self, store, model):
        Model.get(model.id).delete()
        with pytest.raises(NotFoundError, match="Model 1 is no longer stored: it was deleted meanwhile"):
            model.meta("key", 1)

    def test_buffered_facts_are_written_together_and_read_as_if_they_were_there(self, store, model, commits, no_timer):
        with store.buffered():
            for number in range(50):
                model.meta(f"k{number}", number)
            model.meta("k7", "seven")
            assert stored(ModelMeta, store) == 0
            assert commits == []
            assert model.meta("k7") == "seven"
            assert len(commits) == 1
            model.meta("last", True)
        assert len(commits) == 2
        assert stored(ModelMeta, store) == 51

    def test_an_error_that_leaves_the_block_loses_no_fact(self, store, model, no_timer):
        with pytest.raises(ZeroDivisionError), store.buffered(), store.buffered():  # noqa: PT012
            model.meta("key", 1)
            raise ZeroDivisionError
        assert stored(ModelMeta, store) == 1

    def test_what_is_gathered_is_written_before_a_transaction_and_goes_with_it_inside(self, store, model, no_timer):
        with store.buffered():
            model.meta("before", 1)
            with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012
                model.meta("inside", 2)
                model.meta("before", 3)
                raise ZeroDivisionError
        assert model.metas() == {"before": 1}

    def test_gathered_facts_are_written_after_a_second_by_themselves(self, store, model, monkeypatch):
        monkeypatch.setattr(_recording, "SECONDS", 0.05)
        with store.buffered():
            model.meta("key", 1)
            model.log(1, loss=0.5)
            end = time.monotonic() + 20
            while not (stored(ModelMeta, store) and stored(ModelCurve, store)):
                assert time.monotonic() < end, "nothing was written"
                time.sleep(0.01)

    def test_many_gathered_rows_are_written_without_waiting(self, store, model, monkeypatch, no_timer):
        monkeypatch.setattr(_recording, "_MANY_ROWS", 10)
        for step in range(25):
            model.log(step, loss=step)
        assert stored(ModelCurve, store) == 2
        assert model.curves().height == 25

    def test_threads_that_record_at_once_lose_nothing(self, store, research, monkeypatch):
        monkeypatch.setattr(_recording, "SECONDS", 0.01)
        models = save_all(Model(research=research, name=str(number)) for number in range(4))

        def work(model):
            with store.buffered():
                for step in range(40):
                    model.meta(f"k{step}", step)
                    model.log(step, loss=step / 2)
                    if step % 10 == 0:
                        with store.transaction():
                            model.meta("checkpoint", step)

        threads = [threading.Thread(target=work, args=[model]) for model in models]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        for model in models:
            assert model.metas() == {**{f"k{step}": step for step in range(40)}, "checkpoint": 30}
            assert model.curves()["loss"].to_list() == [step / 2 for step in range(40)]

    def test_curves_come_back_sorted_with_nulls_where_nothing_was_logged(self, store, model):
        model.log(3, loss=0.25)
        model.log(1, loss=1, val_loss=np.float32(2.5))
        model.curves()
        model.log(2, loss=math.nan, accuracy=True)
        model.log(3, val_loss=-math.inf)
        table = model.curves()
        assert table.columns == ["step", "loss", "val_loss", "accuracy"]
        assert table["step"].to_list() == [1, 2, 3]
        assert str(table["loss"].to_list()) == "[1.0, nan, 0.25]"
        assert table["val_loss"].to_list() == [2.5, None, -math.inf]
        assert table["accuracy"].to_list() == [None, 1.0, None]

    def test_a_value_that_is_logged_again_replaces_the_earlier(self, store, model, no_timer):
        for value in (1.0, 2.0):
            model.log(5, loss=value)
        model.log([5, 6], loss=[3.0, 4.0])
        assert model.curves().rows() == [(5, 3.0), (6, 4.0)]
        model.log(5, loss=7.0)
        assert model.curves().rows() == [(5, 7.0), (6, 4.0)]

    def test_many_steps_are_logged_at_once(self, store, model, no_timer):
        steps, loss = np.arange(1000), np.linspace(1, 0, 1000)
        model.log(steps, loss=loss, rate=np.full(1000, 0.1, np.float32))
        loss[:] = 99  # what was logged is no longer looked at
        table = model.curves()
        assert table["step"].to_list() == steps.tolist()
        assert table["loss"].to_list() == np.linspace(1, 0, 1000).tolist()

    def test_many_stretches_are_joined(self, store, model, monkeypatch):
        monkeypatch.setattr(_recording, "_MANY_STRETCHES", 4)
        for step in range(11):
            model.log(step, loss=step)
            model.curves()
        assert stored(ModelCurve, store) <= 4
        assert model.curves()["loss"].to_list() == list(range(11))

    def test_a_model_without_curves_has_an_empty_table(self, store, model):
        assert model.curves().rows() == []
        model.log(1)
        assert model.curves().columns == ["step"]

    @pytest.mark.parametrize(
        ("step", "values"),
        [
            ("1", {"loss": 1.0}),
            (1.5, {"loss": 1.0}),
            (None, {"loss": 1.0}),
            (1, {"loss": "low"}),
            (1, {"loss": None}),
            (1, {"loss": [1.0, 2.0]}),
            ([1, 2], {"loss": [1.0]}),
            ([1, 2], {"loss": 1.0}),
            ([1, 2], {"loss": ["a", "b"]}),
            ([[1]], {"loss": [[1.0]]}),
        ],
    )
    def test_what_cannot_be_logged_is_refused_and_nothing_is(self, store, model, step, values):
        with pytest.raises(InvalidInputError, match=r"log takes an integer and a number for each curve"):
            model.log(step, **values)
        assert model.curves().rows() == []

    def test_the_curves_of_a_deleted_model_hold_nothing_up(self, store, research, model, no_timer):
        other = research.create_model("other")
        model.log(1, loss=1)
        store.recorder.flush()
        other.log(1, loss=1)
        with store.database.transaction() as session:  # as another process would
            session.connection().exec_driver_sql("DELETE FROM model_curve WHERE model_id = 1")
            session.connection().exec_driver_sql("DELETE FROM model WHERE id = 1")
        model.log(2, loss=2)
        other.log(2, loss=2)
        assert other.curves()["step"].to_list() == [1, 2]

    def test_closing_writes_what_was_gathered(self, store, model, no_timer):
        model.log(1, loss=0.5)
        store.close()
        assert stored(ModelCurve, store) == 1


class SavingMany:
    database: str

    def test_many_are_saved_in_one_transaction_in_their_order(self, store, research, commits):
        models = [Model(research=research, name=f"m{number}") for number in range(300)]
        assert save_all(iter(models)) == models
        assert len(commits) == 1
        assert [model.id for model in models] == list(range(1, 301))
        assert [model.name for model in Model.get_list()] == [f"m{number}" for number in range(300)]

    def test_new_changed_and_unchanged_ones_of_several_classes_go_together(self, store, research, model):
        other = DataSource(name="other").save()
        model.name, fresh = "changed", Model(research=research, name="fresh")
        assert save_all([other, model, fresh, fresh]) == [other, model, fresh, fresh]
        assert [each.name for each in Model.get_list()] == ["changed", "fresh"]
        assert save_all([]) == []

    def test_all_or_nothing(self, store, research, model, census):
        before = census(store)
        gone = Model.get(research.create_model("gone").id)
        Model.get(gone.id).delete()
        gone.name, model.name = "too late", "changed"
        fresh = Model(research=research, name="fresh")
        with pytest.raises(NotFoundError, match="is no longer stored"):
            save_all([fresh, model, gone])
        assert census(store) == before
        assert Model.get(model.id).name == "a model"
        assert (fresh.id, model.name) == (None, "changed")
        assert save_all([fresh, model]) == [fresh, model]
        assert Model.get(model.id).name == "changed"

    def test_what_one_record_may_not_stops_all(self, store, research, model, census):
        before = census(store)
        model.research_id = 99
        with pytest.raises(ImmutableError):
            save_all([Model(research=research, name="fresh"), model])
        with pytest.raises(InvalidInputError, match="name of a Model must be a text of 1 to 255"):
            save_all([Model(research=research, name="fresh"), Model(research=research, name="")])
        assert census(store) == before

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({"name": "n" * 256}, "name of a DataSource must be a text of 1 to 255"),
            ({"name": "n", "unit": "u" * 256}, "unit of a DataSource may have at most 255 characters; received 256"),
            ({"name": "a\0b"}, "name of a DataSource has the character NUL"),
            ({"name": "n", "description": "\0"}, "description of a DataSource has the character NUL"),
            ({"name": "n", "unit": "\ud800"}, "unit of a DataSource is not valid Unicode"),
        ],
    )
    def test_a_text_that_not_every_database_keeps_is_refused_by_all(self, store, values, words):
        with pytest.raises(InvalidInputError, match=words):
            DataSource(**values).save()
        assert DataSource.count() == 0

    def test_long_and_strange_texts_are_kept(self, store):
        text = "".join(map(chr, [*range(1, 0xD800, 7), *range(0xE000, 0x10FFFF, 997)])) * 20
        source = DataSource(name="語" * 255, unit="°C ", description=text).save()
        again = DataSource.get(source.id)
        assert (again.name, again.unit, again.description) == ("語" * 255, "°C ", text)


class TestSqlite(Recording, SavingMany):
    database = "sqlite"


class TestMariaDb(Recording, SavingMany):
    database = "mariadb"


class TestPostgreSql(Recording, SavingMany):
    database = "postgresql"
