"""The one error tree of enstorage and of every package built on it.

A message states the fact, what was expected, what was received and what to do, in plain words. A call that raises one
of these errors has changed nothing in the store; calls that can be stopped document what they keep.
"""


class EnstorageError(Exception):
    """Base class of all errors that enstorage raises on purpose.

    Args:
        *message: the message.
        field: the field of `enstorage.create` that is wrong, where the error is about one.
    """

    def __init__(self, *message: object, field: str | None = None) -> None:
        super().__init__(*message)
        self.field = field


class InvalidInputError(EnstorageError, ValueError):
    """The input cannot be used: a wrong value, shape, method, file or combination."""


class NotFoundError(EnstorageError, LookupError):
    """Nothing is stored under the id, key or part that was asked for."""


class InUseError(EnstorageError):
    """Something cannot be deleted because other entities refer to it."""


class ConflictError(EnstorageError):
    """The call contradicts what is stored, such as a key that belongs to other work, or a run in another state."""


class ImmutableError(EnstorageError):
    """The call would change a snapshot, preparation, data set or forecast that is already written."""


class CorruptError(EnstorageError):
    """Stored bytes are missing or do not match the hash under which they were stored."""


class UntrustedError(EnstorageError):
    """Opening the bytes could run code, which is not allowed for this store."""


class NotSupportedError(EnstorageError):
    """The chosen store, library or format does not support the operation."""


class MissingLibraryError(EnstorageError, ImportError):
    """An optional library is not installed; the message names the extra that installs it."""


class PluginError(EnstorageError):
    """A part that a package registers as an entry point cannot be loaded, or is not of the expected kind."""


class NotConnectedError(EnstorageError):
    """An entity was used before any `Connector` was made."""


class StoreError(EnstorageError):
    """The database, the series store or the object store refused or failed."""


class CancelledError(EnstorageError):
    """A long call was asked to stop by its progress function."""


class DatabaseCorruptError(CorruptError, StoreError):
    """The database is damaged: pages of its file, or an index that does not agree with its table."""


class UpgradeError(StoreError):
    """The database was written by another version of enstorage."""
