"""The environment of a computation: machine and libraries. Where both are the same, bits can be."""

import platform
from pathlib import Path

from enstorage.versions import versions_of

_LIBRARIES = ("enstorage", "numpy", "polars", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """The kind of machine, and the versions of Python and of what computes here."""
    return {"machine": _machine(), "python": platform.python_version()} | versions_of(_LIBRARIES)


def _machine() -> str:
    """Architecture and processor: on them depends which instructions a library takes, and so the last bits."""
    listed = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in listed.read_text().splitlines() if line.startswith("model name")]
        if listed.exists()
        else []
    )
    return " ".join([platform.machine(), names[0] if names else platform.processor()]).strip()
