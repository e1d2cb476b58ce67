"""`Budget`: how much JSON of a bundle may still be read. It is asked before anything is parsed.

A parsed value takes up to a hundred times the bytes of its text: `[],` becomes an object of 56 bytes.
"""

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.settings import limit

_WORTH = "If you trust whoever made it, raise the limit in the settings"
# Each value but the first stands behind one of these. Those inside of texts are counted too: the limit is no less safe.
_MARKS = (b",", b":", b"[", b"{")


class Budget:
    """Counts what the JSON of one bundle takes, and refuses what is more than the settings allow.

    Args:
        is_own: true for a bundle that was made here, which may be as large as it is.
    """

    def __init__(self, *, is_own: bool = False) -> None:
        self._most = {
            name: 2**63 if is_own else limit(f"max_bundle_{name}") for name in ("text", "line", "elements", "levels")
        }
        self._text = self._elements = 0

    def take_member(self, name: str, size: int) -> None:
        """Take a member into account before its bytes are read.

        Raises:
            InvalidInputError: all JSON together has too many bytes.
        """
        self._text += size
        self._refuse(name, "bytes of JSON in all", self._text, "text")

    def take(self, what: str, content: bytes) -> None:
        """Take the JSON of a record, or of the manifest, into account before it is parsed.

        Raises:
            InvalidInputError: it has too many bytes or values, or lists and tables too deep inside each other.
        """
        self._refuse(what, "bytes in one record", len(content), "line")
        self._elements += sum(map(content.count, _MARKS))
        self._refuse(what, "values in all", self._elements, "elements")
        self._refuse(what, "lists and tables inside each other", _levels(content, self._most["levels"]), "levels")

    def _refuse(self, what: str, unit: str, count: int, name: str) -> None:
        most = self._most[name]
        if count > most:
            raise InvalidInputError(
                f"With {what} there are at least {count} {unit}; expected at most {most}. {_WORTH}: max_bundle_{name} in "
                f"enstorage.toml, or ENSTORAGE_MAX_BUNDLE_{name.upper()}."
            )


def _levels(content: bytes, most: int) -> int:
    """The depth of nested lists and tables; 0 if there are too few brackets for more than `most`."""
    if content.count(b"[") + content.count(b"{") <= most:  # as in most lines
        return 0
    plain = content.replace(_ESCAPED_BACKSLASH, b"").replace(_ESCAPED_QUOTE, b"")
    outside = b"".join(plain.split(b'"')[::2])
    brackets = np.frombuffer(outside.translate(_ONE_KIND, delete=_NO_BRACKETS), np.uint8)
    return int(np.cumsum(np.where(brackets == _OPEN, 1, -1)).max(initial=0))


_ESCAPED_BACKSLASH, _ESCAPED_QUOTE = b"\\\\", b'\\"'
_OPEN = b"["[0]
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")
