"""Bundles: a project with all that it needs as one file, to be taken to another store.

The file is a zip archive: `manifest.json`, `records/<entity>.jsonl`, `objects/<sha256>` and `points/<source id>.parquet`.
"""
