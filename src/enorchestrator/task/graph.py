"""The graph of a run: what goes on, what is skipped, and what is joined when steps are over.

Each function belongs to the transaction in which the steps were moved; writers of a store follow one another, so two steps
that end at once do no harm.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Row, bindparam, insert, select, update

from enorchestrator.task.moves import NEED, RUN, STEP, move_step
from enorchestrator.task.problem import plain_problem
from enorchestrator.task.state import FINAL, RunState
from enorchestrator.work.cache_key import cache_key
from enorchestrator.work.port import Port
from enorchestrator.work.reference import EACH, Reference, replaced
from enorchestrator.work.registry import find_kind
from enstorage.database.direct import change, rows

#: Parts of a step at most.
MOST_PARTS = 100_000

_OVER = select(STEP.c.id, STEP.c.run_id, STEP.c.parent_id, STEP.c.state, STEP.c.may_fail).where(
    STEP.c.id.in_(bindparam("ids", expanding=True)), STEP.c.state.in_(FINAL)
)
_DEPENDANTS = select(NEED.c.step_id, NEED.c.needs_id).where(NEED.c.needs_id.in_(bindparam("ids", expanding=True)))
_COUNTED_DOWN = (
    update(STEP).where(STEP.c.id == bindparam("step")).values(waiting_for=STEP.c.waiting_for - bindparam("fewer"))
)
#: Of a step with further parts.
_PART_LESS = _COUNTED_DOWN.where(STEP.c.waiting_for > bindparam("fewer"))
_WAITING = select(STEP).where(
    STEP.c.id.in_(bindparam("ids", expanding=True)), STEP.c.waiting_for == 0, STEP.c.state == RunState.WAITING
)
_EXPANDED = select(STEP.c.id, STEP.c.kind).where(
    STEP.c.id.in_(bindparam("ids", expanding=True)), STEP.c.waiting_for <= 0, STEP.c.state == RunState.EXPANDED
)


_GIVEN = select(RUN.c.pipeline_id, RUN.c.arguments).where(RUN.c.id == bindparam("run"))
_OUTPUTS = select(STEP.c.kind, STEP.c.outputs, STEP.c.settings).where(
    STEP.c.run_id == bindparam("run"), STEP.c.name == bindparam("name")
)
#: Of each database the run that was read last: what it was given never changes, and may be long.
_READ: "WeakKeyDictionary[Engine, tuple[int, Any]]" = WeakKeyDictionary()


_KNOWN = (
    select(STEP.c.outputs)
    .where(STEP.c.cache_key == bindparam("key"), STEP.c.state == RunState.SUCCEEDED)
    .order_by(STEP.c.id.desc())
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Over:
    """A step that is over; the attributes are columns of its row."""

    id: int
    run_id: int
    parent_id: int | None
    state: str
    may_fail: bool


def settle_graph(connection: Connection, step_ids: Iterable[int]) -> dict[int, dict[str, Any] | None]:
    """Let the steps go on that waited for some steps, if these are over; see `let_go_on`."""
    return let_go_on(connection, _over(connection, list(step_ids)))


def let_go_on(connection: Connection, over: Collection[Over]) -> dict[int, dict[str, Any] | None]:
    """Let the steps go on that waited for some steps, which are over.

    Returns:
        By run, of those with steps that moved by this: a problem document where a step could not go on, such as one whose
        list is none; else None.
    """
    problems: dict[int, dict[str, Any] | None] = {}
    while over:
        moved = _joined_parents(connection, Counter(step.parent_id for step in over if step.parent_id is not None))
        # Nothing waits for a part: it waits for the whole.
        whole = {step.id: step for step in over if step.parent_id is None}
        needs = rows(connection, _DEPENDANTS, {"ids": list(whole)}) if whole else []
        fewer: Counter[int] = Counter()
        for step_id, needs_id in needs:
            step = whole[needs_id]
            if step.state in _GO_ON or (step.state == RunState.FAILED and step.may_fail):
                fewer[step_id] += 1
            elif move_step(connection, step_id, RunState.SKIPPED):
                moved.append(step_id)
        if fewer:
            change(connection, _COUNTED_DOWN, [{"step": id, "fewer": count} for id, count in fewer.items()])
            for waiting in rows(connection, _WAITING, {"ids": list(fewer)}):
                problem = start_step(connection, waiting, moved)
                problems[waiting.run_id] = problems.get(waiting.run_id) or problem
        over = _over(connection, moved)
        for step in over:
            problems.setdefault(step.run_id, None)
    return problems


def _over(connection: Connection, step_ids: Collection[int]) -> list[Over]:
    """Those of some steps that are over."""
    found = rows(connection, _OVER, {"ids": [*step_ids]}) if step_ids else []
    return [Over(*each) for each in found]


_GO_ON = frozenset({RunState.SUCCEEDED, RunState.CACHED})


def start_step(connection: Connection, step: Row[Any], moved: list[int]) -> dict[str, Any] | None:
    """Move a step whose needs are met: to ready, to its parts, or to cached; returns a problem document if it failed.

    Args:
        connection: of the transaction.
        step: the row.
        moved: gets the ids of the step, and of its parts where they may be over.
    """
    moved.append(step.id)
    each = (step.settings or {}).get("for_each")
    if each is None:
        _make_ready(connection, step)
        return None
    items = values_of(connection, step, each)
    if not isinstance(items, list) or len(items) > MOST_PARTS:
        received = f"{len(items)} items" if isinstance(items, list) else type(items).__name__
        problem = plain_problem(
            "Wrong list",
            f"The step {step.name} takes a list of at most {MOST_PARTS} items from {each}; received {received}.",
        )
        move_step(connection, step.id, RunState.FAILED)
        return None if step.may_fail else problem
    if not items:
        move_step(connection, step.id, RunState.SUCCEEDED, outputs=_joined(step.kind, []))
        return None
    settings = {name: value for name, value in step.settings.items() if name != "for_each"}
    same = {"run_id": step.run_id, "parent_id": step.id, "position": step.position, "kind": step.kind}
    is_cached = bool(settings.get("cache"))
    same |= {"state": RunState.WAITING if is_cached else RunState.READY, "arguments": step.arguments}
    same |= {"queue_rank": step.queue_rank, "may_fail": step.may_fail}
    connection.execute(
        insert(STEP),
        [
            same | {"name": f"{step.name}[{number}]", "settings": {**settings, "item": item}}
            for number, item in enumerate(items, 1)
        ],
    )
    move_step(connection, step.id, RunState.EXPANDED, waiting_for=len(items))
    if is_cached:
        for part in connection.execute(select(STEP).where(STEP.c.parent_id == step.id).order_by(STEP.c.id)).all():
            moved.append(part.id)
            _make_ready(connection, part)
    return None


def _make_ready(connection: Connection, step: Row[Any]) -> None:
    """Have a step executed, unless the same was executed before and its outputs may be used again."""
    key = None
    if (step.settings or {}).get("cache"):
        key = cache_key(connection, find_kind(step.kind), values_of(connection, step, step.arguments))
    known = [] if key is None else rows(connection, _KNOWN, {"key": key})
    if known:
        move_step(connection, step.id, RunState.CACHED, cache_key=key, outputs=known[0].outputs)
    else:
        move_step(connection, step.id, RunState.READY, cache_key=key)


def start_steps(connection: Connection, run_id: int) -> dict[str, Any] | None:
    """Start the steps of a run that wait for nothing; returns a problem document if one could not go on.

    What waits for a step that is over by that, such as one with an empty list, goes on too.
    """
    wanted = select(STEP).where(STEP.c.run_id == run_id, STEP.c.waiting_for == 0, STEP.c.state == RunState.WAITING)
    problem, moved = None, list[int]()
    for step in connection.execute(wanted.order_by(STEP.c.id)).all():
        problem = start_step(connection, step, moved) or problem
    return settle_graph(connection, moved).get(run_id) or problem


def restart(connection: Connection, run_id: int) -> dict[str, Any] | None:
    """Have the steps of a run executed again that did not succeed; those that did keep their outputs.

    Returns:
        A problem document if a step could not go on.
    """
    steps = connection.execute(select(STEP).where(STEP.c.run_id == run_id).order_by(STEP.c.id)).all()
    open_ids = {step.id for step in steps if step.state not in _GO_ON}
    needs = connection.execute(
        select(NEED.c.step_id, NEED.c.needs_id).where(
            NEED.c.step_id.in_(select(STEP.c.id).where(STEP.c.run_id == run_id))
        )
    ).all()
    waits = Counter(need.step_id for need in needs if need.needs_id in open_ids)
    parts = Counter(step.parent_id for step in steps if step.id in open_ids)
    anew = {"user_attempts": 0, "infra_attempts": 0, "retry_at": None, "finished_at": None}
    for step in steps:
        if step.id not in open_ids:
            continue
        if parts[step.id]:
            move_step(connection, step.id, RunState.EXPANDED, waiting_for=parts[step.id], finished_at=None)
        elif step.parent_id is not None:
            move_step(connection, step.id, RunState.READY, **anew)
        else:
            move_step(connection, step.id, RunState.WAITING, waiting_for=waits[step.id], **anew)
    return start_steps(connection, run_id)


def _joined_parents(connection: Connection, ended: Counter[int]) -> list[int]:
    """Note that so many parts of steps are over; returns the steps whose last part that was."""
    if not ended:
        return []
    counts = [{"step": id, "fewer": count} for id, count in ended.items()]
    last = [each for each in counts if not change(connection, _PART_LESS, [each])]
    if not last:
        return []
    change(connection, _COUNTED_DOWN, last)
    whole = rows(connection, _EXPANDED, {"ids": [each["step"] for each in last]})
    for parent in whole:
        _join(connection, parent.id, parent.kind)
    return [parent.id for parent in whole]


def _join(connection: Connection, parent_id: int, kind: str) -> None:
    parts = connection.execute(
        select(STEP.c.state, STEP.c.outputs).where(STEP.c.parent_id == parent_id).order_by(STEP.c.id)
    ).all()
    states = {part.state for part in parts}
    for state in (RunState.CANCELLED, RunState.FAILED):
        if state in states:
            move_step(connection, parent_id, state)
            return
    move_step(connection, parent_id, RunState.SUCCEEDED, outputs=_joined(kind, [part.outputs for part in parts]))


def _joined(kind: str, outputs: Collection[Any]) -> dict[str, list[Any]]:
    """The outputs of all parts: a list of each; lists become one."""
    joined: dict[str, list[Any]] = {}
    for name, port in find_kind(kind).outputs.items():
        values = [each.get(name) for each in outputs]
        joined[name] = [item for value in values for item in value] if Port.parse(port).many else values
    return joined


def values_of(connection: Connection, step: Any, arguments: Any) -> Any:
    """Some arguments of a step of a pipeline with the values of their references.

    These are parameters of the run, outputs of other steps, and the item of a part; they are not looked through again.

    Args:
        connection: to read with.
        step: a row with its `run_id` and `settings`.
        arguments: JSON.
    """
    run = _run(connection, step.run_id)
    if run.pipeline_id is None:
        return arguments

    def value(found: Reference) -> Any:
        if found.port is None:
            return step.settings["item"] if found.name == EACH else run.arguments.get(found.name)
        row = connection.execute(_OUTPUTS, {"run": step.run_id, "name": found.name}).one()
        port = Port.parse(find_kind(row.kind).outputs[found.port])
        whole = Port(port.type, port.many or "for_each" in (row.settings or {}))
        return None if row.outputs is None else whole.value(row.outputs.get(found.port))

    return replaced(arguments, value)


def _run(connection: Connection, run_id: int) -> Any:
    engine = connection.engine
    known = _READ.get(engine)
    if known is None or known[0] != run_id:
        known = _READ[engine] = run_id, connection.execute(_GIVEN, {"run": run_id}).one()
    return known[1]
