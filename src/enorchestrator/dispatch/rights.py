"""Rights while a run goes on: a step of a user who may no longer do it fails before it takes anything, and is audited."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Row, Table, bindparam, insert, or_, select

from enorchestrator.policy.engine import Answer, PolicyEngine, Question, engine_with
from enorchestrator.policy.stored import policies_in_force
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import RUN, STEP
from enorchestrator.task.settle import settle
from enorchestrator.work.registry import find_kind
from enstorage.errors import EnstorageError
from enstorage.ledger import AuditEntry, PipelineSchedule, User

_USER = cast("Table", User.__table__)
_SCHEDULE = cast("Table", PipelineSchedule.__table__)
_AUDIT = cast("Table", AuditEntry.__table__)
#: A user asked for the run, or made the schedule that did.
_OF_USERS = (
    select(STEP.c.id, STEP.c.name, STEP.c.kind, STEP.c.run_id, _USER.c.name.label("user"), _USER.c.role)
    .add_columns(_USER.c.disabled_at)
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .outerjoin(_SCHEDULE, RUN.c.created_by == "schedule " + _SCHEDULE.c.name)
    .join(_USER, or_(_USER.c.name == RUN.c.created_by, _USER.c.name == _SCHEDULE.c.created_by))
    .where(STEP.c.id.in_(bindparam("ids", expanding=True)))
)


def refuse_denied(connection: Connection, claims: Sequence[Claim], timing: Timing) -> list[Claim]:
    """Fail those of some claims whose steps the user may no longer do; returns the others.

    Runs that no user of the store asked for, such as those of a program that opens the store itself, are not asked about.

    Args:
        connection: of the transaction in which they were claimed.
        claims: the claims.
        timing: of the dispatcher.
    """
    ids = [each.step_id for each in claims if each.created_by]
    rows = connection.execute(_OF_USERS, {"ids": ids}).all() if ids else []
    if not rows:
        return [*claims]
    engine = engine_with(policies_in_force(connection))
    denied = {row.id: (row, answer) for row in rows if not (answer := _answer(engine, row)).is_allowed}
    if not denied:
        return [*claims]
    connection.execute(insert(_AUDIT), [_entry(row, answer) for row, answer in denied.values()])
    refused = [each for each in claims if each.step_id in denied]
    settle(connection, [(each, ProcessEnd("denied", _detail(*denied[each.step_id]))) for each in refused], timing)
    return [each for each in claims if each.step_id not in denied]


def _answer(engine: PolicyEngine, row: Row[Any]) -> Answer:
    if row.disabled_at is not None:
        return Answer(False, "the user is disabled")
    try:
        kind = find_kind(row.kind)
    except EnstorageError as error:
        return Answer(False, str(error))
    return engine.decide(Question(row.user, row.role, "session", "", kind.action, kind.table))


def _detail(row: Row[Any], answer: Answer) -> str:
    return f"{row.user} may not do the step {row.name} ({row.kind}): {answer.reason}. Ask an administrator."


def _entry(row: Row[Any], answer: Answer) -> Mapping[str, Any]:
    told = {"step": row.name, "kind": row.kind, "reason": answer.reason}
    return {
        "who": row.user,
        "role": row.role,
        "action": "run",
        "entity": "run",
        "entity_id": row.run_id,
        "outcome": "denied",
        "detail": told,
    }
