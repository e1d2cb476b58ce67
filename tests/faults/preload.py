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

import endirector.conductor
import enmyadmin.commands.points
import enstorage.bundle.exporting
import enstorage.bundle.importing
import enstorage.checking
import enstorage.database.upsert
import enstorage.formats.skops
import enstorage.objects.folder
import enstorage.objects.table
import enstorage.search.query
import enstorage.series.delta
import enstorage.sweeping
import entrainer

configure_mappers()
