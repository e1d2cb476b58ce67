"""Runs: submitted, listed, followed by events, cancelled, retried; and the kinds of work."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json, as_file
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.streams import StreamEnd
from enmyadmin.routes.work.described import (
    KindList,
    LogList,
    RunAnswer,
    RunDetailsAnswer,
    RunPage,
    States,
    details_json,
    run_json,
)
from enmyadmin.routes.work.feed import RunFeed
from enorchestrator import cancel, events, logs, retry, submit
from enorchestrator.dispatch.read import MOST_EVENTS, details, is_over, list_runs
from enorchestrator.work.registry import all_kinds, find_kind
from enstorage.errors import NotFoundError
from enstorage.ledger import Run
from enstorage.search.keyset import from_cursor, to_cursor

router = APIRouter(tags=["runs"])

RunId = Annotated[int, Path(ge=1, lt=2**63)]
#: The answer of routes that ask for long work.
SUBMITTED: dict[str, Any] = {"status_code": 202, "response_model": RunAnswer}
#: A stream looks for itself after this time, should the look that all streams share have failed.
_OWN_LOOK_SECONDS = 5.0


Key = Annotated[
    str | None, Field(max_length=255, description="Idempotency key: the same key is the same run, however often sent.")
]
Priority = Annotated[int, Field(ge=-100, le=100, description="Runs of a higher one start first.")]


class SubmitRequest(BaseModel):
    """Long work that is asked for."""

    kind: Annotated[str, Field(max_length=255, description="See /kinds.")]
    arguments: Annotated[dict[str, Any], Field(description="As the kind describes them.")]
    key: Key = None
    priority: Priority = 0


class RunSelection(BaseModel):
    """The runs of a list."""

    state: States | None = None
    kind: Annotated[str | None, Query(max_length=255)] = None
    pipeline: Annotated[str | None, Query(max_length=255, description="Name of the pipeline that they execute.")] = None
    limit: Annotated[int, Query(ge=1, le=500)] = 50
    cursor: Annotated[str | None, Query(max_length=2_000, description="`next` of the page before.")] = None


def submitted(run: Run, request: Request) -> Json:
    """The answer to a request for long work."""
    note(request, entity_id=run.id, detail={"kind": run.kind})
    return Json(run_json(run), 202, {"Location": f"/api/v1/runs/{run.id}"})


def demand_steps(request: Request, who: Principal, kinds: Iterable[str]) -> None:
    """Raise an error unless a principal may do the work of all steps of some kinds."""
    for kind in {(found.action, found.table) for found in map(find_kind, kinds)}:
        request.app.state.access.demand(who, *kind)


@router.get("/kinds", response_model=KindList, dependencies=[Depends(allowed("read", "run"))])
def list_kinds() -> Json:
    """List the kinds of long work with the JSON Schema of their arguments."""
    return Json({"items": [kind.describe() for kind in all_kinds().values()]})


@router.post("/runs", **SUBMITTED)
def submit_run(
    request: Request, store: Store, asked: SubmitRequest, who: Annotated[Principal, Depends(allowed("run", "run"))]
) -> Json:
    """Ask for long work; it also takes the permission that the kind of work names."""
    request.app.state.access.demand(who, *find_kind(asked.kind).permission(asked.arguments))
    run = submit(
        asked.kind, asked.arguments, connector=store, key=asked.key, created_by=who.name, priority=asked.priority
    )
    return submitted(run, request)


@router.get("/runs", response_model=RunPage, dependencies=[Depends(allowed("read", "run"))])
def list_all_runs(store: Store, asked: Annotated[RunSelection, Query()]) -> Json:
    """List runs, the newest first."""
    question = f"run {asked.state} {asked.kind} {asked.pipeline}"
    before = None if asked.cursor is None else int(from_cursor(question, asked.cursor)[0])
    narrowed = {"state": asked.state, "kind": asked.kind, "pipeline": asked.pipeline}
    found = list_runs(**narrowed, before=before, limit=asked.limit + 1, connector=store)
    shown = found[: asked.limit]
    more = to_cursor(question, [shown[-1].id]) if len(found) > asked.limit else None
    return Json({"items": [run_json(run) for run in shown], "next": more})


@router.get("/runs/{id}", response_model=RunDetailsAnswer, dependencies=[Depends(allowed("read", "run"))])
def get_run(
    store: Store,
    id: RunId,
    with_logs: Annotated[
        bool, Query(alias="logs", description="false to leave the logs out; see /runs/{id}/logs.")
    ] = True,
) -> Json:
    """Give a run with its steps, their attempts, and the ends of their logs."""
    return Json(details_json(details(id, logs=with_logs, connector=store)))


@router.get("/runs/{id}/logs", response_model=LogList, dependencies=[Depends(allowed("read", "run"))])
def get_logs_of_run(
    store: Store,
    id: RunId,
    step: Annotated[str | None, Query(max_length=255, description="Name of a step; all by default.")] = None,
    attempt: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="All by default.")] = None,
) -> Json:
    """Give the ends of what the attempts of a run printed and logged, the oldest first."""
    found = logs(id, step=step, attempt=attempt, connector=store)
    return Json({"items": [asdict(each) for each in found]})


@router.post("/runs/{id}/cancel", response_model=RunAnswer, dependencies=[Depends(allowed("cancel", "run"))])
def cancel_run(store: Store, id: RunId) -> Json:
    """Ask to stop a run. What has not started never starts; a run that is over stays as it is."""
    return Json(run_json(cancel(id, connector=store)))


@router.post("/runs/{id}/retry", **SUBMITTED)
def retry_run(
    request: Request, store: Store, id: RunId, who: Annotated[Principal, Depends(allowed("run", "run"))]
) -> Json:
    """Have a run that failed or was cancelled executed again; it takes the permission to submit it."""
    found = details(id, connector=store)
    if found.run.pipeline_id is None:
        request.app.state.access.demand(who, *find_kind(found.run.kind).permission(found.run.arguments))
    else:
        demand_steps(request, who, (step.kind for step in found.steps))
    return submitted(retry(id, connector=store), request)


@router.get(
    "/runs/{id}/files/{object}",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
    dependencies=[Depends(allowed("download", "run"))],
)
def download_file_of_run(store: Store, id: RunId, object: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]) -> Response:
    """Give a file that a run made, such as a table of forecasts, a report or a bundle."""
    result = details(id, connector=store).run.result or {}
    file = next((each for each in result.values() if isinstance(each, dict) and each.get("object") == object), None)
    if file is None or not store.objects.has(object):
        raise NotFoundError(
            f"Run {id} has no file {object[:12]}…, or it was freed, as unused files are after a day. Submit the work again."
        )
    return as_file(store.objects.get(object), file["name"], file["media_type"])


async def _known(store: Store, id: RunId) -> int:
    """The id of a run, before the first event is sent."""
    await run_in_threadpool(is_over, id, connector=store)
    return id


@router.get("/runs/{id}/events", response_class=EventSourceResponse, dependencies=[Depends(allowed("read", "run"))])
async def follow_run(
    request: Request,
    store: Store,
    run_id: Annotated[int, Depends(_known)],
    end: StreamEnd,
    last_event_id: Annotated[int, Header(ge=0, lt=2**63)] = 0,
) -> AsyncIterator[ServerSentEvent]:
    """Send the events of a run as they happen, until it is over.

    Events are called `state`, `progress`, `log`, `partial` and `result`; their ids are those of the stored events, so a
    client that connects again with the header `Last-Event-ID` misses nothing.
    """
    feed: RunFeed = request.app.state.run_feed
    news = await feed.join(run_id, store)
    try:
        while True:
            news.clear()
            # Read before the events: a run that is over by then has all of its events.
            over = await run_in_threadpool(is_over, run_id, connector=store)
            found = await run_in_threadpool(events, run_id, last_event_id, connector=store)
            for event in found:
                last_event_id = event.id
                yield ServerSentEvent(event=event.kind, id=str(event.id), data=event.data)
            if len(found) == MOST_EVENTS:
                continue
            left = end - time.monotonic()
            if over or left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), min(left, _OWN_LOOK_SECONDS))
    finally:
        feed.leave(news)
