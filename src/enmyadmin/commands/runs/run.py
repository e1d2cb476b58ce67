"""The commands `run …`: list, show, follow, cancel, retry."""

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.interruption import kept
from enmyadmin.output import Json, print_json, print_line, print_lines, print_table, readable_size, shortened

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.ledger import Attempt, Run, RunEvent

RunId = Annotated[int, typer.Argument(help="Id of the run, as `enstorage run list` shows.", metavar="ID", min=1)]

_COLUMNS = ("id", "kind", "title", "state", "created_by", "created_at", "started_at", "finished_at")
_STEP_COLUMNS = ("id", "parent_id", "name", "kind", "state", "started_at", "finished_at")
_LOOK_SECONDS = 0.25


def list_runs(
    state: Annotated[
        str | None, typer.Option(help="ready, running, succeeded, failed or cancelled.", show_default=False)
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Such as fit or render.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most runs.")] = 20,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List runs, the newest first.

    Example: enstorage run list --state failed
    """
    from enorchestrator.dispatch.read import list_runs as read_runs

    runs = read_runs(state=state, kind=kind, limit=limit, connector=open_store(store))
    if as_json:
        print_json([_as_json(run) for run in runs])
        return
    heads = ("id", "title", "state", "started", "finished", "by")
    rows = [[run.id, shortened(run.title), run.state, run.started_at, run.finished_at, run.created_by] for run in runs]
    print_table(list(heads), rows) if rows else print_line("There are no such runs.")


def show(id: RunId, store: Store = None, as_json: Json = False) -> None:
    """Show a run: its state, attempts, logs and result.

    Example: enstorage run show 3
    """
    from enorchestrator.dispatch.read import details

    found = details(id, connector=open_store(store))
    run = found.run
    if as_json:
        attempts = [_attempt_as_json(each) for each in found.attempts]
        steps = [{name: getattr(step, name) for name in _STEP_COLUMNS} for step in found.steps]
        told = {"arguments": run.arguments, "result": run.result, "steps": steps, "attempts": attempts}
        print_json({**_as_json(run), **told})
        return
    print_line(f"Run {run.id}: {run.title}. {_told(run)}")
    for step in found.steps:
        if step.progress_total and run.finished_at is None:
            print_line(f"{step.progress_what}: {step.progress_done} of {step.progress_total}")
    names = {step.id: step.name for step in found.steps}
    if run.pipeline_id is not None:
        heads = ["step", "kind", "state", "started", "finished"]
        print_table(
            heads, [[each.name, each.kind, each.state, each.started_at, each.finished_at] for each in found.steps]
        )
    heads = ["step", "attempt", "started", "finished", "end", "memory"]
    rows = [
        [
            names[each.step_id],
            each.fence,
            each.started_at,
            each.finished_at,
            each.exit_reason,
            None if each.peak_bytes is None else readable_size(each.peak_bytes),
        ]
        for each in found.attempts
    ]
    if rows:
        print_table(heads, rows)
    for each in found.attempts:
        if each.log:
            print_line(f"Log of attempt {each.fence} of {names[each.step_id]}:")
            print_lines(each.log.rstrip("\n"))
    if run.result is not None:
        print_json(run.result)


def cancel(id: RunId, store: Store = None, as_json: Json = False) -> None:
    """Stop a run, whether it waits or runs.

    One that waits never starts; one that runs is stopped by its server.

    Example: enstorage run cancel 3
    """
    from enorchestrator import cancel as cancel_run

    _print(cancel_run(id, connector=open_store(store)), as_json=as_json)


def retry(id: RunId, store: Store = None, as_json: Json = False) -> None:
    """Have a run that failed or was cancelled executed again.

    Example: enstorage run retry 3
    """
    from enorchestrator import retry as retry_run

    _print(retry_run(id, connector=open_store(store)), as_json=as_json)


def follow(id: RunId, store: Store = None, as_json: Json = False) -> None:
    """Print the events of a run until it is over.

    The exit status is 1 unless it succeeded. Ctrl-C stops following, not the run.

    Example: enstorage run follow 3
    """
    connector = open_store(store)
    with kept(lambda: f"Run {id} goes on. Stop it: enstorage run cancel {id}"):
        run = _followed(id, connector, as_json=as_json)
    if run.state != "succeeded":
        raise typer.Exit(1)


def _followed(id: int, connector: "Connector", *, as_json: bool) -> "Run":
    from enorchestrator import events
    from enorchestrator.dispatch.read import details, is_over

    after = 0
    while True:
        over = is_over(id, connector=connector)  # read first: a run that is over by then has all of its events
        while found := events(id, after, connector=connector):
            for event in found:
                after = event.id
                _print_event(event, as_json=as_json)
        if over:
            run = details(id, connector=connector).run
            if not as_json:
                print_line(f"Run {run.id}: {_told(run)}")
            return run
        time.sleep(_LOOK_SECONDS)


def _print_event(event: "RunEvent", *, as_json: bool) -> None:
    if as_json:
        print_json({"id": event.id, "at": event.created_at, "kind": event.kind, "data": event.data})
        return
    match event.kind:
        case "state":
            print_line(f"state: {event.data['state']}")
        case "progress":
            print_line(f"{event.data['what']}: {event.data['done']} of {event.data['total']}")
        case "log":
            print_line(event.data["line"])
        case "partial":
            print_line(f"{event.data['name']}: {shortened(event.data['data'], 200)}")
        case "result":
            print_json(event.data)


def _print(run: "Run", *, as_json: bool) -> None:
    print_json(_as_json(run)) if as_json else print_line(f"Run {run.id}: {run.title}. {_told(run)}")


def _told(run: "Run") -> str:
    """A sentence on the state of a run."""
    if run.error is not None:
        return f"It {run.state}: {run.error['detail']}" if run.state == "failed" else f"It was {run.state}."
    if run.cancel_requested_at is not None and run.finished_at is None:
        return "It is being cancelled."
    return {"ready": "It waits.", "running": "It is running.", "cancelled": "It was cancelled."}.get(
        run.state, f"It {run.state}."
    )


def _as_json(run: "Run") -> dict[str, Any]:
    return {**{name: getattr(run, name) for name in _COLUMNS}, "error": run.error}


def _attempt_as_json(attempt: "Attempt") -> dict[str, Any]:
    names = ("step_id", "fence", "executor", "started_at", "finished_at", "exit_reason", "error", "peak_bytes", "log")
    return {name: getattr(attempt, name) for name in names}
