"""Registered models and their versions, found by name, number or alias."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import NotFoundError
from enstorage.ledger import AliasChange, ModelAlias, ModelVersion, RegisteredModel, VersionEvaluation
from enstorage.terminal import printable

PRODUCTION, CHALLENGER, PREVIOUS = "production", "challenger", "previous"


def list_registered(*, connector: Connector | None = None) -> list[RegisteredModel]:
    """The registered models, by name."""
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = select(RegisteredModel).order_by(RegisteredModel.name)
        return store.database.believed(list(session.scalars(wanted)), wanted)


def find_registered(name: str, *, connector: Connector | None = None) -> RegisteredModel:
    """A registered model by its name.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        return registered_of(session, name)


def list_versions(name: str, *, connector: Connector | None = None) -> list[ModelVersion]:
    """The versions of a registered model, the latest first.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        own = ModelVersion.registered_id == registered_of(session, name).id
        wanted = select(ModelVersion).where(own).order_by(ModelVersion.version.desc())
        return store.database.believed(list(session.scalars(wanted)), wanted)


def find_version(name: str, version: int | str = PRODUCTION, *, connector: Connector | None = None) -> ModelVersion:
    """A version by its number or by an alias.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        return version_of(session, registered_of(session, name), version)


def aliases_of(name: str, *, connector: Connector | None = None) -> dict[str, int]:
    """The number of the version that each alias stands for.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = (
            select(ModelAlias.alias, ModelVersion.version)
            .join(ModelVersion, ModelVersion.id == ModelAlias.version_id)
            .where(ModelAlias.registered_id == registered_of(session, name).id)
            .order_by(ModelAlias.alias)
        )
        found = {alias: version for alias, version in session.execute(wanted)}  # noqa: C416 - rows are no pairs to mypy
        return store.database.believed(found, wanted)


def alias_history(name: str, *, connector: Connector | None = None) -> list[AliasChange]:
    """Every change of an alias, the newest first: who promoted what, and when.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        own = AliasChange.registered_id == registered_of(session, name).id
        wanted = select(AliasChange).where(own).order_by(AliasChange.id.desc())
        return store.database.believed(list(session.scalars(wanted)), wanted)


def list_evaluations(
    name: str, version: int | str | None = None, *, connector: Connector | None = None
) -> list[VersionEvaluation]:
    """The evaluations of a version, or of all versions, the newest first.

    Raises:
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        registered = registered_of(session, name)
        chosen = select(ModelVersion.id).where(ModelVersion.registered_id == registered.id)
        if version is not None:
            chosen = chosen.where(ModelVersion.id == version_of(session, registered, version).id)
        own = VersionEvaluation.version_id.in_(chosen)
        wanted = select(VersionEvaluation).where(own).order_by(VersionEvaluation.id.desc())
        return store.database.believed(list(session.scalars(wanted)), wanted)


def registered_of(session: Session, name: str, *, locked: bool = False) -> RegisteredModel:
    """The registered model of a name.

    Args:
        session: of a transaction.
        name: of it.
        locked: true to have other transactions that ask for it wait.

    Raises:
        NotFoundError: there is none.
    """
    wanted = select(RegisteredModel).where(RegisteredModel.name == name)
    found = session.scalar(wanted.with_for_update() if locked else wanted)
    if found is None:
        raise NotFoundError(
            f"There is no registered model {printable(str(name))[:60]}. See those that there are: enstorage registry list"
        )
    return found


def version_of(session: Session, registered: RegisteredModel, version: int | str) -> ModelVersion:
    """The version of a number or an alias; digits are always a number.

    Raises:
        NotFoundError: there is none.
    """
    own = select(ModelVersion).where(ModelVersion.registered_id == registered.id)
    if isinstance(version, int) or version.isdecimal():
        found = session.scalar(own.where(ModelVersion.version == int(version)))
    else:
        found = aliased(session, registered.id, version)
    if found is None:
        raise NotFoundError(
            f"{printable(registered.name)} has no version {printable(str(version))[:60]}. See those that it has: "
            f"enstorage registry show {printable(registered.name)}"
        )
    return found


def aliased(session: Session, registered_id: int, alias: str) -> ModelVersion | None:
    """The version that an alias stands for; None for none."""
    return session.scalar(
        select(ModelVersion)
        .join(ModelAlias, ModelAlias.version_id == ModelVersion.id)
        .where(ModelAlias.registered_id == registered_id, ModelAlias.alias == alias)
    )


def latest_evaluation(session: Session, version_id: int) -> VersionEvaluation | None:
    """The evaluation of a version that counts; None before any."""
    own = select(VersionEvaluation).where(VersionEvaluation.version_id == version_id)
    return session.scalar(own.order_by(VersionEvaluation.id.desc()).limit(1))
