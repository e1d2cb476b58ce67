"""`StepCommit`: commits a step by the transaction that makes what the step is for."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from enorchestrator.task.child.reporter import Reporter
from enorchestrator.task.claim import Claim, ProcessEnd, WorkOutcome
from enorchestrator.task.limits import Timing
from enorchestrator.task.problem import as_plain_json
from enorchestrator.task.settle import settle
from enstorage import Connector

if TYPE_CHECKING:
    from enorchestrator.work.kind import WorkKind


class VoidClaimError(Exception):
    """The claim is void: what the work has made is taken back."""


class StepCommit:
    """Joins the commit of a step to that of its effect, for kinds that tell their outputs by what a transaction made.

    A process that is killed between the two would leave a record that nobody knows of, and the next attempt would make
    another one.

    Args:
        claim: of the step.
        reporter: of the work.
        timing: see `Timing`.
    """

    def __init__(self, claim: Claim, reporter: Reporter, timing: Timing) -> None:
        self._claim, self._reporter, self._timing = claim, reporter, timing
        #: True once a transaction has committed the step.
        self.is_done = False

    @contextmanager
    def joined(self, connector: Connector, kind: "WorkKind", arguments: Any) -> Iterator[None]:
        """Commit the step with the effect of the work inside the block.

        Raises:
            VoidClaimError: the claim is void; nothing was stored.
        """
        if kind.outputs_of is None:
            yield
            return
        with connector.database.ending_with(partial(self._commit, partial(kind.outputs_of, arguments))):
            yield

    def _commit(self, outputs_of: Any, session: Session) -> None:
        outputs = None if self.is_done else outputs_of(session.info.get("made", ()))
        if outputs is None:
            return
        self._reporter.report()  # nothing is reported of a step that is over
        end = ProcessEnd("returned", outcome=WorkOutcome("succeeded", as_plain_json(outputs)))
        if not settle(session.connection(), [(self._claim, end)], self._timing):
            raise VoidClaimError
        session.info.setdefault("on_commit", []).insert(0, self._note)

    def _note(self) -> None:
        self.is_done = True
