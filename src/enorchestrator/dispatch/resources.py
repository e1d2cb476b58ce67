"""`Resources`: what a machine has for steps, and what steps take of it."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

import psutil

from enorchestrator.task.disk import free_mb
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.settings import resource

Needs = dict[str, float]
_MEGABYTE = 1_000_000
_WORDS = {"cpus": "processor cores", "gpus": "GPUs", "memory_mb": "MB of memory", "disk_mb": "MB of free disk space"}


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of a machine, for steps.

    Attributes:
        cpus: processor cores.
        gpus: graphics processors.
        memory_mb: memory, in 1,000,000 bytes.
        disk_mb: free space at the store, in 1,000,000 bytes.
    """

    cpus: float
    gpus: float
    memory_mb: float
    disk_mb: float

    @classmethod
    def here(cls, connector: Connector) -> Self:
        """The resources of this machine; settings such as `ENSTORAGE_GPUS` take precedence over what is found.

        Raises:
            InvalidInputError: a setting is no number of at least 0.
        """
        given = {each.name: resource(each.name) for each in fields(cls)}
        found = {
            "cpus": float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
            "gpus": float(len(list(Path("/dev").glob("nvidia[0-9]*")))),
            "memory_mb": psutil.virtual_memory().total / _MEGABYTE,
            "disk_mb": free_mb(connector),
        }
        return cls(**{name: value if given[name] is None else float(given[name] or 0) for name, value in found.items()})

    def check(self, needs: Mapping[str, Any] | None, step: str) -> None:
        """Raise an error for needs that this machine can never meet.

        Raises:
            InvalidInputError: it cannot; `field` names the resource.
        """
        have = asdict(self)
        for name, wanted in (needs or {}).items():
            if wanted > have[name]:
                raise InvalidInputError(
                    f"The step {step} asks for {wanted:g} {_WORDS[name]}; expected at most {have[name]:g}, which there are. "
                    f"Ask for less, or set ENSTORAGE_{name.upper()} where a larger machine executes it.",
                    field=f"steps.{step}.resources.{name}",
                )


class Ledger:
    """The free resources of a machine: its resources less those that running steps take.

    Args:
        resources: of the machine.
        taken: the needs of the steps that run there.
    """

    def __init__(self, resources: Resources, taken: list[Mapping[str, float]]) -> None:
        self._free = asdict(resources)
        for needs in taken:
            self._take(needs)

    def reserve(self, needs: Mapping[str, float]) -> bool:
        """Reserve what a step needs; false if it is not free.

        What is lacking is kept for that step: those behind it do not overtake it by what it waits for.
        """
        is_free = all(wanted <= self._free[name] for name, wanted in needs.items())
        self._take(needs)
        return is_free

    def _take(self, needs: Mapping[str, float]) -> None:
        for name, wanted in needs.items():
            self._free[name] -= wanted
