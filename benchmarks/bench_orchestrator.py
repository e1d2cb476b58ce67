"""The orchestrator, beside DBOS, Prefect and bare Dask: start, durable steps, pick-up, empty steps, a long queue, idleness.

Run it on a quiet machine: python benchmarks/bench_orchestrator.py [--steps 400] [--queued 100000] [--no-peers]
"""

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
os.environ["ENSTORAGE_STEP_MODULES"] = "orchestrator_steps"
os.environ["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])

import psutil

from enorchestrator import Dispatcher, PipelineDefinition, Timing, run_pipeline, save_pipeline, submit
from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.queue import claim
from enorchestrator.dispatch.read import details, is_over
from enorchestrator.task.claim import ProcessEnd, WorkOutcome
from enorchestrator.task.settle import settle
from enstorage import Connector
from peers import NotRun, run_peer
from tables import Line, show

IDLE_SECONDS = 20
PARTS = {
    "name": "parts",
    "parameters": {"numbers": {"type": "integer[]"}},
    "steps": {
        "parts": {
            "kind": "orchestrator_steps:empty",
            "for_each": "${numbers}",
            "with": {"number": "${each}"},
        }
    },
}
SHELL = """
import time
began = time.perf_counter()
import sys
from enorchestrator import Dispatcher
from enstorage import Connector
if __name__ == "__main__":
    with Dispatcher(Connector.in_folder(sys.argv[1])):
        print(time.perf_counter() - began)
"""
FRESH = """
import statistics
import threading
import time
from enorchestrator import Limits
from enorchestrator.task.supervisor import Supervisor
from orchestrator_steps import nothing
taken = []
for _ in range(5):
    over = threading.Event()
    began = time.perf_counter()
    supervisor = Supervisor(1, Limits(), over.set)
    supervisor.start("empty", nothing)
    over.wait()
    taken.append(time.perf_counter() - began)
    supervisor.stop()
print(statistics.median(taken))
"""
SUBMIT = """
import sys
from enorchestrator import submit
from enstorage import Connector
connector = Connector.in_folder(sys.argv[1])
for line in sys.stdin:
    print(submit("orchestrator_steps:empty", {"number": 1}).id, flush=True)
"""


@contextmanager
def store() -> Iterator[Connector]:
    with tempfile.TemporaryDirectory() as folder:
        connector = Connector.in_folder(folder)
        save_pipeline(PipelineDefinition.read(PARTS), connector=connector)
        yield connector
        connector.close()


def start() -> tuple[float, float]:
    """Seconds of a dispatcher until it is at work, after imports, and of a process with one."""
    with store() as connector:
        began = time.perf_counter()
        with Dispatcher(connector):
            here = time.perf_counter() - began
        folder = str(Path(connector.settings.objects.removeprefix("file:")).parent)
        told = [
            float(
                subprocess.run([sys.executable, "-c", SHELL, folder], capture_output=True, text=True, check=True).stdout
            )
            for _ in range(3)
        ]
    return here, statistics.median(told)


def durable(connector: Connector, count: int, at_once: int) -> tuple[float, float]:
    """Seconds, by the clock and of the processor, in which a step is claimed, fenced, committed and joined."""
    owner, ends = Owner.here(99), []
    done, began, used = 0, time.perf_counter(), time.process_time()
    while done < count:
        with connector.database.changing() as connection:
            if ends:
                settle(connection, ends, Timing())
            claims = claim(connection, owner, "none", at_once, 45.0)
        ends = [(each, ProcessEnd("returned", outcome=WorkOutcome("succeeded", {"result": 1}))) for each in claims]
        done += len(claims)
    return (time.perf_counter() - began) / done, (time.process_time() - used) / done


def bare_loop(count: int) -> float:
    """Seconds of a step by `sqlite3` alone: claim, fence, complete and event, in two transactions that wait for the disk."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        connection.execute("CREATE TABLE step (id INTEGER PRIMARY KEY, state TEXT, fence INTEGER, outputs TEXT)")
        connection.execute("CREATE TABLE outbox (id INTEGER PRIMARY KEY, step INTEGER, what TEXT)")
        connection.execute("CREATE INDEX by_state ON step (state)")
        connection.executemany("INSERT INTO step VALUES (?, 'ready', 0, NULL)", [(each,) for each in range(count)])
        began = time.perf_counter()
        for _ in range(count):
            connection.execute("BEGIN IMMEDIATE")
            ((step, fence),) = connection.execute("SELECT id, fence FROM step WHERE state = 'ready' LIMIT 1").fetchall()
            connection.execute("UPDATE step SET state = 'running', fence = fence + 1 WHERE id = ?", (step,))
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(
                "UPDATE step SET state = 'succeeded', outputs = '1' WHERE id = ? AND fence = ? AND state = 'running'",
                (step, fence + 1),
            )
            connection.execute("INSERT INTO outbox (step, what) VALUES (?, 'succeeded')", (step,))
            connection.execute("COMMIT")
        taken = (time.perf_counter() - began) / count
        connection.close()
    return taken


def pick_up(ask: Callable[[], int], connector: Connector, tries: int) -> float:
    """Median seconds from a submission to its claim."""
    taken = []
    for _ in range(tries):
        run_id = ask()
        while not is_over(run_id, connector=connector):
            time.sleep(0.02)
        run = details(run_id, connector=connector).run
        assert run.started_at is not None
        taken.append((run.started_at - run.created_at).total_seconds())
        time.sleep(0.3)  # until it is idle again
    return statistics.median(taken)


def empty_steps(connector: Connector, count: int) -> tuple[float, float]:
    """Seconds of an empty step in one of two reused children, by the clock and of the dispatcher's processor."""
    began, used = time.perf_counter(), time.process_time()
    run = run_pipeline("parts", {"numbers": list(range(count))}, connector=connector)
    while not is_over(run.id, connector=connector):
        time.sleep(0.05)
    return (time.perf_counter() - began) / count, (time.process_time() - used) / count


def fresh_child() -> float:
    """Median seconds until a new child has executed an empty call; the process that it is forked from is there.

    A child imports the main program again, so this is measured in one that has nothing to import.
    """
    return float(subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True, check=True).stdout)


def idle() -> float:
    """Percent of a core that this process takes while nothing is to be done."""
    before = sum(psutil.Process().cpu_times()[:2])
    time.sleep(IDLE_SECONDS)
    return 100 * (sum(psutil.Process().cpu_times()[:2]) - before) / IDLE_SECONDS


def peer(name: str, package: str, steps: int, notes: list[str]) -> dict[str, float]:
    """The figures of a peer; none if it cannot be installed or run here, which a note tells."""
    try:
        found = run_peer(
            f"peer_orchestrator_{name}.py", str(steps), packages=(package,), environment=f"peer_orchestrator_{package}"
        )
    except (NotRun, subprocess.CalledProcessError) as error:
        notes.append(f"{name} was not run: {error}")
        return {}
    notes.append(f"{package} {found.pop('version')}, in an environment of its own.")
    return found


def main() -> None:
    """Measure, and print a table for each peer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--queued", type=int, default=100_000)
    parser.add_argument("--no-peers", action="store_true")
    asked = parser.parse_args()
    notes: list[str] = []
    here, shell = start()
    figures = {}
    with store() as connector:
        for queued in (4 * asked.steps, asked.queued):
            run_pipeline("parts", {"numbers": list(range(queued))}, connector=connector)
            figures[queued] = {each: durable(connector, asked.steps, each) for each in (1, 2, 8)}
    bare = bare_loop(asked.steps)
    with store() as connector:
        folder = str(Path(connector.settings.objects.removeprefix("file:")).parent)
        with Dispatcher(connector, workers=2):
            empty_steps(connector, 20)
            wall, used = empty_steps(connector, asked.steps)
            own = pick_up(
                lambda: submit("orchestrator_steps:empty", {"number": 1}, connector=connector).id, connector, 10
            )
            other = subprocess.Popen(
                [sys.executable, "-c", SUBMIT, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            assert other.stdin is not None
            assert other.stdout is not None

            def ask() -> int:
                other.stdin.write("\n")
                other.stdin.flush()
                return int(other.stdout.readline())

            foreign = pick_up(ask, connector, 10)
            other.stdin.close()
            other.wait()
            share = idle()
    fresh = fresh_child()
    dask, dbos, prefect = (
        ({}, {}, {})
        if asked.no_peers
        else (
            peer("dask", "distributed", asked.steps, notes),
            peer("dbos", "dbos", asked.steps, notes),
            peer("prefect", "prefect", asked.steps // 4, notes),
        )
    )

    def ms(seconds: float | None) -> float | None:
        return None if seconds is None else 1000 * seconds

    queue = {int(each): taken for each, taken in dbos.get("tuned", {}).items()}
    few, many = figures[4 * asked.steps], figures[asked.queued]
    show(
        "The orchestrator, beside DBOS",
        [
            Line("start of a dispatcher", "s", here, dbos.get("start"), goal="≤ 0.3 s"),
            Line("start of a process with one, and its imports", "s", shell, goal="≤ 1 s"),
            *(
                Line(
                    f"durable step, {each} at once", "ms", 1000 * few[each][0], ms(dbos.get("step")), ms(bare), "≤ 1 ms"
                )
                for each in few
            ),
            *(
                Line(f"the same, of the processor, {each} at once", "ms", 1000 * few[each][1], ms(dbos.get("step_cpu")))
                for each in few
            ),
            *(
                Line(f"the same, {each} at once, beside a queue", "ms", 1000 * few[each][0], ms(queue[each][0]))
                for each in few
                if queue
            ),
            *(
                Line(f"the same, of the processor, {each} at once", "ms", 1000 * few[each][1], ms(queue[each][1]))
                for each in few
                if queue
            ),
            Line(f"durable step, 8 at once, {asked.queued:,} queued", "ms", 1000 * many[8][0]),
            Line("the same, of the processor", "ms", 1000 * many[8][1]),
            Line("empty step in a reused child, 2 children", "ms", 1000 * wall, ms(dbos.get("queued")), goal="≤ 5 ms"),
            Line("the same, of the dispatcher's processor", "ms", 1000 * used),
            Line("empty call in a fresh child", "ms", 1000 * fresh, goal="≤ 80 ms"),
            Line("pick-up, submitted in the same process", "ms", 1000 * own, ms(dbos.get("pick_up")), goal="≤ 50 ms"),
            Line("pick-up, submitted in another process", "ms", 1000 * foreign, goal="≤ 50 ms"),
            Line("idle dispatcher", "% of a core", share, goal="< 1 %"),
        ],
        [
            "Bare: claim, fence, completion and event by sqlite3, two transactions a step. All wait for the disk.",
            "DBOS: a step of a workflow, which waits in no queue and is claimed by nobody; beside a queue: an empty",
            "workflow through a queue that is polled each millisecond; in the line of empty steps each 50 ms, 2 at once.",
            *notes,
        ],
    )
    show(
        "The same, beside Prefect, and beside bare Dask, which keeps nothing",
        [
            Line("start", "s", here, prefect.get("start"), dask.get("start")),
            Line("empty step, 2 children", "ms", 1000 * wall, ms(prefect.get("step")), ms(dask.get("step"))),
        ],
        ["Prefect: tasks of a flow, one after the other, in its own process."],
    )


if __name__ == "__main__":
    main()
