"""The commands `run …`: list, show, logs, follow, cancel, retry."""

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.interruption import kept
from enmyadmin.output import (
    Json,
    counted,
    print_json,
    print_line,
    print_lines,
    print_table,
    readable_size,
    shortened,
)

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.ledger import Attempt, Run, RunEvent

RunId = Annotated[int, typer.Argument(help="Id of the run, as `enstorage run list` shows.", metavar="ID", min=1)]

_COLUMNS = ("id", "kind", "title", "state", "created_by", "created_at", "started_at", "finished_at")
_STEP_COLUMNS = ("id", "parent_id", "name", "kind", "state", "started_at", "finished_at")
_LOOK_SECONDS = 0.25
#: Of each log; `run logs` prints more.
_LINES_SHOWN = 20


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
            _print_end(each.log, _LINES_SHOWN)
    if run.result is not None:
        print_json(run.result)


def logs(
    id: RunId,
    step: Annotated[str | None, typer.Option(help="Name of the step; all by default.", show_default=False)] = None,
    attempt: Annotated[
        int | None, typer.Option(min=1, help="Number of the attempt; all by default.", show_default=False)
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="Last lines of each attempt.")] = 1_000,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Print what the attempts of a run printed and logged.

    The last 64 KiB of each attempt are kept, also if its process was killed. Secrets are shown as ***.

    Example: enstorage run logs 3 --step fit
    """
    from enorchestrator import logs as read_logs

    found = read_logs(id, step=step, attempt=attempt, connector=open_store(store))
    if as_json:
        print_json([{**asdict(each), "text": _end(each.text, lines)[0]} for each in found])
        return
    if not found:
        print_line("Nothing was executed yet." if attempt is None else "There is no such attempt.")
    for each in found:
        print_line(f"Attempt {each.fence} of {each.step}, {each.exit_reason or 'running'}:")
        _print_end(each.text, lines)


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

    after, names = 0, _StepNames(id, connector)
    while True:
        over = is_over(id, connector=connector)  # read first: a run that is over by then has all of its events
        while found := events(id, after, connector=connector):
            for event in found:
                after = event.id
                _print_event(event, names.of(event), as_json=as_json)
        if over:
            run = details(id, connector=connector).run
            if not as_json:
                print_line(f"Run {run.id}: {_told(run)}")
            return run
        time.sleep(_LOOK_SECONDS)


class _StepNames:
    """The names of the steps of a pipeline's run; those of parts are known once these are."""

    def __init__(self, id: int, connector: "Connector") -> None:
        self._id, self._connector = id, connector
        self._names: dict[int, str] = {}

    def of(self, event: "RunEvent") -> str:
        """The name of the step that an event belongs to; empty for none, and for work of one step."""
        from enorchestrator.dispatch.read import details

        if event.step_id is None:
            return ""
        if event.step_id not in self._names:
            found = details(self._id, connector=self._connector)
            is_pipeline = found.run.pipeline_id is not None
            self._names = {step.id: step.name if is_pipeline else "" for step in found.steps}
        return self._names.get(event.step_id, "")


def _print_event(event: "RunEvent", step: str, *, as_json: bool) -> None:
    if as_json:
        told = {"id": event.id, "at": event.created_at, "step": step or None, "kind": event.kind, "data": event.data}
        print_json(told)
        return
    of_step = f"{step}: " if step else ""
    match event.kind:
        case "state":
            print_line(f"state: {event.data['state']}")
        case "progress":
            print_line(f"{of_step}{event.data['what']}: {event.data['done']} of {event.data['total']}")
        case "log":
            print_line(f"{of_step}{event.data['line']}")
        case "partial":
            print_line(f"{of_step}{event.data['name']}: {shortened(event.data['data'], 200)}")
        case "result":
            print_json(event.data)


def _end(text: str, lines: int) -> tuple[str, int]:
    """The last lines of a text, and the number of those before them."""
    all_lines = text.rstrip("\n").split("\n")
    return "\n".join(all_lines[-lines:]), max(0, len(all_lines) - lines)


def _print_end(text: str, lines: int) -> None:
    shown, before = _end(text, lines)
    if before:
        print_line(f"({counted(before, 'line')} before)")
    if shown:
        print_lines(shown)


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
