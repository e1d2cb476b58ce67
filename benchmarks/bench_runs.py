"""Long work: the time from a submission to its claim, start and end, and the processor time of an idle dispatcher.

Run it on a quiet machine: python benchmarks/bench_runs.py [RUNS]
"""

import statistics
import sys
import tempfile
import time

import psutil

from enorchestrator import Dispatcher, submit
from enorchestrator.dispatch.read import details
from enstorage import Connector

IDLE_SECONDS = 20


def main() -> None:
    """Submit sweeps of an empty store one after the other, then measure while nothing is to be done."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        connector = Connector.in_folder(folder)
        with Dispatcher(connector, workers=1):
            measure(submit("gc", {}).id)  # the child imports what it needs
            claimed, started, over = zip(*(measure(submit("gc", {}).id) for _ in range(count)), strict=True)
            for what, seconds in {"claimed": claimed, "started": started, "over": over}.items():
                print(f"{what} after {1000 * statistics.median(seconds):.0f} ms (most {1000 * max(seconds):.0f} ms)")
            family = [psutil.Process(), *psutil.Process().children(recursive=True)]
            before = [sum(each.cpu_times()[:2]) for each in family]
            time.sleep(IDLE_SECONDS)
            used = [sum(each.cpu_times()[:2]) - earlier for each, earlier in zip(family, before, strict=True)]
            alone, all_of_it = (100 * seconds / IDLE_SECONDS for seconds in (used[0], sum(used)))
            print(f"idle: {alone:.2f} % of a core, with its children {all_of_it:.2f} %")


def measure(run_id: int) -> tuple[float, float, float]:
    """The seconds from the submission of a run to its claim, its start and its end."""
    while (found := details(run_id)).run.finished_at is None:
        time.sleep(0.02)
    run, attempt = found.run, found.attempts[0]
    assert run.started_at is not None
    assert attempt.started_at is not None
    assert run.finished_at is not None
    moments = (run.started_at, attempt.started_at, run.finished_at)
    claimed, started, over = ((each - run.created_at).total_seconds() for each in moments)
    return claimed, started, over


if __name__ == "__main__":
    main()
