"""The key of a series in a panel or a long table."""

from enstorage.errors import InvalidInputError

_LONGEST_KEY = 255


def as_key(key: object) -> str:
    """The key of a series as text; integers become text.

    Raises:
        InvalidInputError: it is neither a text of 1 to 255 characters nor an integer.
    """
    is_number = hasattr(key, "__index__") and not isinstance(key, bool)
    text = str(key) if is_number else key
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_KEY:
        raise InvalidInputError(
            f"The key of a series must be a text of 1 to {_LONGEST_KEY} characters or an integer; received {key!r:.80}."
        )
    return text
