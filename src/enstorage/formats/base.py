"""The formats, and which one an object takes."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from enstorage import plugins
from enstorage.errors import UntrustedError

GROUP = "enstorage.formats"
PICKLE = "pickle"


class Format(ABC):
    """One way to keep objects as bytes. Subclasses are registered under `enstorage.formats` and have no state."""

    #: The registered name, stored beside the bytes.
    name: ClassVar[str]

    @staticmethod
    @abstractmethod
    def takes(obj: Any) -> bool:
        """True for an object of this format's kind; imports no library."""

    @staticmethod
    @abstractmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:
        """The object as bytes.

        Raises:
            UntrustedError: opening the bytes would run code, and `allow_code` is false.
        """

    @staticmethod
    @abstractmethod
    def load(content: bytes, *, allow_code: bool) -> Any:
        """The object in the bytes.

        Raises:
            UntrustedError: the bytes could run code, and `allow_code` is false.
        """


def dump(obj: Any, *, allow_pickle: bool) -> tuple[str, bytes]:
    """The name of the format that the object takes, and its bytes.

    Raises:
        UntrustedError: only pickle takes the object, and pickle is not allowed.
    """
    for name in plugins.names(GROUP):
        form = _format(name)
        if name != PICKLE and form.takes(obj):
            try:
                return name, form.dump(obj, allow_code=allow_pickle)
            except UntrustedError:
                if not allow_pickle:
                    raise
    _check_pickle(allow_pickle, f"A {type(obj).__module__}.{type(obj).__qualname__} can only be kept by pickle")
    return PICKLE, _format(PICKLE).dump(obj, allow_code=allow_pickle)


def load(name: str, content: bytes, *, allow_pickle: bool) -> Any:
    """The object that was kept in the format of that name. Raises as `Format.load`."""
    if name == PICKLE:
        _check_pickle(allow_pickle, "The object was kept by pickle")
    return _format(name).load(content, allow_code=allow_pickle)


def _format(name: str) -> type[Format]:
    form: type[Format] = plugins.load(GROUP, name, "format")
    return form


def _check_pickle(allow_pickle: bool, fact: str) -> None:
    if not allow_pickle:
        raise UntrustedError(
            f"{fact}, and opening a pickle runs whatever code it holds. Expected a Keras model, a scikit-learn "
            "estimator or an OnnxModel. If you alone write to this store, open it with Connector(allow_pickle=True)."
        )
