"""Connections to PostgreSQL that do not wait without an end for a server that says nothing."""

import time
from collections.abc import Generator
from typing import Any

import psycopg

from enstorage.settings import wait_seconds


class BoundedConnection(psycopg.Connection[Any]):
    """A connection whose every wait for the server ends after `ENSTORAGE_WAIT_SECONDS`."""

    def wait(self, gen: Generator[Any, Any, Any], *arguments: Any, **options: Any) -> Any:
        """Run an operation of the driver, which the library does by such generators."""
        return super().wait(_bounded(gen, wait_seconds()), *arguments, **options)


def _bounded(operation: Generator[Any, Any, Any], seconds: float) -> Generator[Any, Any, Any]:
    end = time.monotonic() + seconds
    try:
        state = next(operation)
        while True:
            ready = yield state
            if not ready and time.monotonic() > end:
                raise psycopg.OperationalError(f"timed out: the server said nothing for {seconds:g} s")
            state = operation.send(ready)
    except StopIteration as done:
        return done.value
