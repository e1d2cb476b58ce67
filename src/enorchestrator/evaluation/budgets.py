"""Budgets: how long a version takes for a forecast, and how much memory, in a process of its own."""

import json
import subprocess
import sys
import time
import warnings
from typing import TYPE_CHECKING

from enstorage import Connector, Ensemble
from enstorage.errors import EnstorageError, NotSupportedError

if TYPE_CHECKING:
    from enstorage import Model

#: The fastest of so many counts: the first one also compiles and reads.
_TIMES = 3
_TIMEOUT_SECONDS = 600
_MEGABYTE = 1_000_000


class MeasurementError(EnstorageError):
    """A measurement failed, which says nothing of what was to be measured."""


def latency_seconds(entity: "Ensemble | Model", horizon: int) -> float:
    """The time of a forecast of so many steps by objects that are loaded anew, the fastest of three."""
    taken = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        forecast_once(entity, horizon)
        taken.append(time.perf_counter() - began)
    return min(taken)


def memory_mb(entity: "Ensemble | Model", horizon: int, connector: Connector) -> float:
    """The largest resident memory of a new process that opens the store and makes a forecast, in millions of bytes.

    Raises:
        MeasurementError: the process failed.
        NotSupportedError: the store is in the memory of this process.
    """
    if "memory" in {each.partition(":")[0] for each in connector.settings}:
        raise NotSupportedError(
            "The memory of a version is measured in another process, which cannot open a store in the memory of this one. "
            "Use a store in a folder or on a server, or gates without memory_mb."
        )
    asked = {"settings": [*connector.settings], "entity": entity.__tablename__, "id": entity.id, "horizon": horizon}
    done = subprocess.run(  # noqa: S603 - this interpreter, this module
        [sys.executable, "-m", __spec__.name],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise MeasurementError(
            f"The process that measures memory failed: {last[:200]}. Look whether the version forecasts."
        )
    return float(done.stdout.strip().splitlines()[-1])


def forecast_once(entity: "Ensemble | Model", horizon: int) -> None:
    """Make a forecast of the steps after the data, and throw it away."""
    import endirector
    import entrainer

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(entity, Ensemble):
            endirector.forecast(entity, horizon, levels=(), progress=False)
        else:
            entrainer.forecast(entity, horizon, levels=())


def _main() -> None:
    from enorchestrator.registry.content import entity_of

    asked = json.load(sys.stdin)
    with Connector(*asked["settings"]) as connector:
        forecast_once(entity_of(asked["entity"], asked["id"], connector), asked["horizon"])
    sys.stdout.write(f"\n{_peak_bytes() / _MEGABYTE}\n")


def _peak_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    _main()
