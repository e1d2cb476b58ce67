"""Claims of steps, and their ends, as a dispatcher and its children make them."""

from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.queue import claim
from enorchestrator.task.back_off import may_pass
from enorchestrator.task.claim import ProcessEnd, WorkOutcome
from enorchestrator.task.limits import Timing
from enorchestrator.task.problem import problem_of
from enorchestrator.task.settle import settle

HERE = Owner.here(1)


def claimed(store, owner=HERE, most=10, resources=None):
    """Claim what is ready, and on a machine with some resources what fits."""
    with store.database.changing() as connection:
        return claim(connection, owner, "local", most, 45.0, resources and (lambda: resources))


def end(store, of, process_end):
    """Settle the end of a claim."""
    with store.database.changing() as connection:
        settle(connection, [(of, process_end)], Timing())


def succeed(store, of, outputs=None, **facts):
    """End a claim with outputs."""
    end(store, of, ProcessEnd("returned", outcome=WorkOutcome("succeeded", outputs or {}), **facts))


def fail(store, of, error, **facts):
    """End a claim by an error of the work."""
    outcome = WorkOutcome("error", error=problem_of(error), may_pass=may_pass(error))
    end(store, of, ProcessEnd("returned", outcome=outcome, **facts))
