"""Pipelines in the store: saved in versions, listed, found, archived."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from enorchestrator.pipeline.check import check_pipeline, check_resources
from enorchestrator.pipeline.definition import PipelineDefinition
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import NotFoundError
from enstorage.ledger import Pipeline
from enstorage.ledger.base import now
from enstorage.terminal import printable


def save_pipeline(
    definition: PipelineDefinition, *, created_by: str = "", connector: Connector | None = None
) -> Pipeline:
    """Check a pipeline and store it: as the first version of its name, or as the next one.

    Runs of earlier versions go on as they are. The same definition as the latest version is that version.

    Raises:
        InvalidInputError: it cannot be executed; `field` names the place.
    """
    check_pipeline(definition)
    content = definition.to_json()
    with bound_to(connector) as store, store.transaction() as session:
        check_resources(definition, store)
        latest = _latest(session, definition.name)
        if latest is not None and latest.definition == content and latest.archived_at is None:
            return latest
        made = Pipeline(
            name=definition.name,
            version=1 if latest is None else latest.version + 1,
            description=definition.description,
            definition=content,
            created_by=created_by,
        )
        session.add(made)
        session.flush()
        return made


def list_pipelines(*, connector: Connector | None = None) -> list[Pipeline]:
    """The latest version of each pipeline that is not archived, by name."""
    newest = select(func.max(Pipeline.id)).group_by(Pipeline.name)
    wanted = select(Pipeline).where(Pipeline.id.in_(newest), Pipeline.archived_at.is_(None)).order_by(Pipeline.name)
    with bound_to(connector) as store, store.database.reading() as session:
        return store.database.believed(list(session.scalars(wanted)), wanted)


def find_pipeline(name: str, version: int | None = None, *, connector: Connector | None = None) -> Pipeline:
    """A pipeline by its name.

    Args:
        name: of the pipeline.
        version: its number; by default the latest one, which must not be archived.
        connector: the store; the current one by default.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        if version is None:
            found = _latest(session, name)
            found = None if found is None or found.archived_at is not None else found
        else:
            found = session.scalar(select(Pipeline).where(Pipeline.name == name, Pipeline.version == version))
    if found is None:
        which = printable(name) if version is None else f"{printable(name)} of version {version}"
        raise NotFoundError(f"There is no pipeline {which}. See those that there are: enstorage pipeline list")
    return found


def pipeline_versions(name: str, *, connector: Connector | None = None) -> list[int]:
    """The numbers of all versions of a pipeline, the latest first; empty for none."""
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = select(Pipeline.version).where(Pipeline.name == name).order_by(Pipeline.version.desc())
        return store.database.believed(list(session.scalars(wanted)), wanted)


def archive_pipeline(name: str, *, connector: Connector | None = None) -> None:
    """Take a pipeline away from the lists. Its versions stay for the runs that name them; saving it again brings it back.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store:
        find_pipeline(name, connector=store)
        with store.transaction() as session:
            session.execute(
                update(Pipeline).where(Pipeline.name == name, Pipeline.archived_at.is_(None)).values(archived_at=now()),
                execution_options={"synchronize_session": False},
            )


def _latest(session: Session, name: str) -> Pipeline | None:
    return session.scalar(select(Pipeline).where(Pipeline.name == name).order_by(Pipeline.version.desc()).limit(1))
