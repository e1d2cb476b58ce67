"""Steps of the orchestrator whose processes are killed."""

import os
import time
from pathlib import Path

from enorchestrator.python import step


def note(folder: str, text: str) -> None:
    """Add a line to the file of executions, in one write."""
    handle = os.open(Path(folder) / "executed", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(handle, f"{text}\n".encode())
    os.close(handle)


@step
def numbers(first: int, count: int) -> list[int]:
    """So many numbers."""
    return list(range(first, first + count))


@step
def square(folder: str, number: int, milliseconds: int) -> int:
    """The square of a number, after a while."""
    note(folder, f"begun {number}")
    time.sleep(milliseconds * (1 + number % 7) / 4000)
    note(folder, f"ended {number}")
    return number**2


@step
def total(values: list[int]) -> int:
    """The sum."""
    return sum(values)
