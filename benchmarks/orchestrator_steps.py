"""The empty step of bench_orchestrator.py, and its empty call."""

from typing import Any

from enorchestrator import step


@step
def empty(number: int) -> int:
    """Return the number."""
    return number


def nothing(_told_to_stop: Any) -> None:
    """An empty call."""
