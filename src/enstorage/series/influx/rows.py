"""Rows that a server gives for a query, all of them."""

from functools import partial

import polars as pl

from enstorage.series.influx.csv import read_csv
from enstorage.series.influx.refusal import failed
from enstorage.series.influx.server import InfluxServer


def rows_of(server: InfluxServer, statement: str, *, with_tags: bool = False) -> pl.DataFrame:
    """The rows of a query: columns `time`, `value` and, if requested, `tags`.

    Raises:
        StoreError: the server refused or failed, or gave a part of them only.
    """
    # A CSV response that the server aborts contains no error; only the response to a second statement is missing.
    # InfluxDB 3 takes one statement only, but then it closes the connection.
    marks_end = server.major < 3
    statements = f"{statement};SHOW DATABASES" if marks_end else statement
    for is_last in (False, True):
        answer = server.stream(statements, partial(read_csv, with_tags=with_tags))
        if answer.is_whole or not marks_end:
            return answer.frame
        if not is_last:  # the server may have been stopping, or a smaller query gives the reason
            server.ask(f"{statement} LIMIT 1")
    raise failed(
        server.place,
        f"the server aborted its response after {answer.frame.height} rows",
        "Its log gives the reason: its limits max-select-point or query-timeout, or KILL QUERY. Raise "
        "them, or ask for a shorter period.",
    )
