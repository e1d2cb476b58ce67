"""Alembic's entry: runs the migrations on the connection that the caller opened."""

from alembic import context

import enstorage.ledger  # noqa: F401 - so that every table is known to the metadata, those of entities too
from enstorage.entity._record import Record

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Record.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
