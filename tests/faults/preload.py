"""Imports what the operations need, and runs nothing."""

# ruff: noqa: F401
import alembic.command
import alembic.operations.toimpl
import deltalake
import polars
import psycopg
import pymysql
import pytest
import sklearn.linear_model
import skops.io
import workload
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import configure_mappers

import endirector.rendering.conductor
import enmyadmin.commands.data.points
import enstorage.bundle.export_project
import enstorage.bundle.import_bundle
import enstorage.database.upsert
import enstorage.formats.skops
import enstorage.objects.folder
import enstorage.objects.table
import enstorage.search.query
import enstorage.series.delta.store
import enstorage.upkeep.check
import enstorage.upkeep.sweep
import entrainer

configure_mappers()
