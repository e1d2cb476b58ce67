"""The empty step of bench_orchestrator.py."""

from enorchestrator import step


@step
def empty(number: int) -> int:
    """Return the number."""
    return number
