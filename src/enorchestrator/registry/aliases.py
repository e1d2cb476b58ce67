"""Aliases: promotion, rollback, and other names for versions; each in one transaction, with its history."""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from enorchestrator.registry.find import (
    CHALLENGER,
    PREVIOUS,
    PRODUCTION,
    aliased,
    latest_evaluation,
    registered_of,
    version_of,
)
from enorchestrator.registry.loading import load_version
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, EnstorageError, InvalidInputError, NotFoundError
from enstorage.ledger import AliasChange, AuditEntry, ModelAlias, ModelVersion, RegisteredModel
from enstorage.terminal import printable

_LONGEST_NAME = 255


def promote(
    name: str,
    version: int | str = CHALLENGER,
    *,
    remark: str = "",
    changed_by: str = "",
    connector: Connector | None = None,
) -> ModelVersion:
    """Put a version into production; the one that was there becomes `previous`. All of it happens, or nothing.

    Its latest evaluation has to have passed the gates that are in force, in a comparison with the version that is in
    production now. A refusal is an entry of the audit log.

    Args:
        name: of the registered model.
        version: its number, or an alias.
        remark: why.
        changed_by: name of who does it.
        connector: the store; the current one by default.

    Raises:
        ConflictError: the version is rejected, was not evaluated like this, or did not pass.
        CorruptError: it is no longer what was registered.
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store:
        try:
            load_version(name, version, connector=store)
            with store.transaction() as session:
                registered = registered_of(session, name, locked=True)
                found, current = version_of(session, registered, version), aliased(session, registered.id, PRODUCTION)
                if current is not None and current.id == found.id:
                    return found
                _check_gates(session, registered, found, current)
                _move(session, registered.id, found, current, "promote", remark, changed_by)
                return found
        except NotFoundError:
            raise
        except EnstorageError as error:
            _audit(store, name, "promote", version, changed_by, str(error))
            raise


def rollback(name: str, *, remark: str = "", changed_by: str = "", connector: Connector | None = None) -> ModelVersion:
    """Put the previous version into production again; the present one becomes `previous`. All of it, or nothing.

    Args:
        name: of the registered model.
        remark: why.
        changed_by: name of who does it.
        connector: the store; the current one by default.

    Raises:
        ConflictError: there is no previous version.
        CorruptError: it is no longer what was registered; the present one stays in production.
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store:
        try:
            with store.database.reading() as session:
                previous = aliased(session, registered_of(session, name).id, PREVIOUS)
            if previous is None:
                raise ConflictError(f"{printable(name)} has no previous version, so there is none to roll back to.")
            load_version(name, previous.version, connector=store)
            with store.transaction() as session:
                registered = registered_of(session, name, locked=True)
                current, now = (aliased(session, registered.id, each) for each in (PRODUCTION, PREVIOUS))
                if now is None or now.id != previous.id:
                    raise ConflictError(
                        f"The previous version of {printable(name)} was changed meanwhile. Look at it, and roll back again."
                    )
                _move(session, registered.id, previous, current, "rollback", remark, changed_by)
                return previous
        except NotFoundError:
            raise
        except EnstorageError as error:
            _audit(store, name, "rollback", PREVIOUS, changed_by, str(error))
            raise


def name_version(
    name: str,
    alias: str,
    version: int | str | None,
    *,
    changed_by: str = "",
    connector: Connector | None = None,
) -> None:
    """Have an alias stand for a version; `production` is given by `promote` and `rollback` alone.

    Args:
        name: of the registered model.
        alias: such as "challenger", or a name of one's own.
        version: its number, or another alias; None takes the alias away, also `production`.
        changed_by: name of who does it.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: the alias cannot be used.
        NotFoundError: there is no such version.
    """
    if not 0 < len(alias) <= _LONGEST_NAME or alias.isdecimal() or alias != alias.strip():
        raise InvalidInputError(
            f"The alias is {printable(alias)[:60]!r}; expected a name that is no number. Choose another.", field="alias"
        )
    if version is not None and alias in (PRODUCTION, PREVIOUS):
        raise InvalidInputError(
            f"The alias {alias} is not set by hand, since gates guard it. Promote the version, or roll back.",
            field="alias",
        )
    with bound_to(connector) as store, store.transaction() as session:
        registered = registered_of(session, name, locked=True)
        to = None if version is None else version_of(session, registered, version).id
        set_alias(session, registered.id, alias, to, reason="set", changed_by=changed_by)


def set_alias(
    session: Session,
    registered_id: int,
    alias: str,
    version_id: int | None,
    *,
    reason: str,
    remark: str = "",
    changed_by: str = "",
) -> None:
    """Change an alias and note it, within a transaction; nothing if it stands for that version already."""
    own = session.scalar(select(ModelAlias).where(ModelAlias.registered_id == registered_id, ModelAlias.alias == alias))
    before = None if own is None else own.version_id
    if before == version_id:
        return
    if version_id is None:
        session.execute(
            delete(ModelAlias).where(ModelAlias.registered_id == registered_id, ModelAlias.alias == alias),
            execution_options={"synchronize_session": False},
        )
    elif own is None:
        session.add(ModelAlias(registered_id=registered_id, alias=alias, version_id=version_id))
    else:
        own.version_id = version_id
    session.add(
        AliasChange(
            registered_id=registered_id,
            alias=alias,
            from_version_id=before,
            to_version_id=version_id,
            reason=reason,
            remark=remark,
            changed_by=changed_by,
        )
    )
    session.flush()


def _move(
    session: Session,
    registered_id: int,
    to: ModelVersion,
    current: ModelVersion | None,
    reason: str,
    remark: str,
    changed_by: str,
) -> None:
    about = {"reason": reason, "remark": remark, "changed_by": changed_by}
    set_alias(session, registered_id, PRODUCTION, to.id, **about)
    set_alias(session, registered_id, PREVIOUS, None if current is None else current.id, **about)
    challenger = aliased(session, registered_id, CHALLENGER)
    if challenger is not None and challenger.id == to.id:
        set_alias(session, registered_id, CHALLENGER, None, **about)


def _check_gates(
    session: Session, registered: RegisteredModel, found: ModelVersion, current: ModelVersion | None
) -> None:
    name, what = printable(registered.name), f"Version {found.version} of {printable(registered.name)}"
    again = f"Evaluate it: enstorage registry evaluate {name} {found.version}"
    if found.state == "rejected":
        raise ConflictError(f"{what} is rejected, and kept for comparison alone. Register another one.")
    evaluation = latest_evaluation(session, found.id)
    if evaluation is None:
        raise ConflictError(f"{what} was not evaluated, so it is not known whether it passes the gates. {again}")
    if evaluation.gates != registered.gates:
        raise ConflictError(f"{what} was evaluated by other gates than those that are in force now. {again}")
    if current is not None and evaluation.against_id != current.id:
        raise ConflictError(f"{what} was not compared with version {current.version}, which is in production. {again}")
    if evaluation.state == "error":
        raise ConflictError(f"The evaluation of {what[0].lower()}{what[1:]} failed, which says nothing of it. {again}")
    if evaluation.state != "passed":
        failed = [each["message"] for each in evaluation.report["gates"] if each["outcome"] == "failed"]
        raise ConflictError(
            f"{what} did not pass its gates: {' '.join(failed)} Train a better one, or change the gates."
        )


def _audit(store: Connector, name: str, what: str, version: int | str, changed_by: str, reason: str) -> None:
    """Note a refusal, after its transaction was rolled back."""
    entry = AuditEntry(
        who=changed_by[:_LONGEST_NAME],
        action="release",
        entity="registered_model",
        outcome="denied",
        detail={"name": name, "what": what, "version": version, "reason": reason},
    )
    with store.transaction() as session:
        session.add(entry)
