r"""Text of any origin as a terminal may show it: without control characters, and in the encoding of the terminal.

Names, descriptions, facts and paths are free text. On a terminal some characters are commands: they move the cursor, change
colours, or reverse the order of what follows. They are shown as Python writes them, `\x1b` or `\u202e`.
"""

import re
import unicodedata
from functools import lru_cache
from typing import TextIO

_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")
#: JSON has line ends between its values, never inside of a string.
_NOT_PLAIN_IN_JSON = re.compile(r"[^\n\x20-\x7e]")
#: The same in ASCII, for terminals that have no more.
_IN_ASCII = {"–": "-", "—": "-", "−": "-", "…": "...", "→": "->", "≥": ">=", "≤": "<=", "×": "x", "²": "^2", "·": "*"}
#: Invisible characters that join or separate letters in Persian, Indian scripts and emoji.
_JOINERS = "\u200c\u200d"


def printable(text: str, stream: TextIO | None = None) -> str:
    """The text on one line, with control characters and what the stream cannot show replaced.

    Args:
        text: any text, also one that is no valid Unicode.
        stream: where it will be written; by default one that has all characters.
    """
    encoding = _encoding_of(stream)
    return _NOT_PLAIN.sub(lambda match: _shown(match[0], encoding), text)


def printable_json(text: str, stream: TextIO | None = None) -> str:
    """JSON of the same value, with such characters as escapes of JSON."""
    encoding = _encoding_of(stream)
    return _NOT_PLAIN_IN_JSON.sub(lambda match: _shown_in_json(match[0], encoding), text)


def _encoding_of(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


@lru_cache(maxsize=4096)
def _shown(character: str, encoding: str) -> str:
    if not _is_harmless(character):
        return character.encode("unicode_escape").decode()
    if _has(encoding, character):
        return character
    return _IN_ASCII.get(character) or character.encode("ascii", "backslashreplace").decode()


@lru_cache(maxsize=4096)
def _shown_in_json(character: str, encoding: str) -> str:
    if _is_harmless(character) and _has(encoding, character):
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character in _JOINERS or unicodedata.category(character) == "Zs"


def _has(encoding: str, character: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
