"""Changes of the store, as server-sent events."""

import asyncio
import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from enmyadmin.access.permission import allowed
from enmyadmin.routes.dependencies import Settings, Store
from enmyadmin.routes.streams import StreamEnd, Streams

router = APIRouter(tags=["browsing"], dependencies=[Depends(allowed("read"))])


@router.get("/changes", response_class=EventSourceResponse)
async def watch_changes(
    request: Request, store: Store, settings: Settings, end: StreamEnd
) -> AsyncIterator[ServerSentEvent]:
    """Send an event for each record that is created, changed, trashed, restored or purged, by any process.

    Events are called `change`; their data is `{"entity", "id", "action"}`. An id of null stands for many records. The first
    event, `ready`, says that from now on no change is missed.
    """
    streams: Streams = request.app.state.streams
    queue = await streams.join(store, settings.poll_seconds)
    try:
        yield ServerSentEvent(event="ready", data={})
        while (left := end - time.monotonic()) > 0:
            try:
                change = await asyncio.wait_for(queue.get(), left)
            except TimeoutError:
                return
            yield ServerSentEvent(event="change", data=change.to_json())
    finally:
        streams.leave(queue)
