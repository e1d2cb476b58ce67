"""Select the object store of a URL."""

from collections.abc import Callable

from enstorage import plugins
from enstorage.errors import NotSupportedError
from enstorage.objects.base import ObjectStore
from enstorage.places.masking import masked
from enstorage.plugins import Kind

OBJECT_STORES = Kind("enstorage.object_stores", "object store", ("enstorage.objects.base.ObjectStore",))
"""Classes of object stores, registered under each scheme of their URLs."""

ANY_SCHEME = "fsspec"
"""Name under which the store for URLs `scheme://…` of all other schemes is registered."""


def find_objects(url: str) -> Callable[[], ObjectStore]:
    """The opener of the object store of a URL such as `file:FOLDER` or `s3://BUCKET/FOLDER`; opens nothing yet.

    Raises:
        InvalidInputError: the URL is malformed.
        MissingLibraryError: the driver of the scheme is not installed.
        NotSupportedError: the scheme is not known.
        PluginError: the package that registers the store cannot be loaded.
    """
    return class_of(url).parse(url)


def class_of(url: str) -> type[ObjectStore]:
    """The class of the object store that a URL names; raises the errors of `find_objects`."""
    scheme, _, place = url.partition(":")
    is_registered = scheme != ANY_SCHEME and plugins.has(OBJECT_STORES, scheme)
    if not is_registered and not place.startswith("//"):
        raise NotSupportedError(unknown(url))
    kind: type[ObjectStore] = plugins.load(OBJECT_STORES, scheme if is_registered else ANY_SCHEME)
    return kind


def unknown(url: str) -> str:
    """The message for a URL that names no object store."""
    known = ", ".join(f"{name}:" for name in plugins.names(OBJECT_STORES) if name != ANY_SCHEME)
    return (
        f"{masked(url)!r} names no object store; known are {known} and the URLs of fsspec, such as file:FOLDER, "
        "s3://BUCKET/FOLDER, gs://, abfs:// and sftp://."
    )
