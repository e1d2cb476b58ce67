"""The environment of a computation: machine and libraries. Results can be equal to the bit if both are the same."""

import platform
from pathlib import Path

from enstorage.versions import versions_of

_LIBRARIES = ("enstorage", "numpy", "polars", "scikit-learn", "scipy")


def environment() -> dict[str, str]:
    """The kind of machine, and the versions of Python and of the libraries that compute the results."""
    return {"machine": _machine(), "python": platform.python_version()} | versions_of(_LIBRARIES)


def _machine() -> str:
    """Architecture and processor: libraries choose their instructions by them, which can change the last bits.

    Virtual machines on processors of several generations may have one name, so the numbers of the generation belong to it.
    """
    listed = Path("/proc/cpuinfo")
    first = listed.read_text().partition("\n\n")[0] if listed.exists() else ""
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    numbers = [facts[name] for name in ("cpu family", "model", "stepping", "CPU part") if name in facts]
    return " ".join([platform.machine(), facts.get("model name", platform.processor()), "/".join(numbers)]).strip()
