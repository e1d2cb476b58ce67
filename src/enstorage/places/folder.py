"""Folders whose names the libraries of the stores can handle."""

from enstorage.errors import InvalidInputError
from enstorage.places.masking import shown_folder

#: What Delta Lake takes for something else in a path, or refuses.
_NOT_IN_TABLES = frozenset("[]|^\\")
#: What means something else in the URL of a database.
_NOT_IN_URLS = frozenset("?#%")


def check_folder(path: str, *, in_url: bool) -> str:
    """The path of a folder, as given.

    Args:
        path: absolute or not.
        in_url: true if it also stands in the URL of a database.

    Raises:
        InvalidInputError: it has characters that a library would stumble over later.
    """
    strange = sorted({character for character in path if _is_strange(character, in_url=in_url)})
    if strange:
        raise InvalidInputError(
            f"The folder {_shown(shown_folder(path))} has {', '.join(map(_shown, strange))} in its name, which the "
            "libraries of the stores take for something else. Choose another folder."
        )
    return path


def _is_strange(character: str, *, in_url: bool) -> bool:
    if character in _NOT_IN_TABLES or (in_url and character in _NOT_IN_URLS):
        return True
    # Control characters, and halves of surrogate pairs, which stand for bytes that are not UTF-8.
    return ord(character) < 32 or ord(character) == 127 or 0xD800 <= ord(character) < 0xE000


def _shown(text: str) -> str:
    return text if text.isprintable() else ascii(text)[1:-1]
