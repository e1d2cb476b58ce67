"""The step that this process executes: what its work may tell people of."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

from enstorage import Connector
from enstorage.ledger import Run, RunEvent


@dataclass(frozen=True, slots=True)
class CurrentStep:
    """A step that is executed.

    Attributes:
        run_id: its run.
        step_id: the step.
    """

    run_id: int
    step_id: int


_CURRENT: ContextVar[CurrentStep | None] = ContextVar("enorchestrator_step", default=None)


@contextmanager
def executing(run_id: int, step_id: int) -> Iterator[None]:
    """Have the work inside know its step."""
    token = _CURRENT.set(CurrentStep(run_id, step_id))
    try:
        yield
    finally:
        _CURRENT.reset(token)


def tell_alert(
    what: str, detail: str, connector: Connector, *, severity: Literal["warning", "error"] = "warning"
) -> None:
    """Make an alert of the run, of which notifications tell people; nothing outside of a run.

    Args:
        what: a few words, such as "drift".
        detail: one sentence.
        connector: the store.
        severity: how bad it is.
    """
    current = _CURRENT.get()
    if current is None:
        return
    told = {"severity": severity, "what": what, "step": None, "detail": detail}
    with connector.transaction() as session:
        session.add(RunEvent(run_id=current.run_id, step_id=current.step_id, kind="alert", data=told))


def asked_by(connector: Connector) -> str:
    """The name of whoever asked for the run; empty outside of one."""
    current = _CURRENT.get()
    if current is None:
        return ""
    with connector.database.reading() as session:
        run = session.get(Run, current.run_id)
        return "" if run is None else run.created_by
