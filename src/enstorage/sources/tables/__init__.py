"""Tables as people have them: text, Parquet, Excel, pandas, Polars and Arrow, all read into one form.

`read_table` finds how a table is written, `TableOptions` says what the caller knows of it, and `TableReport` what was taken.
"""

from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.read import Table, read_cells, read_table
from enstorage.sources.tables.report import BadRow, TableReport

__all__ = ["BadRow", "Table", "TableOptions", "TableReport", "read_cells", "read_table"]
