"""The standing of whoever asked for a run: each step is done only if they still may."""

import logging

from sqlalchemy import select

from enorchestrator.policy.engine import Question, engine_with
from enorchestrator.policy.stored import enabled_policies
from enstorage.connector import Connector
from enstorage.errors import PermissionLostError
from enstorage.ledger import AuditEntry, Run, User

_LOG = logging.getLogger("enorchestrator")


def demand_standing(connector: Connector, run_id: int, action: str, table: str) -> None:
    """Raise an error if the user who asked for a run may no longer do the work of a step; that is noted in the audit log.

    Runs that no user of the web server asked for, such as those of the command line, have the rights of the store.

    Args:
        connector: the store.
        run_id: the run.
        action: that the step does.
        table: of what it is done to.

    Raises:
        PermissionLostError: the user was disabled, has a lower role now, or a policy forbids it.
    """
    with connector.database.reading() as session:
        asked = select(User).join(Run, Run.created_by == User.name).where(Run.id == run_id)
        user = session.scalar(asked)
    if user is None:
        return
    if user.disabled_at is not None:
        reason = "the user is disabled"
    else:
        question = Question(user.name, user.role, "session", "", action, table)
        answer = engine_with(enabled_policies(connector)).decide(question)
        if answer.is_allowed:
            return
        reason = answer.reason
    detail = {"run": run_id, "reason": reason}
    with connector.transaction() as session:
        about = {"who": user.name, "role": user.role, "action": action, "entity": table}
        session.add(AuditEntry(**about, outcome="denied", detail=detail))
    raise PermissionLostError(
        f"The run was asked for by {user.name}, who may no longer {action} ({table}): {reason}. Ask an administrator, or "
        "have somebody else retry the run."
    )
