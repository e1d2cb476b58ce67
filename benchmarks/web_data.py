"""A store of very many models, written by SQL: recording them through the library would take most of an hour."""

import json
from datetime import datetime, timedelta

import numpy as np

from enstorage import Connector, DataSource, Project

#: Facts of a transaction.
_AT_ONCE = 1_000_000
_POINTS = 1_000_000
_NETWORK = json.dumps({"network": "lstm", "units": 32, "layers": 2, "training": {"epochs": 100, "loss": "mse"}})
_KINDS = ("lstm", "gru", "mlp")
_MODEL = (
    "INSERT INTO model (id, name, research_id, network, description, tags, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, '', ?, ?, ?)"
)
_INDEX = "ix_model_meta_key_number_label_deleted_at_model_id"
#: Half of the facts are numbers, half are texts of numbers. The first parameter is the number of facts.
_FACTS = """
WITH RECURSIVE place (key) AS (SELECT 0 UNION ALL SELECT key + 1 FROM place WHERE key + 1 < ?1),
fact (model_id, key, value, number) AS (
  SELECT id, 'metric' || key, NULL, ((id - 1) * 31 + key * 7) % 1000 / 1000.0 FROM model, place
  WHERE id BETWEEN ?2 AND ?3 AND key < ?1 / 2
  UNION ALL
  SELECT id, 'param' || (key - ?1 / 2), CAST(((id - 1) * 17 + key - ?1 / 2) % 50 AS TEXT), NULL FROM model, place
  WHERE id BETWEEN ?2 AND ?3 AND key >= ?1 / 2)
INSERT INTO model_meta (model_id, key, value, number, label, description, tags, created_at, updated_at)
SELECT model_id, key, COALESCE('"' || value || '"', CAST(number AS TEXT)), number, COALESCE(value, CAST(number AS TEXT)),
  '', '{}', ?4, ?4 FROM fact
"""


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
    step = max(1, _AT_ONCE // facts)
    with connector.transaction() as session:
        connection = session.connection()
        connection.exec_driver_sql(_MODEL, [_model(each, models, researches, start) for each in range(models)])
        # An index that is made afterwards takes a fraction of the time.
        definition = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (_INDEX,)).scalar_one()
        connection.exec_driver_sql(f"DROP INDEX {_INDEX}")
    for first in range(1, models + 1, step):
        with connector.transaction() as session:
            last = min(first + step - 1, models)
            session.connection().exec_driver_sql(_FACTS, (facts, first, last, f"{start}.000000"))
    with connector.transaction() as session:
        session.connection().exec_driver_sql(definition)


def _model(number: int, models: int, researches: list[int], start: datetime) -> tuple[object, ...]:
    time = f"{start + timedelta(seconds=number)}.000000"
    tags = f'{{"kind": "{_KINDS[number % 3]}"}}'
    name = f"model {number * 7919 % models}"
    return number + 1, name, researches[number % len(researches)], _NETWORK, tags, time, time
