"""Loading: the ensemble or model of a version, if it is still what was registered."""

from typing import TYPE_CHECKING

from enorchestrator.registry.content import check_bytes, entity_of, fingerprint
from enorchestrator.registry.find import PRODUCTION, find_version
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import CorruptError, NotFoundError
from enstorage.terminal import printable

if TYPE_CHECKING:
    from enstorage import Ensemble, Model


def load_version(
    name: str, version: int | str = PRODUCTION, *, connector: Connector | None = None
) -> "Ensemble | Model":
    """The ensemble or model of a version, after every byte was compared with what was registered.

    Args:
        name: of the registered model.
        version: its number, or an alias.
        connector: the store; the current one by default.

    Raises:
        CorruptError: it is no longer what was registered: bytes, weights, members or rows are others, or are missing.
        NotFoundError: there is no such version.
    """
    with bound_to(connector) as store:
        found = find_version(name, version, connector=store)
        what = f"Version {found.version} of {printable(name)}"
        with store.database.remembering():
            try:
                entity = entity_of(found.entity, found.entity_id, store)
                now = fingerprint(entity)
                if now == found.fingerprint:
                    check_bytes(entity, store)
                    return entity
            except (NotFoundError, CorruptError) as error:
                raise CorruptError(
                    f"{what} cannot be loaded: {error} It was registered with the hash {found.fingerprint[:12]}…. Roll back "
                    f"to another version: enstorage registry rollback {printable(name)}"
                ) from error
        raise CorruptError(
            f"{what} cannot be loaded: {entity} was changed after it was registered; expected the hash "
            f"{found.fingerprint[:12]}…, received {now[:12]}…. Register it as a new version, or roll back: "
            f"enstorage registry rollback {printable(name)}"
        )
