"""Texts in files that a command is given."""

import sys
from pathlib import Path

from enstorage.errors import InvalidInputError


def read_text_file(file: str, most: int) -> str:
    """The text of a file, or of standard input for `-`.

    Args:
        file: its path.
        most: of standard input so many characters are read, and one more, by which the caller sees that it is too long.

    Raises:
        InvalidInputError: it cannot be read.
    """
    try:
        return sys.stdin.read(most + 1) if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise InvalidInputError(f"The file {file} cannot be read: {told}. Name another one.", field="file") from None
