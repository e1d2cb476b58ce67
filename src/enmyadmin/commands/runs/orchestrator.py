"""The commands `orchestrator …`: start, status, stop."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.output import Json, counted, print_json, print_line, print_table, shortened
from enstorage.errors import InvalidInputError, StoreError

if TYPE_CHECKING:
    from enorchestrator import OrchestratorStatus
    from enorchestrator.executor.base import ExecutorFactory

_STARTS_WITHIN_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_MOST_OF_LOG = 2_000


class ExecutorName(StrEnum):
    """The executors, as the command names them."""

    LOCAL = "local"
    DASK = "dask"


def start(
    workers: Annotated[int, typer.Option(min=1, help="Largest number of steps executed at once.")] = 2,
    executor: Annotated[
        ExecutorName, typer.Option(help="What executes steps: child processes, or workers of Dask.")
    ] = ExecutorName.LOCAL,
    scheduler: Annotated[
        str | None,
        typer.Option(
            help="Of Dask, such as tcp://10.0.0.5:8786; by default workers of this machine.", show_default=False
        ),
    ] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds that what runs has to end after Ctrl-C or TERM.")] = 10.0,
    wall_time: Annotated[
        float | None,
        typer.Option(
            min=0, help="Seconds after which this process is killed, as by a batch system.", show_default=False
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", help="Start it in the background, and return once it is at work.")
    ] = False,
    log: Annotated[
        Path | None, typer.Option(help="With --detach: file for its messages.", dir_okay=False, show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Execute runs and schedules of a store until stopped.

    With --wall-time it stops by itself, --grace seconds before it would be killed.
    Servers (`enstorage serve`) do the same unless they are started with --workers 0. Several may work on one store.
    A second Ctrl-C stops at once; what was running is then executed again by the next one.

    Example: enstorage orchestrator start --workers 4
    """
    from enorchestrator import Orchestrator

    if scheduler is not None and executor is not ExecutorName.DASK:
        raise InvalidInputError(
            f"--scheduler is {scheduler}, and --executor {executor.value}; expected dask. Add --executor dask.",
            field="scheduler",
        )
    near_its_end = float("inf") if wall_time is None else time.monotonic() + max(0.0, wall_time - grace)
    connector = open_store(store)
    if detach:
        options = ["--executor", executor.value, "--grace", str(grace)]
        options += [] if scheduler is None else ["--scheduler", scheduler]
        options += [] if wall_time is None else ["--wall-time", str(wall_time)]
        _start_detached(store, workers, options, log, as_json=as_json)
        return
    with _signals() as asked:
        orchestrator = Orchestrator(connector, workers, executor=_executor(executor, scheduler)).start()
        told = {"pid": os.getpid(), "workers": workers}
        print_json(told) if as_json else print_line(
            f"The orchestrator is at work with {counted(workers, 'worker')}, process {os.getpid()}. "
            "Stop it: Ctrl-C, or enstorage orchestrator stop"
        )
        seconds: float | None = grace
        while not asked.is_set() and time.monotonic() < near_its_end:
            if orchestrator.wait(_LOOK_SECONDS):
                seconds = None
                break
        asked.clear()
        _stop(orchestrator.stop, seconds, asked)
    print_line("The orchestrator has stopped.", err=as_json)


def status(store: Store = None, as_json: Json = False) -> None:
    """Show who is at work, what is executed, and what waits.

    The exit status is 1 where nobody is at work.

    Example: enstorage orchestrator status
    """
    from enorchestrator import orchestrator_status

    found = orchestrator_status(connector=open_store(store))
    if as_json:
        print_json({"is_at_work": found.is_at_work, **asdict(found)})
    else:
        _print(found)
    if not found.is_at_work:
        raise typer.Exit(1)


def stop(
    grace: Annotated[float, typer.Option(min=0, help="Seconds that what runs has to end; then it is stopped.")] = 60.0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Stop the orchestrators when what they execute is done.

    What still runs after --grace is stopped, and executed again by the next one. Servers go on.

    Example: enstorage orchestrator stop --grace 600
    """
    from enorchestrator import stop_orchestrators

    stopped = stop_orchestrators(grace, connector=open_store(store))
    if as_json:
        print_json([{"host": each.host, "pid": each.pid} for each in stopped])
    elif stopped:
        print_line(f"Stopped {counted(len(stopped), 'orchestrator')}.")
    else:
        print_line("No orchestrator is at work.")


def _executor(name: ExecutorName, scheduler: str | None) -> "ExecutorFactory":
    if name is ExecutorName.DASK:
        from enorchestrator.executor.dask import DaskExecutor

        return partial(DaskExecutor, scheduler=scheduler)
    from enorchestrator.executor.local import LocalExecutor

    return LocalExecutor


def _start_detached(store: Path | None, workers: int, options: list[str], log: Path | None, *, as_json: bool) -> None:
    """Start the command again as a process of its own session, and wait until it is at work."""
    log = log or Path("enstorage-orchestrator.log")
    command = [sys.executable, "-m", "enstorage", "orchestrator", "start", "--workers", str(workers), "--json"]
    command += [*options, *(() if store is None else ("--store", str(store)))]
    try:
        with log.open("ab") as target:
            begins = target.tell()
            process = subprocess.Popen(  # noqa: S603 - this program
                command, stdin=subprocess.DEVNULL, stdout=target, stderr=subprocess.STDOUT, start_new_session=True
            )
    except OSError as error:
        raise StoreError(f"The file {log} cannot be written: {error.strerror}. Name another one with --log.") from None
    end = time.monotonic() + _STARTS_WITHIN_SECONDS
    while b'"pid"' not in (told := _written(log, begins)):
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise StoreError(
                f"The orchestrator did not start: {told.decode(errors='replace').strip()[-_MOST_OF_LOG:]} Its messages are "
                f"in {log}."
            )
        time.sleep(_LOOK_SECONDS)
    if as_json:
        print_json({"pid": process.pid, "workers": workers, "log": str(log)})
    else:
        print_line(
            f"The orchestrator is at work with {counted(workers, 'worker')}, process {process.pid}; its messages are in "
            f"{log}. Stop it: enstorage orchestrator stop"
        )


def _written(log: Path, begins: int) -> bytes:
    with log.open("rb") as file:
        file.seek(begins)
        return file.read(_MOST_OF_LOG * 10)


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and TERM set inside the block."""
    asked = threading.Event()
    before = {each: signal.signal(each, lambda *_: asked.set()) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _stop(stop: Callable[[float | None], None], seconds: float | None, at_once: threading.Event) -> None:
    """Stop within some seconds, or at once when it is asked for again."""
    thread = threading.Thread(target=stop, args=(seconds,), daemon=True)
    thread.start()
    while thread.is_alive() and not at_once.is_set():
        thread.join(_LOOK_SECONDS)


def _print(found: "OrchestratorStatus") -> None:
    if found.dispatchers:
        heads = ["process", "machine", "program", "state", "workers", "since", "heartbeat"]
        rows = [
            [each.pid, each.host, each.program, each.state, each.workers, each.started_at, each.heartbeat_at]
            for each in found.dispatchers
        ]
        print_table(heads, rows)
    if not found.is_at_work:
        print_line("Nobody executes runs of this store. Start one: enstorage orchestrator start --detach")
    queue = found.queue
    waits = f", the oldest since {queue.oldest_ready_at:%Y-%m-%d %H:%M:%SZ}" if queue.oldest_ready_at else ""
    print_line(
        f"Steps: {queue.running} executed, {queue.ready} ready{waits}, {queue.delayed} tried again later, "
        f"{queue.waiting} waiting for others."
    )
    if found.children:
        print_table(
            ["run", "step", "kind", "process", "since", "progress"],
            [
                [each.run_id, each.step, each.kind, each.pid, each.started_at, shortened(each.progress)]
                for each in found.children
            ],
        )
    if found.next_at is not None:
        print_line(f"{counted(found.schedules, 'schedule')}; the next time is {found.next_at:%Y-%m-%d %H:%M:%SZ}.")
