"""The formats, and which one an object takes."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from enstorage import plugins
from enstorage.errors import UntrustedError
from enstorage.plugins import Kind

FORMATS = Kind("enstorage.formats", "format", ("enstorage.formats.base.Format",), is_named=True)
PICKLE = "pickle"


class Format(ABC):
    """One way to keep objects as bytes. Subclasses are registered under `enstorage.formats` and have no state.

    Promises that every format keeps, checked by `enstorage.testing.FormatContract`:

    - It takes objects of its own kind alone. Those that other packages register are asked before ours, pickle last.
    - What was dumped is loaded in another process to an object that gives the same output.
    - Bytes that were cut or changed raise an error of `enstorage.errors`.
    - Loading runs no code from the bytes unless `allow_code` is true.
    """

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
        UntrustedError: only pickle takes the object, and pickle is not allowed; the message names formats of other packages
            that could not be asked because they are broken.
    """
    forms, faults = plugins.usable(FORMATS)
    for name, form in forms.items():
        if name != PICKLE and _takes(form, obj, faults):
            try:
                return name, form.dump(obj, allow_code=allow_pickle)
            except UntrustedError:
                if not allow_pickle:
                    raise
    kind = f"{type(obj).__module__}.{type(obj).__qualname__}"
    _check_pickle(allow_pickle, " ".join([*faults, f"A {kind} can only be kept by pickle"]))
    return PICKLE, _format(PICKLE).dump(obj, allow_code=allow_pickle)


def load(name: str, content: bytes, *, allow_pickle: bool) -> Any:
    """The object that was kept in the format of that name. Raises as `Format.load`."""
    if name == PICKLE:
        _check_pickle(allow_pickle, "The object was kept by pickle")
    return _format(name).load(content, allow_code=allow_pickle)


def _takes(form: type[Format], obj: Any, faults: list[str]) -> bool:
    """True if a format takes an object; errors of the format are added to the faults."""
    try:
        return form.takes(obj)
    except Exception as error:  # noqa: BLE001 - the code of others may fail in any way
        faults.append(f"The format {form.name!r} failed ({type(error).__name__}: {error}).")
        return False


def _format(name: str) -> type[Format]:
    form: type[Format] = plugins.load(FORMATS, name)
    return form


def _check_pickle(allow_pickle: bool, fact: str) -> None:
    if not allow_pickle:
        raise UntrustedError(
            f"{fact}, and opening a pickle runs whatever code it holds. Expected a Keras model, a scikit-learn "
            "estimator or an OnnxModel. If you alone write to this store, open it with Connector(allow_pickle=True)."
        )
