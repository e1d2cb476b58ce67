"""Facts and curves: one by one, many at once, gathered; on every database."""

import math
import shutil
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
from sqlalchemy import String, Text, event, update

from enstorage import Connector, DataSource, Model, ModelCurve, ModelMeta, Project, save_all
from enstorage.entity import ENTITIES, _recording, _stretches
from enstorage.entity._record import now
from enstorage.entity._texts import check_texts
from enstorage.entity.model_curve import Points
from enstorage.entity.model_meta import fact_row
from enstorage.errors import CorruptError, ImmutableError, InvalidInputError, NotFoundError, StoreError


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
        monkeypatch.setattr(_stretches, "_MANY_STRETCHES", 4)
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
            (1, {"loss": "0.5"}),
            (1, {"loss": b"1"}),
            (1, {"loss": 10**400}),
            pytest.param(1, {"loss": 10**5000}, id="huge"),
            (1, {"loss": 1 + 2j}),
            (1, {"loss": np.complex128(1 + 2j)}),
            (1, {"loss": np.datetime64(1, "s")}),
            (1, {"loss": np.array("0.5")}),
            (True, {"loss": 1.0}),
            (math.nan, {"loss": 1.0}),
            ([True, False], {"loss": [1.0, 2.0]}),
            ([1, 2.5], {"loss": [1.0, 2.0]}),
            ([1, 2**64], {"loss": [1.0, 2.0]}),
            (np.array([1, 2], object), {"loss": [1.0, 2.0]}),
            ([1, 2], {"loss": np.array([1.0, 2.0], object)}),
            ([1, 2], {"loss": np.array([1.0, 2j])}),
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

    @pytest.mark.parametrize(
        ("step", "words"),
        [
            (2**63, "received the step 9223372036854775808; expected integers whose absolute value is below 2"),
            (-(2**63), "received the step -9223372036854775808"),
            pytest.param(10**5000, "received the step <int, too large to be shown>", id="huge"),
            (np.uint64(2**63), "received the step 9223372036854775808"),
            (np.array([1, 2**63], np.uint64), "received the step 9223372036854775808"),
            (np.array([1, -(2**63)]), "received the step -9223372036854775808"),
            (np.ma.array([1, 2], mask=[False, True]), "received masked steps; expected an integer for each value"),
        ],
    )
    def test_a_step_that_is_no_integer_of_64_bits_is_refused_and_spoils_no_other(self, store, model, step, words):
        model.log(1, loss=1.0)
        with pytest.raises(InvalidInputError, match=words):
            model.log(step, loss=1.0 if np.ndim(step) == 0 else [1.0, 2.0])
        model.log(2, loss=2.0)
        assert model.curves().rows() == [(1, 1.0), (2, 2.0)]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("\ud800", "name of a curve is not valid Unicode"),
            ("a\0", "name of a curve has the character NUL"),
            ("", "name of a curve must be a text of 1 to 255 characters"),
            ("n" * 256, "name of a curve must be a text of 1 to 255 characters"),
        ],
    )
    def test_the_name_of_a_curve_is_checked_as_the_key_of_a_fact(self, store, model, name, words):
        with pytest.raises(InvalidInputError, match=words):
            model.log(1, **{"loss": 1.0, name: 1.0})
        with pytest.raises(InvalidInputError, match=words.replace("name of a curve", "key of a fact")):
            model.metas({"loss": 1.0, name: 1.0})
        assert model.curves().rows() == []
        assert model.metas() == {}

    def test_negative_steps_and_the_largest_are_kept(self, store, model):
        largest = 2**63 - 1
        model.log(-5, loss=1.0)
        model.log(np.array([largest, 7], np.uint64), loss=[2.0, 3.0])
        model.log(-largest, loss=4.0)
        assert model.curves().rows() == [(-largest, 4.0), (-5, 1.0), (7, 3.0), (largest, 2.0)]

    def test_a_masked_value_is_missing(self, store, model):
        model.log([1, 2], loss=[0.5, 0.25], rate=[0.1, 0.1])
        model.log([2, 3], loss=np.ma.array([9.0, 0.125], mask=[True, False]), rate=np.ma.masked_all(2))
        model.log(4, loss=np.ma.masked, rate=0.4)
        assert model.curves().rows() == [(1, 0.5, 0.1), (2, 0.25, 0.1), (3, 0.125, None), (4, None, 0.4)]

    def test_no_steps_leave_no_stretch(self, store, model):
        model.log(np.array([], int), loss=[])
        model.log(1)
        assert model.curves().columns == ["step"]
        assert stored(ModelCurve, store) == 0

    def test_what_the_database_refuses_is_named_once_and_all_others_are_written(self, store, research, model, no_timer):
        other = research.create_model("other")
        with store.buffered():
            for step in range(10):
                for each in (model, other):
                    each.log(step, loss=step)
                model.meta(f"k{step}", step)
                if step == 5:  # past the checks of `log` and `meta`
                    store.recorder.log(other.id, Points(2**63, {"loss": 1.0, "rate": 2.0}))
                    row = fact_row(other.id, "bad", 1, now().replace(tzinfo=None)) | {"key": None}
                    store.recorder._collected.add_facts({(other.id, "bad"): row})
            with pytest.warns(UserWarning, match="The database refused what was recorded") as warned:
                store.recorder.flush()
        (warning,) = warned
        message = str(warning.message)
        assert message.startswith("The database refused what was recorded, and it is lost: the fact 'bad' of model 2 (")
        assert f"the values of 'loss', 'rate' of model 2 at step {2**63} (" in message
        assert message.endswith("Everything else is written. Correct the values and record them again.")
        with warnings.catch_warnings(action="error"):
            assert model.curves()["step"].to_list() == other.curves()["step"].to_list() == list(range(10))
            assert model.metas() == {f"k{step}": step for step in range(10)}
            assert other.metas() == {}

    def test_while_the_database_is_away_all_stays_collected(self, store, model, no_timer):
        def rename(old, new):
            with store.database.engine.begin() as connection:
                connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

        model.log(1, loss=1.0)
        rename("model_curve", "away")
        for step in (2, 3):
            with pytest.raises(StoreError, match="model_curve"):
                model.curves()
            model.log(step, loss=step)
        rename("away", "model_curve")
        assert model.curves().rows() == [(1, 1.0), (2, 2.0), (3, 3.0)]

    def test_a_stretch_that_is_damaged_holds_up_no_other_model(self, store, research, model, monkeypatch, no_timer):
        monkeypatch.setattr(_stretches, "_MANY_STRETCHES", 1)
        other = research.create_model("other")
        for each in (model, other):
            each.log(1, loss=1.0)
        store.recorder.flush()
        with store.database.transaction() as session:
            session.execute(update(ModelCurve).where(ModelCurve.model_id == model.id).values(data=b"damaged"))
        for each in (model, other):
            each.log(2, loss=2.0)
        assert other.curves().rows() == [(1, 1.0), (2, 2.0)]
        with pytest.raises(CorruptError, match="cannot be read"):
            model.curves()

    def test_many_steps_are_divided_into_rows_that_every_database_takes(self, store, model, monkeypatch, no_timer):
        monkeypatch.setattr(_stretches, "_MOST_BYTES", 1600)
        monkeypatch.setattr(_stretches, "_MANY_STRETCHES", 4)
        monkeypatch.setattr(_stretches, "_LONG_STRETCH", 100)
        model.log(np.arange(1000), loss=np.arange(1000) / 2)
        for step in range(1000, 1006):
            model.log(step, loss=step / 2)
            store.recorder.flush()
        assert [each.rows for each in ModelCurve.get_list()] == [100] * 10 + [5, 1]
        assert model.curves()["loss"].to_list() == [step / 2 for step in range(1006)]

    def test_a_thread_may_log_while_another_begins_to_write(self, store, model):
        def log_more():
            model.log(2, loss=2.0)
            flush()

        flush, store.database.before = store.database.before, log_more
        model.log(1, loss=1.0)
        writing = threading.Thread(target=store.recorder.flush, daemon=True)
        writing.start()
        writing.join(20)
        store.database.before = flush
        assert not writing.is_alive()
        assert model.curves()["step"].to_list()[0] == 1

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


class Texts:
    database: str

    def test_json_that_is_no_unicode_is_refused_and_spoils_nothing(self, store, research, model):
        deep = []
        for _ in range(10_000):
            deep = [deep]
        for bad in ({"a": "\ud800"}, {"\ud800": 1}, {"a": ["\udfff"]}, {"a": deep}, {"a": 10**5000}):
            model.tags = bad
            with pytest.raises(InvalidInputError, match="cannot be kept as JSON"):
                model.save()
            with pytest.raises(InvalidInputError, match="cannot be kept as JSON"):
                model.meta("key", bad)
        model.tags = {"a\0": "b\0"}
        model.save()
        model.meta("key", {"a\0": "b\0"})
        assert Model.get(model.id).tags == model.meta("key") == {"a\0": "b\0"}
        assert Model.find("tags.b = 1") == []


class TestSqlite(Recording, SavingMany, Texts):
    database = "sqlite"


class TestMariaDb(Recording, SavingMany, Texts):
    database = "mariadb"


class TestPostgreSql(Recording, SavingMany, Texts):
    database = "postgresql"


ENDING = """
import sys
from enstorage import Connector, DataSource, Project

stores = [Connector.in_folder(f"{sys.argv[1]}/{name}") for name in ("away", "well")]
for store in stores:
    with store:
        model = Project(name="p", data_source=DataSource(name="s")).create_research("r").create_model("m")
        if store is stores[0]:
            with store.database.engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE model_curve RENAME TO gone")
        model.log(1, loss=0.5)
"""


@pytest.mark.long
def test_a_store_that_is_away_when_the_process_ends_costs_no_other_its_curves(tmp_path, empty_store):
    for name in ("away", "well"):
        shutil.copytree(empty_store, tmp_path / name)
    ended = subprocess.run([sys.executable, "-c", ENDING, tmp_path], capture_output=True, text=True, check=True)
    assert "What was recorded last could not be written before the process ended: The database sqlite:" in ended.stderr
    assert "Traceback" not in ended.stderr
    with Connector.in_folder(tmp_path / "well"):
        assert Model.get(1).curves().rows() == [(1, 0.5)]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda each: each.__name__)
def test_every_text_of_every_record_is_checked(entity):
    texts = [column for column in entity.__table__.columns if isinstance(column.type, String | Text)]
    good = {column.key: "a" for column in texts}
    check_texts(entity, good)
    for column in texts:
        for bad in ("a\ud800", "a\0"):
            with pytest.raises(InvalidInputError, match=f"The {column.key} of a {entity.__name__} "):
                check_texts(entity, good | {column.key: bad})
