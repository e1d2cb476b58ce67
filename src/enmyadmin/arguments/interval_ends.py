"""The options --side and --floor: the ends of prediction intervals."""

from enum import StrEnum
from typing import Literal

from enstorage.errors import InvalidInputError


class IntervalSide(StrEnum):
    """The ends of an interval: both, or one alone."""

    BOTH = "both"
    LOWER = "lower"
    UPPER = "upper"


def floor_of(text: str) -> float | Literal["found"] | None:
    """The value that no end of an interval is below, from the text of the option.

    Raises:
        InvalidInputError: it is no number, not `none` and not `found`.
    """
    word = text.strip().lower()
    if word == "found":
        return "found"
    if word == "none":
        return None
    try:
        return float(word)
    except ValueError as error:
        raise InvalidInputError(
            f"--floor takes a number, none or found; received {text!r:.40}. Give the smallest possible value, such as 0."
        ) from error
