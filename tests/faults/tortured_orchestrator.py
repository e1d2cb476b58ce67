"""An orchestrator that is going to be killed: python tortured_orchestrator.py DATABASE SERIES OBJECTS EXECUTOR SEED.

With a seed its clock jumps by up to two hours, back and forth, several times a second.
"""

import random
import sys
import threading
import time
from datetime import datetime, timedelta

from enstorage.ledger import base


def jump(seed):
    """Have the clock of this process jump."""
    chance, off, now, seconds = random.Random(seed), [0.0], base.now, time.time

    def jumping() -> datetime:
        return now() + timedelta(seconds=off[0])

    def run():
        while True:
            off[0] = chance.uniform(-7200, 7200)
            time.sleep(0.3)

    base.now = jumping
    time.time = lambda: seconds() + off[0]
    threading.Thread(target=run, daemon=True).start()


def main():
    *urls, executor, seed = sys.argv[1:]
    if seed:
        jump(seed)  # before the modules that import the function
    from enorchestrator import Orchestrator
    from enorchestrator.executor.dask import DaskExecutor
    from enorchestrator.executor.local import LocalExecutor
    from enorchestrator.notification import notifier, outbox
    from enstorage import Connector

    notifier.LOOK_SECONDS = 0.3
    outbox.CLAIM = timedelta(seconds=8)
    with Orchestrator(Connector(*urls), 2, executor=DaskExecutor if executor == "dask" else LocalExecutor) as made:
        print("at work", flush=True)
        made.wait()


if __name__ == "__main__":
    main()
