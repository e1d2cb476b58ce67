"""Alembic: the migrations of the tables."""
