"""The spelling around a time: the name of the day, the end of a span, and 24:00 for the end of a day."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 1000
_DAYS = (
    "mon tue tues wed thu thur thurs fri sat sun monday tuesday wednesday thursday friday saturday sunday mo di mi do fr sa "
    "so montag dienstag mittwoch donnerstag freitag samstag sonntag lun mer jeu ven sam dim"
)
_DAY_NAME = rf"^(?i:{'|'.join(sorted(_DAYS.split(), key=len, reverse=True))})(?:[.,]+ *| +)"
_SPAN = r"^(.*[0-9]{2}:[0-9]{2}.*?) (?:-|–|to|bis) .*[0-9]{2}:[0-9]{2}.*$"
# Java writes the zone behind the offset (RFC 9557), which says the time already.
_ZONE_BEHIND = r"(Z|[+-][0-9]{2}:[0-9]{2})\[[A-Za-z0-9_/+-]+\]$"
_MIDNIGHT = r"(^|[T ])24:00((?::00)?(?:\D|$))"


def without_frills(texts: "pl.Series") -> "tuple[pl.Series, bool]":
    """The texts without names of days and of zones, and of spans of time the starts; and whether they were spans.

    Args:
        texts: without blanks around them.
    """
    sample = texts.head(_SAMPLE)
    if sample.str.contains(_DAY_NAME + "[0-9]").any():
        texts = texts.str.replace(_DAY_NAME + "([0-9])", "${1}")
    if sample.str.contains(_ZONE_BEHIND).any():
        texts = texts.str.replace(_ZONE_BEHIND, "${1}")
    are_spans = bool(sample.str.contains(_SPAN).any())
    return (texts.str.replace(_SPAN, "${1}") if are_spans else texts), are_spans


def without_midnights(texts: "pl.Series") -> "tuple[pl.Series, NDArray[np.bool_]]":
    """The texts with 00:00 for 24:00, and which of them had that, shape (n,): their times are a day later."""
    at_end = texts.str.contains(_MIDNIGHT).fill_null(value=False)
    return texts.str.replace(_MIDNIGHT, "${1}00:00${2}"), at_end.to_numpy()
