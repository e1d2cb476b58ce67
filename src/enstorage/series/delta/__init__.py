"""Points in a Delta Lake table, read with Polars."""
