"""Versions: stored, loaded after a look for changes, rejected; and the names that they belong to."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from enorchestrator.registry.aliases import set_alias
from enorchestrator.registry.content import check_bytes, checked_content, fingerprint
from enorchestrator.registry.find import CHALLENGER, PRODUCTION, aliased, registered_of, version_of
from enorchestrator.registry.gates import Gates
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.database.types import to_json_text
from enstorage.errors import ConflictError, InUseError, InvalidInputError, StoreError
from enstorage.ledger import (
    AliasChange,
    Feedback,
    IssuedForecast,
    ModelAlias,
    ModelVersion,
    MonitorAlert,
    Observation,
    RegisteredModel,
    VersionEvaluation,
)
from enstorage.terminal import printable

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

T = TypeVar("T")
_LONGEST_NAME = 255
#: Others that register at the same moment are let go first, so often.
_MOST_TRIES = 20


def create_registered(
    name: str,
    *,
    description: str = "",
    gates: Gates | Mapping[str, Any] | None = None,
    created_by: str = "",
    connector: Connector | None = None,
) -> RegisteredModel:
    """Make a name for versions.

    Args:
        name: unique.
        description: free text.
        gates: what versions have to fulfil; by default not to be worse than the one in production.
        created_by: name of who makes it.
        connector: the store; the current one by default.

    Raises:
        ConflictError: there is a registered model of this name.
        InvalidInputError: the name or a gate cannot be used.
    """
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or name != name.strip():
        raise InvalidInputError(
            f"The name is {name!r:.60}; expected 1 to {_LONGEST_NAME} characters without spaces at the ends.",
            field="name",
        )
    content = (gates if isinstance(gates, Gates) else Gates.read(gates or {})).to_json()

    def create(session: Session) -> RegisteredModel:
        if session.scalar(select(RegisteredModel.id).where(RegisteredModel.name == name)) is not None:
            raise ConflictError(
                f"There is a registered model {printable(name)}. Register a version of it, or choose another name.",
                field="name",
            )
        made = RegisteredModel(name=name, description=description, gates=content, created_by=created_by)
        session.add(made)
        session.flush()
        return made

    with bound_to(connector) as store:
        return in_turn(store, create)


def change_registered(
    name: str,
    *,
    description: str | None = None,
    gates: Gates | Mapping[str, Any] | None = None,
    connector: Connector | None = None,
) -> RegisteredModel:
    """Change the description or the gates; what is None stays. Evaluations by other gates no longer count.

    Raises:
        InvalidInputError: a gate cannot be used.
        NotFoundError: there is no such registered model.
    """
    content = None if gates is None else (gates if isinstance(gates, Gates) else Gates.read(gates)).to_json()
    with bound_to(connector) as store, store.transaction() as session:
        found = registered_of(session, name, locked=True)
        found.description = found.description if description is None else description
        found.gates = found.gates if content is None else content
        return found


def store_version(
    name: str,
    entity: "Ensemble | Model",
    *,
    description: str = "",
    state: str = "registered",
    parameters: Mapping[str, Any] | None = None,
    created_by: str = "",
) -> ModelVersion:
    """Store an ensemble or a model, as it is now, as the next version of a name. `register` also evaluates it.

    Equal content is stored once: the version that has it is given back.

    Args:
        name: of the registered model; made by the first version.
        entity: a rendered ensemble, or a model with forecasts of test rows.
        description: free text.
        state: "registered", or "rejected" to keep it for comparison alone.
        parameters: further ones than the store knows, such as of a model that was made elsewhere.
        created_by: name of who registers it.

    Raises:
        InvalidInputError: parameters, inputs or errors are not known; `field` names which. Nothing is stored.
    """
    if parameters is not None:
        to_json_text(dict(parameters))  # refuses what has no form in JSON
    with entity.connector as store:
        own, inputs, metrics = checked_content(entity, given=parameters)
        content = fingerprint(entity)
        check_bytes(entity, store)
        with suppress(ConflictError):  # there is one, for every version but the first
            create_registered(name, created_by=created_by, connector=store)

        def add(session: Session) -> ModelVersion:
            registered = registered_of(session, name, locked=True)
            of_it = ModelVersion.registered_id == registered.id
            same = session.scalar(select(ModelVersion).where(of_it, ModelVersion.fingerprint == content))
            if same is not None:
                return same
            latest = session.scalar(select(func.max(ModelVersion.version)).where(of_it))
            made = ModelVersion(
                registered_id=registered.id,
                version=(latest or 0) + 1,
                entity=entity.__tablename__,
                entity_id=entity.id,
                fingerprint=content,
                parameters=own,
                inputs=inputs,
                metrics=metrics,
                state=state,
                description=description,
                created_by=created_by,
            )
            session.add(made)
            session.flush()
            if state == "registered" and aliased(session, registered.id, PRODUCTION) is not None:
                set_alias(session, registered.id, CHALLENGER, made.id, reason="register", changed_by=created_by)
            return made

        return in_turn(store, add)


def reject_version(
    name: str, version: int | str, *, rejected: bool = True, connector: Connector | None = None
) -> ModelVersion:
    """Keep a version for comparison alone, so that it cannot be promoted; or take that back.

    Raises:
        InUseError: it is in production.
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store, store.transaction() as session:
        registered = registered_of(session, name, locked=True)
        found = version_of(session, registered, version)
        current = aliased(session, registered.id, PRODUCTION)
        if rejected and current is not None and current.id == found.id:
            raise InUseError(
                f"Version {found.version} of {printable(name)} is in production. Promote another one or roll back first."
            )
        found.state = "rejected" if rejected else "registered"
        return found


def delete_registered(name: str, *, connector: Connector | None = None) -> None:
    """Delete a name with its versions, evaluations, observations and feedback; the ensembles and models stay.

    Raises:
        InUseError: a version is in production.
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.transaction() as session:
        registered = registered_of(session, name, locked=True)
        if aliased(session, registered.id, PRODUCTION) is not None:
            raise InUseError(
                f"A version of {printable(name)} is in production. Take it out first: enstorage registry alias "
                f"{printable(name)} production --remove"
            )
        versions = select(ModelVersion.id).where(ModelVersion.registered_id == registered.id)
        for table in (VersionEvaluation, IssuedForecast):
            session.execute(delete(table).where(table.version_id.in_(versions)), **_PLAIN)
        for each in (MonitorAlert, Observation, Feedback, ModelAlias, AliasChange, ModelVersion):
            session.execute(delete(each).where(each.registered_id == registered.id), **_PLAIN)
        session.execute(delete(RegisteredModel).where(RegisteredModel.id == registered.id), **_PLAIN)


_PLAIN: Any = {"execution_options": {"synchronize_session": False}}


def in_turn(store: Connector, act: Callable[[Session], T]) -> T:
    """Do something in a transaction; again, where another one that was at it at the same moment won."""
    for _ in range(_MOST_TRIES):
        try:
            with store.transaction() as session:
                return act(session)
        except StoreError as error:
            if not isinstance(error.__cause__, DBAPIError):
                raise
            lost = error
    raise lost
