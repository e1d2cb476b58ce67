"""The environment of a computation: machine and libraries. Where both are the same, bits can be."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = ("enstorage", "numpy", "polars", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """The kind of machine, and the versions of Python and of what computes here."""
    found = {"machine": _machine(), "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _machine() -> str:
    """Architecture and processor: on them depends which instructions a library takes, and so the last bits."""
    listed = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in listed.read_text().splitlines() if line.startswith("model name")]
        if listed.exists()
        else []
    )
    return " ".join([platform.machine(), names[0] if names else platform.processor()]).strip()
