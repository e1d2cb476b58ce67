"""Event streams: their number and their life are bounded, and those of changes share one look at the store."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from enmyadmin.routes.dependencies import Settings
from enstorage.connector import Connector
from enstorage.errors import StoreError
from enstorage.views.changes import ChangeFeed, RecordChange

_LONGEST_QUEUE = 10_000


class Streams:
    """The event streams of one application."""

    def __init__(self) -> None:
        self.open = 0
        self._waiting: set[asyncio.Queue[RecordChange]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def join(self, connector: Connector, seconds: float) -> asyncio.Queue[RecordChange]:
        """The changes of the store from now on, until `leave`.

        No asynchronous generator: a loop that ends closes all of these at once, also one that another one waits for.

        Args:
            connector: the store.
            seconds: time between two looks at it.
        """
        queue: asyncio.Queue[RecordChange] = asyncio.Queue(_LONGEST_QUEUE)
        if self._looking is None or self._looking.done():
            feed = await run_in_threadpool(ChangeFeed, connector)
            self._waiting.add(queue)
            self._looking = asyncio.create_task(self._look(feed, seconds))
        self._waiting.add(queue)
        return queue

    def leave(self, queue: asyncio.Queue[RecordChange]) -> None:
        """Put no further changes into a queue."""
        self._waiting.discard(queue)

    async def _look(self, feed: ChangeFeed, seconds: float) -> None:
        while self._waiting:
            await asyncio.sleep(seconds)
            try:
                found = await run_in_threadpool(feed.look)
            except StoreError:
                continue  # a server of a database that is away comes back
            for queue in self._waiting:
                for change in found[: queue.maxsize - queue.qsize()]:
                    queue.put_nowait(change)


async def _slot(request: Request, settings: Settings) -> AsyncIterator[float]:
    """A place among the open streams; gives the moment, by the monotonic clock, at which the stream has to end."""
    streams: Streams = request.app.state.streams
    if streams.open >= settings.max_streams:
        raise HTTPException(503, f"{streams.open} event streams are open, which is the most. Close one, or try later.")
    streams.open += 1
    try:
        yield time.monotonic() + settings.stream_seconds
    finally:
        streams.open -= 1


#: The parameter of a route that sends events: the moment, by the monotonic clock, at which it has to end.
StreamEnd = Annotated[float, Depends(_slot)]
