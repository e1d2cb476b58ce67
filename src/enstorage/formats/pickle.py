"""Any Python object, by cloudpickle. Opening one runs code from the file, so it is off unless the store allows it."""

from typing import Any

from enstorage import plugins
from enstorage.errors import CorruptError
from enstorage.formats.base import Format


class PickleFormat(Format):
    """The paper's way of keeping models; used for what no other format takes."""

    name = "pickle"

    @staticmethod
    def takes(obj: Any) -> bool:  # noqa: ARG004
        """Anything."""
        return True

    @staticmethod
    def dump(obj: Any, *, allow_code: bool) -> bytes:  # noqa: ARG004 - `formats.base.dump` has checked it
        """See `Format.dump`."""
        try:
            import cloudpickle
        except ModuleNotFoundError as error:
            raise plugins.missing(error, "Keeping an object by pickle", extra="pickle") from error
        content: bytes = cloudpickle.dumps(obj)
        return content

    @staticmethod
    def load(content: bytes, *, allow_code: bool) -> Any:
        """See `Format.load`; `formats.base.load` has checked that code is allowed."""
        import pickle

        assert allow_code  # noqa: S101 - a second lock on the door
        try:
            return pickle.loads(content)  # noqa: S301 - allowed by Connector(allow_pickle=True) alone
        except (pickle.UnpicklingError, EOFError) as error:
            raise CorruptError(f"The pickled object cannot be opened: {error}") from error
