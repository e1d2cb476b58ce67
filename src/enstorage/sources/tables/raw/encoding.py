"""The text in the bytes of a file: byte order mark, UTF-8, UTF-16, and what `charset-normalizer` finds."""

import codecs
from pathlib import Path

from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_NAMES = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 with byte order mark",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (Latin-1)",
}
#: The encodings that files of tables have, beside Unicode; a guess among all has no sense for a few letters.
_GUESSED = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "shift_jis", "gb18030", "euc_kr", "big5"]
_SAMPLE_BYTES = 2**16


def decode(path: Path, content: bytes, encoding: str | None) -> tuple[str, str]:
    """The text of a file, and the name of its encoding.

    Args:
        path: of the file, for messages.
        content: the bytes.
        encoding: the encoding as the caller knows it; None: found from the bytes.

    Raises:
        InvalidInputError: the encoding is not known, or the bytes are not text in it.
    """
    found = encoding or _find(content)
    if found is None or (found == "utf-8" and b"\0" in content):
        raise InvalidInputError(
            f"{path} is a binary file; expected a table as text, Parquet or Excel (.xlsx). Export it as CSV first."
        )
    try:
        text = content.decode(found)
    except LookupError:
        raise InvalidInputError(
            f"There is no encoding {found!r:.40}; expected a name such as utf-8, utf-16 or latin-1. Correct it."
        ) from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path} is not text in {found} (byte {error.start} is not). Give {named('encoding')}, such as latin-1."
        ) from None
    name = codecs.lookup(found).name
    return text.removeprefix("\ufeff"), _NAMES.get(found if found in _NAMES else name, name)


def _find(content: bytes) -> str | None:
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return encoding
    if b"\0" in content[:_SAMPLE_BYTES]:
        return _utf_16(content[:_SAMPLE_BYTES])
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _guess(content)
    return "utf-8"


def _utf_16(sample: bytes) -> str | None:
    """UTF-16 without byte order mark: digits and separators have a zero byte at every second place."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if 8 * max(even, odd) <= len(sample) or min(even, odd) > max(even, odd) // 20:
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _guess(content: bytes) -> str:
    from charset_normalizer import from_bytes

    lines = [line for line in content.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE_BYTES]
    # Windows-1252 is what most such files are, so another encoding must give the better text.
    best = from_bytes(sample, cp_isolation=_GUESSED, threshold=0.2, language_threshold=0.1).best()
    if best is None or "cp1252" in best.could_be_from_charset or not _is_letters(sample, best.encoding):
        return "cp1252" if _decodes(content, "cp1252") else "latin-1"
    return best.encoding if _decodes(content, best.encoding) else "latin-1"


def _is_letters(sample: bytes, encoding: str) -> bool:
    """True if the characters beyond ASCII are mostly letters, as they are in titles."""
    found = [character for character in sample.decode(encoding, errors="ignore") if not character.isascii()]
    return len(found) >= 8 and sum(map(str.isalpha, found)) > 0.9 * len(found)


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
