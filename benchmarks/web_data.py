"""A store of very many models, written by SQL: recording them through the library would take most of an hour."""

import json
from datetime import datetime, timedelta

import numpy as np

from enstorage import Connector, DataSource, Project

_AT_ONCE = 10_000
_POINTS = 1_000_000
_NETWORK = json.dumps({"network": "lstm", "units": 32, "layers": 2, "training": {"epochs": 100, "loss": "mse"}})
_KINDS = ("lstm", "gru", "mlp")
_MODEL = (
    "INSERT INTO model (id, name, research_id, network, description, tags, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, '', ?, ?, ?)"
)
_FACT = (
    "INSERT INTO model_meta (model_id, key, value, number, label, description, tags, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, '', '{}', ?, ?)"
)


def fill(connector: Connector, models: int, facts: int) -> None:
    """A source of a million points, ten projects with ten researches each, and the models among them; SQLite alone."""
    source = DataSource(name="Load", time_interval="1m", unit="MW").save()
    noise = np.random.default_rng(0).normal(0, 0.1, _POINTS)
    source.write(np.arange(_POINTS) * 60 * 10**9, np.sin(np.arange(_POINTS) / 2_000) + noise)
    researches = []
    for number in range(10):
        project = Project(name=f"Project {number}", data_source=source).save()
        researches += [project.create_research(f"Research {number}.{own}").save().id for own in range(10)]
    start = datetime(2026, 1, 1)  # noqa: DTZ001 - as the database has it, UTC without zone
    for first in range(0, models, _AT_ONCE):
        numbers = range(first, min(first + _AT_ONCE, models))
        with connector.transaction() as session:
            connection = session.connection()
            connection.exec_driver_sql(_MODEL, [_model(each, models, researches, start) for each in numbers])
            connection.exec_driver_sql(_FACT, [row for each in numbers for row in _facts(each, facts, str(start))])


def _model(number: int, models: int, researches: list[int], start: datetime) -> tuple[object, ...]:
    time = f"{start + timedelta(seconds=number)}.000000"
    tags = f'{{"kind": "{_KINDS[number % 3]}"}}'
    name = f"model {number * 7919 % models}"
    return number + 1, name, researches[number % len(researches)], _NETWORK, tags, time, time


def _facts(number: int, facts: int, time: str) -> list[tuple[object, ...]]:
    numbers = {f"metric{key}": (number * 31 + key * 7) % 1000 / 1000 for key in range(facts // 2)}
    texts = {f"param{key}": str((number * 17 + key) % 50) for key in range(facts - facts // 2)}
    rows: list[tuple[object, ...]] = [
        (number + 1, key, str(value), value, str(value), f"{time}.000000", f"{time}.000000")
        for key, value in numbers.items()
    ]
    return rows + [
        (number + 1, key, f'"{value}"', None, value, f"{time}.000000", f"{time}.000000") for key, value in texts.items()
    ]
