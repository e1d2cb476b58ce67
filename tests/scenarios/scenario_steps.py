"""Steps that the scenarios execute in child processes. Each notes in a file that it was executed."""

import ctypes
import logging
import os
import signal
import sys
import time
import warnings
from pathlib import Path

from enorchestrator.python import add_step, each, pipeline, step
from enorchestrator.work.kind import Partial
from enstorage import Connector, DataSource
from enstorage.database.database import Database
from enstorage.errors import CancelledError, InvalidInputError, StoreError
from enstorage.progress import Progress


def note(folder: str, text: str) -> None:
    """Add a line to the file of executions."""
    with (Path(folder) / "executed").open("a") as file:
        file.write(f"{text}\n")


@step
def work(folder: str, name: str, after: list[str] | None = None) -> str:
    """Note the name and return it."""
    note(folder, name)
    return name


@step
def numbers(count: int) -> list[int]:
    """The numbers from 1."""
    return list(range(1, count + 1))


@step
def square(folder: str, number: int, broken: int = 0) -> int:
    """The square of a number; of one it is an error."""
    note(folder, f"square {number}")
    if number == broken:
        raise InvalidInputError(f"The number {number} is broken. Take another one.")
    return number**2


@step
def total(folder: str, values: list[int]) -> int:
    """The sum."""
    note(folder, f"total of {len(values)}")
    return sum(values)


@step
def poison(folder: str) -> None:
    """Kill the own process."""
    note(folder, "poison")
    os.kill(os.getpid(), signal.SIGKILL)


@step
def flaky(folder: str, failures: int) -> int:
    """Fail as a server does that is away, so many times; returns the number of executions."""
    note(folder, "flaky")
    executions = (Path(folder) / "executed").read_text().count("flaky")
    if executions <= failures:
        raise StoreError("The server answered 503. Try again later.")
    return executions


@step
def until(folder: str, name: str, progress: Progress) -> str:
    """Wait until a file of that name is there, or until it is asked to stop."""
    note(folder, f"begun {name}")
    while not (Path(folder) / name).exists():
        if progress("Waiting", 0, 1):
            raise CancelledError("Stopped.")
        time.sleep(0.01)
    return name


@step
def stubborn(folder: str, name: str) -> str:
    """Wait until a file of that name is there, and ask for nothing meanwhile."""
    note(folder, f"begun {name}")
    while not (Path(folder) / name).exists():
        time.sleep(0.01)
    note(folder, f"end of {name}")
    return name


@step
def holds_the_interpreter(folder: str) -> None:
    """Call C that does not let go of the interpreter."""
    note(folder, "holds")
    ctypes.PyDLL(None).sleep(60)


@step
def takes_memory(folder: str, megabytes: int) -> int:
    """Take so much memory for a while."""
    note(folder, f"takes {megabytes}")
    kept = bytearray(megabytes * 1_000_000)
    kept[::4096] = b"x" * len(kept[::4096])
    time.sleep(2.5)
    return megabytes


@step
def exclusive(folder: str, name: str) -> str:
    """Note when it begins and when it ends."""
    note(folder, f"begun {name}")
    time.sleep(0.3)
    note(folder, f"end of {name}")
    return name


@step
def reports(folder: str, progress: Progress) -> str:
    """Report 40 of 100, and wait until the file `go` is there."""
    note(folder, "reports")
    progress("Working", 40, 100)
    while not (Path(folder) / "go").exists():
        time.sleep(0.01)
    return "done"


@step
def mended(folder: str) -> str:
    """Work once the file `mended` is there."""
    note(folder, "mended")
    if not (Path(folder) / "mended").exists():
        raise InvalidInputError("The file is not mended. Mend it.")
    return "whole"


@step
def name_of(source: DataSource) -> str:
    """The name of a source."""
    return source.name


@step
def last_words(folder: str) -> None:
    """Print to both outputs, and kill the own process."""
    note(folder, "last words")
    print("a word on standard output", flush=True)
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


@step
def flood(folder: str, lines: int) -> None:
    """Print very many lines."""
    for number in range(lines):
        print(f"line {number:>100}")
    logging.getLogger("flood").warning("The flood is over.")


@step
def tell_secrets(folder: str, fails: bool, progress: Progress, partial: Partial) -> None:
    """Tell the password of a service in every way that there is."""
    secret = os.environ["SCENARIO_PASSWORD"]
    print(f"connecting with {secret}")
    print("to postgresql://olga:t0p-in-a-url@db.example.org/energy")
    sys.stderr.write('{"api_key": "an-assigned-value", "user": "olga"}\n')
    os.write(2, f"Authorization: Bearer {secret[::-1]}\n".encode())
    logging.getLogger("service").warning("The service was asked with %s.", secret)
    warnings.warn(f"{secret} is old", stacklevel=1)
    progress(f"Asking with {secret}", 1, 2)
    partial("answer", {"asked": [f"password={secret}"]})
    time.sleep(0.6)
    if fails:
        raise InvalidInputError(f"The service refused the password {secret}. Take another one.")


@pipeline(name="squares")
def squares(folder: str, count: int, power: float = 2.0):
    """Squares of numbers, side by side, and their sum."""
    first = numbers(count=count)
    squared = add_step(square, for_each=first, folder=folder, number=each)
    summed = total(folder, squared.result)
    add_step(work, step="last", folder=folder, name="last", needs=[summed])


@step
def kill_at_the_commit(folder: str, entity: str, moment: str) -> None:
    """Have this process killed right before or right after the commit of the transaction that makes such a record."""
    commit = Database._commit

    def commit_and_die(database, session, *whole):
        made = [type(each).__name__ for each in session.info.get("made", ())]
        if moment == "after" or entity not in made:
            commit(database, session, *whole)
        if entity in made:
            note(folder, f"killed {moment}")
            os.kill(os.getpid(), signal.SIGKILL)

    Database._commit = commit_and_die


@step
def writes_an_object(folder: str, connector: Connector) -> None:
    """Write an object, once the file `write` is there."""
    note(folder, "begun")
    while not (Path(folder) / "write").exists():
        time.sleep(0.01)
    connector.put([b"an object"])
    note(folder, "written")


@step
def warns_often(folder: str) -> None:
    """Raise the same warnings in many places, and another one."""
    for number in range(50):
        place = f"library_{number}.py", number + 1
        warnings.warn_explicit("The solver did not converge.", UserWarning, *place)
        warnings.warn_explicit("Implement __array__ with copy.", DeprecationWarning, *place)
    warnings.warn("another warning", stacklevel=1)
    time.sleep(0.6)


@step
def parent_of_spans() -> str:
    """The parent of the spans that a program begins here."""
    return os.environ["TRACEPARENT"]
