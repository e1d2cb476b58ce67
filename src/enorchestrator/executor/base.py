"""`Executor`: the port through which the dispatcher has steps executed, wherever their processes are."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import ClassVar

from enorchestrator.task.call import Begin
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Limits, Timing
from enstorage import Connector
from enstorage.errors import NotSupportedError


def check_reachable(connector: Connector) -> None:
    """Raise an error for a store that other processes cannot open.

    Raises:
        NotSupportedError: the store, or a part of it, is in the memory of this process.
    """
    in_memory = [url for url in connector.settings if url.startswith("memory:") or ":memory:" in url]
    if in_memory:
        raise NotSupportedError(
            f"The store {in_memory[0]} is in the memory of this process, which child processes cannot open. Use a store "
            "in a folder or on a server."
        )


class Executor(ABC):
    """Executes claimed steps in processes of its own. It keeps no truth: that is in the store.

    Promises that every executor keeps:

    - `submit` returns at once. A process then opens the store itself and calls `enorchestrator.task.child.body.run_step`. It
      returns the outcome of short work, which the end of the process tells, and commits that of long work by itself.
    - A claim is executed at most once. An executor never tries again by itself: the dispatcher decides, with a new fence.
    - Whatever happens to the process, `poll` tells its end once, no earlier than it is gone. "returned" without an outcome
      says no more than that: the step may be committed or not.
    - A process that dies takes no other step with it.
    - `cancel` first lets the work stop by itself: the process learns from the store that it has to. If it does not answer,
      as in a call that holds the interpreter, it is killed within a second.
    - A process outlives its executor by no more than a second, or as long as a call holds its interpreter.
    - All methods may be called from one thread, none of them blocks for longer than a second, except `drain`.

    Arguments, such as the URLs of the store with their passwords, go to the process through pipes, never by its command line
    or environment.
    """

    #: Of the executor, as attempts keep it.
    name: ClassVar[str]

    @abstractmethod
    def submit(self, claim: Claim) -> None:
        """Execute a claimed step.

        Raises:
            StoreError: it cannot be executed here now; nothing was started.
        """

    @abstractmethod
    def begun(self) -> Mapping[str, Begin]:
        """The processes of claims, by their `external_id`, that are at work for a while; each is told once."""

    @abstractmethod
    def poll(self, ids: Collection[str]) -> Mapping[str, ProcessEnd]:
        """The ends, since the last call, of some claims by their `external_id`."""

    @abstractmethod
    def cancel(self, id: str, grace_seconds: float) -> None:
        """Stop a claim: let it finish by itself within the grace period if it answers, else kill it."""

    @abstractmethod
    def capacity(self) -> int:
        """The number of steps that would start at once."""

    @abstractmethod
    def children(self) -> int:
        """The number of processes that execute steps, or could at once; it follows the work, up to the largest number."""

    @abstractmethod
    def drain(self, grace_seconds: float) -> None:
        """Start nothing more, wait up to the grace period for what runs, and kill the rest. `poll` then tells all ends."""


#: Makes an executor of a store, the largest number of steps at once, their limits, the times, and a function that is called
#: whenever there is something to poll.
ExecutorFactory = Callable[[Connector, int, Limits, Timing, Callable[[], None]], Executor]
