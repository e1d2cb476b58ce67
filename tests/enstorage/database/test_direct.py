"""Statements that go to SQLite by the driver alone do what SQLAlchemy does with them, on every database."""

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import DateTime, bindparam, delete, exists, func, insert, select, update
from sqlalchemy.dialects import sqlite

from enorchestrator.task import graph, moves, settle
from enorchestrator.task.moves import ATTEMPT, EVENT, RUN, STEP
from enstorage import DataSource, Project
from enstorage.database.direct import change, rows
from enstorage.database.types import UtcDateTime
from enstorage.errors import InvalidInputError, NotSupportedError, StoreError

ID, IDS = STEP.c.id, bindparam("ids", expanding=True)
MOMENTS = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(2026, 11, 30, 23, 59, 59, 999_999, UTC),
    datetime(2026, 2, 28, 23, 30, tzinfo=timezone(-timedelta(hours=5, minutes=30))),
]
LOGGED = {"run_id": 1, "step_id": None, "kind": "log", "data": 1}


@pytest.fixture
def steps(store):
    """The ids of five steps of a run, of which two are over."""
    with store.transaction() as session:
        connection = session.connection()
        run = {"kind": "gc", "arguments": {"grace_hours": math.inf}, "trace_id": "0" * 32}
        connection.execute(insert(RUN), [run])
        for number in range(5):
            facts = {"run_id": 1, "name": f"s{number}", "kind": "gc", "arguments": [number], "may_fail": number == 4}
            state = "succeeded" if number < 2 else "ready"
            connection.execute(insert(STEP), [facts | {"state": state, "finished_at": MOMENTS[number % 3]}])
    return [1, 2, 3, 4, 5]


class StatementContract:
    """The promises, whatever database executes the statements."""

    @pytest.mark.parametrize(
        ("statement", "values"),
        [
            (select(STEP).where(ID.in_(IDS)).order_by(ID), {"ids": [5, 1, 3]}),
            (select(STEP).where(ID.in_(IDS)), {"ids": []}),
            (select(STEP.c.id).where(ID.in_(IDS)), {"ids": [*range(100)]}),
            (select(ID).where(STEP.c.state.in_(["succeeded", "cached"]), bindparam("least") < ID), {"least": 1}),
            (select(STEP.c.finished_at).where(STEP.c.finished_at <= bindparam("moment")), {"moment": MOMENTS[2]}),
            (select(STEP.c.state, func.count().label("n")).group_by(STEP.c.state).limit(bindparam("m")), {"m": 9}),
            (select(STEP.c.may_fail, RUN.c.arguments).join(RUN).where(~exists().where(bindparam("no") < ID)), {"no": 9}),
            (moves._RUN_AND_STATES, {"run": 1}),
            (settle._CLAIMED, {"ids": [2, 4]}),
            (graph._OVER, {"ids": [1, 2, 3, 9]}),
            (graph._WAITING, {"ids": [3]}),
        ],
    )  # fmt: skip
    def test_rows_are_those_that_sqlalchemy_finds(self, store, steps, statement, values):
        with store.database.changing() as connection:
            expected = connection.execute(statement, values).all()
            found = rows(connection, statement, values)
        assert [tuple(each) for each in found] == [tuple(each) for each in expected]
        assert [each._fields for each in found] == [each._fields for each in expected]

    def test_a_change_sets_what_an_orm_would_and_tells_how_many_rows_it_met(self, store, steps):
        began = datetime.now(UTC)
        with store.database.changing() as connection:
            attempt = {"step_id": 1, "fence": 1, "executor": "here"}
            change(connection, insert(ATTEMPT), [attempt, attempt | {"fence": 2}])
            met = update(STEP).where(STEP.c.id == bindparam("step"), STEP.c.state == "ready")
            met = met.values(outputs=bindparam("gave"), finished_at=bindparam("moment"))
            sets = [{"step": step, "gave": [None, "é", 2**60], "moment": MOMENTS[2]} for step in steps]
            assert change(connection, met, sets) == 3
            assert change(connection, met, [sets[0]]) == 0
            made = connection.execute(select(ATTEMPT)).all()
            step = connection.execute(select(STEP).where(STEP.c.id == 5)).one()
            assert change(connection, delete(ATTEMPT).where(ATTEMPT.c.fence == bindparam("no")), [{"no": 2}]) == 1
        assert [(each.log, each.pid) for each in made] == [("", None)] * 2
        assert all(began <= each.created_at <= datetime.now(UTC) for each in made)
        assert (step.outputs, step.finished_at) == ([None, "é", 2**60], MOMENTS[2])
        assert began <= step.updated_at

    @pytest.mark.parametrize(
        ("wrong", "error", "words"),
        [
            ({"run_id": None}, StoreError, "refused"),
            ({"data": object()}, InvalidInputError, "cannot be kept as JSON"),
        ],
    )
    def test_what_is_refused_is_told_and_nothing_is_changed(self, store, steps, wrong, error, words):
        def write():
            with store.database.changing() as connection:
                change(connection, insert(EVENT), [LOGGED])
                change(connection, insert(EVENT), [LOGGED | wrong])

        with pytest.raises(error, match=words):
            write()
        with store.database.reading() as session:
            assert session.execute(select(EVENT)).all() == []

    def test_transactions_inside_a_change_of_statements_are_undone_with_it(self, store, steps):
        source = DataSource(name="s", time_interval="1h").save()
        project = Project(name="p", data_source=source)

        def write():
            with store.database.changing() as connection:
                change(connection, insert(EVENT), [LOGGED])
                project.save()
                raise KeyError

        with pytest.raises(KeyError):
            write()
        assert project.id is None
        assert Project.get_list() == []
        with store.database.reading() as session:
            assert session.execute(select(EVENT)).all() == []

    def test_transactions_inside_a_change_of_statements_are_committed_with_it(self, store, steps):
        source = DataSource(name="s", time_interval="1h").save()
        told: list[str] = []
        with store.database.changing() as connection:
            change(connection, insert(EVENT), [LOGGED])
            with store.transaction() as session:
                session.info.setdefault("on_commit", []).append(lambda: told.append("committed"))
                Project(name="p", data_source=source).save()
            change(connection, insert(EVENT), [LOGGED])
            assert (told, store.database.in_transaction) == ([], True)
        assert (told, store.database.in_transaction) == (["committed"], False)
        with store.transaction() as session, store.database.changing() as connection:
            assert connection is session.connection()
            assert len(connection.execute(select(EVENT)).all()) == 2
        assert [each.name for each in Project.get_list()] == ["p"]


class TestStatementsOnSqlite(StatementContract):
    database = "sqlite"


class TestStatementsOnMariaDb(StatementContract):
    database = "mariadb"


class TestStatementsOnPostgresql(StatementContract):
    database = "postgresql"


@pytest.mark.parametrize("moment", [*MOMENTS, None])
def test_a_moment_is_the_text_that_sqlalchemy_makes(moment):
    naive = None if moment is None else moment.astimezone(UTC).replace(tzinfo=None)
    expected = DateTime().dialect_impl(sqlite.dialect()).bind_processor(sqlite.dialect())(naive)
    assert UtcDateTime().dialect_impl(sqlite.dialect()).bind_processor(sqlite.dialect())(moment) == expected


def test_no_change_is_made_where_writes_are_refused(store):
    with (
        store.refusing_writes("It is only looked at."),
        pytest.raises(NotSupportedError, match="only looked at"),
        store.database.changing(),
    ):
        pass
