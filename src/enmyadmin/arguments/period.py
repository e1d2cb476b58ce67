"""Lengths of time that options take, such as 90m, 24h or 7d."""

import re
from datetime import timedelta

from enstorage.errors import InvalidInputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_period(text: str, option: str) -> timedelta:
    """The length of time of a text: an integer and `s`, `m`, `h`, `d` or `w`; 0 needs no unit.

    Raises:
        InvalidInputError: it is none.
    """
    match = re.fullmatch(r"(\d{1,6})([smhdw])|0", text.strip())
    if match is None:
        raise InvalidInputError(
            f"{option} is {text!r}; expected an integer and s, m, h, d or w, such as 24h. Correct it."
        )
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match[2] else timedelta(0)
