"""The work of bench_orchestrator.py, done by DBOS on SQLite: python peer_orchestrator_dbos.py STEPS."""

import json
import sys
import tempfile
import time
from importlib.metadata import version

from dbos import DBOS


@DBOS.step()
def empty(number: int) -> int:
    return number


@DBOS.workflow()
def loop(count: int) -> int:
    return sum(empty(number) for number in range(count))


@DBOS.workflow()
def begun() -> float:
    return time.time()


def queued(at_once: int, count: int, poll: float) -> tuple[float, float]:
    """Seconds of an empty workflow through a queue, with putting it there: by the clock, and of the processor."""
    queue = DBOS.register_queue(f"{at_once} at once, {poll}", concurrency=at_once, polling_interval_sec=poll)
    queue.enqueue(begun).get_result(polling_interval_sec=poll)
    began, cpu = time.perf_counter(), time.process_time()
    for handle in [queue.enqueue(begun) for _ in range(count)]:
        handle.get_result(polling_interval_sec=poll)
    return (time.perf_counter() - began) / count, (time.process_time() - cpu) / count


def main() -> None:
    count = int(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        url = f"sqlite:///{folder}/dbos.sqlite"
        DBOS(config={"name": "bench", "system_database_url": url, "log_level": "ERROR"})
        DBOS.launch()
        start = time.perf_counter() - began
        queue = DBOS.register_queue("empty", concurrency=2, polling_interval_sec=0.05)
        loop(5)
        cpu, began = time.process_time(), time.perf_counter()
        loop(count)
        steps, cpu = time.perf_counter() - began, time.process_time() - cpu
        picked = []
        for _ in range(10):
            asked = time.time()
            picked.append(queue.enqueue(begun).get_result() - asked)
        slow = queued(2, count // 4, 0.05)[0]
        fast = {each: queued(each, count // 4, 0.001) for each in (1, 2, 8)}
        DBOS.destroy()
    told = {"start": start, "step": steps / count, "step_cpu": cpu / count, "pick_up": sorted(picked)[len(picked) // 2]}
    print(json.dumps({"version": version("dbos"), "queued": slow, "tuned": fast, **told}))


if __name__ == "__main__":
    main()
