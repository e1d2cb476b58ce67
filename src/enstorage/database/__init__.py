"""The relational database: engine, column types and the one Alembic history."""
