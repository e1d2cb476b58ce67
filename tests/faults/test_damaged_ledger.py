"""Indexes of the tables of runs, versions, users and policies that lost their entries: no list is emptied by that."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select

from enmyadmin.access.page import page
from enorchestrator.dispatch.read import details, events, list_runs
from enorchestrator.monitoring.alerts import list_alerts, list_observations
from enorchestrator.monitoring.feedback import list_feedback
from enorchestrator.notification.outbox import list_notices
from enorchestrator.notification.rules import list_rules
from enorchestrator.pipeline.manager import list_pipelines, pipeline_versions
from enorchestrator.policy.stored import enabled_policies
from enorchestrator.registry import find
from enorchestrator.scheduler.schedules import list_schedules
from enstorage import Connector, ledger
from enstorage.database import integrity
from enstorage.errors import CorruptError, NotFoundError
from enstorage.ledger import AuditEntry, LedgerRow, StoredPolicy, Token, User

#: A leaf of an index or of a table without entries: whole by its form, but what it held is lost.
_EMPTY = {"index": bytes([10, 0, 0, 0, 0, 0x10, 0, 0]), "table": bytes([13, 0, 0, 0, 0, 0x10, 0, 0])}
_OF_LEDGER = {getattr(ledger, name).__table__ for name in ledger.__all__ if name != "LedgerRow"}
TABLES = [table for table in LedgerRow.metadata.sorted_tables if table in _OF_LEDGER]
_VALUES = {int: 1, str: "a", datetime: datetime(2026, 1, 1, tzinfo=UTC), bool: True, float: 1.0, dict: {}, list: []}


@pytest.fixture
def file(filled_folder, tmp_path):
    """The database file of a store with a row in each table of the ledger."""
    folder = shutil.copytree(filled_folder[0], tmp_path / "store")
    with Connector.in_folder(folder) as connector, connector.transaction() as session:
        for table in TABLES:
            session.execute(
                insert(table).values(
                    {each.name: _value(each) for each in table.columns if each.name != "id" and each.default is None}
                )
            )
    connector.close()
    return folder / "enstorage.sqlite"


def _value(column):
    if column.nullable and not column.foreign_keys:
        return None
    try:
        return _VALUES[column.type.python_type]
    except (KeyError, NotImplementedError):  # a type of ours: a time, or JSON
        return _VALUES[datetime] if "DateTime" in repr(column.type) else {}


def readers(connector):
    """Each gives something."""
    return [
        list_runs,
        lambda: list_runs(state="a"),
        lambda: events(1),
        lambda: [(each.steps, each.attempts) for each in [details(1)]],
        find.list_registered,
        lambda: find.list_versions("a"),
        lambda: find.aliases_of("a"),
        lambda: find.alias_history("a"),
        lambda: find.list_evaluations("a"),
        list_alerts,
        lambda: list_alerts("a", only_open=True),
        lambda: list_observations("a"),
        lambda: list_feedback("a"),
        list_notices,
        list_rules,
        list_pipelines,
        lambda: pipeline_versions("a"),
        list_schedules,
        lambda: enabled_policies(connector),
        *(
            lambda table=table: page(connector, select(table), table, 9, None)[0]
            for table in (User, Token, StoredPolicy, AuditEntry)
        ),
    ]


def answers(file):
    connector = Connector.in_folder(file.parent)
    found = []
    with connector:
        for number in range(len(readers(connector))):
            connector.database._believed = set()
            try:
                found.append(_plain(readers(connector)[number]()))
            except (CorruptError, NotFoundError) as error:
                found.append(error)
    connector.close()
    return found


def _plain(found):
    return sorted(map(str, found.items())) if isinstance(found, dict) else len(found)


def pages(file, kind):
    tables = "', '".join(table.name for table in TABLES)
    query = (
        "SELECT pageno, d.name FROM dbstat AS d JOIN sqlite_master AS m ON m.name = d.name "
        f"WHERE m.type = ? AND ncell > 0 AND m.tbl_name IN ('{tables}')"
    )
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query, [kind]).fetchall()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["index", "table"])
def test_no_list_is_emptied_by_a_page_that_lost_its_entries(file, kind, monkeypatch):
    monkeypatch.setattr(
        integrity, "PAGES_READ_AT_ONCE", 0
    )  # as in a large file, which is not read before the first record
    content, whole = file.read_bytes(), answers(file)
    assert not [answer for answer in whole if isinstance(answer, Exception)]
    emptied = pages(file, kind)
    assert len(emptied) > 20
    for number, name in emptied:
        start = (number - 1) * 4096
        file.write_bytes(content[:start] + _EMPTY[kind] + content[start + 8 :])
        for reader, (before, after) in enumerate(zip(whole, answers(file), strict=True)):
            assert isinstance(after, CorruptError | NotFoundError) or (name, reader, after) == (name, reader, before)
    file.write_bytes(content)
