"""The work of bench_orchestrator.py, done by Prefect on SQLite: python peer_orchestrator_prefect.py STEPS."""

import json
import logging
import os
import sys
import tempfile
import time

HOME = tempfile.mkdtemp()
os.environ |= {
    "PREFECT_HOME": HOME,
    "PREFECT_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "DO_NOT_TRACK": "1",
}
BEGAN = time.perf_counter()

import prefect
from prefect import flow, task

BODIES: list[float] = []


@task
def empty(number: int) -> int:
    return number


@flow
def loop(count: int) -> int:
    BODIES.append(time.perf_counter())
    return sum(empty(number) for number in range(count))


def main() -> None:
    count = int(sys.argv[1])
    logging.disable(logging.CRITICAL)  # its server complains when it is stopped
    imported = time.perf_counter() - BEGAN
    loop(5)
    start = BODIES[0] - BEGAN - imported
    cpu, began = time.process_time(), time.perf_counter()
    loop(count)
    steps, cpu = time.perf_counter() - began, time.process_time() - cpu
    told = {"start": start, "step": steps / count, "step_cpu": cpu / count}
    print(json.dumps({"version": prefect.__version__, **told}), flush=True)


if __name__ == "__main__":
    main()
