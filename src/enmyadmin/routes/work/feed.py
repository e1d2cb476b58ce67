"""`RunFeed`: tells the open streams of events that something happened in their runs."""

import asyncio

from starlette.concurrency import run_in_threadpool

from enorchestrator.dispatch.read import latest_event, runs_with_news
from enstorage.connector import Connector
from enstorage.errors import StoreError

_LOOK_SECONDS = 0.25


class RunFeed:
    """One look at the store, four times a second while a stream is open, for all streams of the application."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, int] = {}
        self._looking: asyncio.Task[None] | None = None

    async def join(self, run_id: int, connector: Connector) -> asyncio.Event:
        """An event of asyncio that is set whenever a run has news, until `leave`; see `Streams.join`."""
        news = asyncio.Event()
        if self._looking is None or self._looking.done():
            after = await run_in_threadpool(latest_event, connector)
            self._looking = asyncio.create_task(self._look(connector, after))
        self._waiting[news] = run_id
        return news

    def leave(self, news: asyncio.Event) -> None:
        """Set an event no more."""
        del self._waiting[news]

    async def _look(self, connector: Connector, after: int) -> None:
        while self._waiting:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                found, after = await run_in_threadpool(runs_with_news, connector, after)
            except StoreError:
                continue  # a database that is down comes back
            for news, run_id in [*self._waiting.items()]:
                if run_id in found:
                    news.set()
