"""Backups: a whole store as one file, and a store made from it again, in databases and places of any kind.

The file is a zip archive: `manifest.json`, `objects/<sha256>` and `points/<source id>.parquet`. One of the objects is the
database, as a SQLite file.
"""
