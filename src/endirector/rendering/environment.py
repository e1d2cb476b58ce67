"""The environment of a computation: machine and libraries. Results can be equal to the bit if both are the same."""

import platform
from pathlib import Path

from enstorage.versions import versions_of

_LIBRARIES = ("enstorage", "numpy", "polars", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """The kind of machine, and the versions of Python and of the libraries that compute the results."""
    return {"machine": _machine(), "python": platform.python_version()} | versions_of(_LIBRARIES)


def _machine() -> str:
    """Architecture and processor: libraries choose their instructions by them, which can change the last bits."""
    listed = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in listed.read_text().splitlines() if line.startswith("model name")]
        if listed.exists()
        else []
    )
    return " ".join([platform.machine(), names[0] if names else platform.processor()]).strip()
