"""Signs of numbers as accounts write them: parentheses, a minus behind the number, marks of debit and credit."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Mask = NDArray[np.bool_]
_SAMPLE = 1000
# A unit may stand before or behind the parentheses, as in $(5.00); a sign within them would be a second one.
_SIGNS = r"+\-\u2212"
_IN_PARENTHESES = rf"^([^0-9().,{_SIGNS}]*)\(([^(){_SIGNS}]*[0-9][^(){_SIGNS}]*)\)([^0-9(){_SIGNS}]*)$"
_BEHIND = r"^([^\-\u2212(]*[0-9][.,]?)[ \u00a0]*[\-\u2212]([^0-9\-\u2212]*)$"
# Behind a number, small letters would be seconds and hours.
_LETTERS = "(?:[SHDC]|[DC][Rr])"
#: Marks of a negative number (money that goes) and of a positive one, in small letters.
_MARKS = (("s", "h"), ("soll", "haben"), ("d", "c"), ("dr", "cr"), ("dbit", "crdt"), ("debit", "credit"), ("-", "+"))


def with_signs(texts: "pl.Series") -> "tuple[pl.Series, int]":
    """The texts with a minus sign in front of the numbers that accounts mark as negative; and how many had parentheses.

    A minus may stand behind the number, as in `1.234,50-`. `S` and `H`, or `DR` and `CR`, behind the numbers of a column
    that has both mark debit and credit.

    Args:
        texts: without blanks around them.
    """
    count = 0
    if texts.str.contains("\u2212", literal=True).any():
        texts = texts.str.replace_all("\u2212", "-", literal=True)
    if texts.str.contains("(", literal=True).any():
        count = int(texts.str.contains(_IN_PARENTHESES).sum())
        texts = texts.str.replace(_IN_PARENTHESES, "-${1}${2}${3}")
    if texts.str.contains(r"[0-9.,][ \u00a0]*[\-\u2212]\D*$").any():
        texts = texts.str.replace(_BEHIND, "-${1}${2}")
    if texts.head(_SAMPLE).str.contains(rf"[0-9][ \u00a0]*{_LETTERS}$").any():
        texts = _without_marks(texts)
    return texts, count


def is_sign(texts: "pl.Series") -> bool:
    """True for a column that holds nothing but marks of debit and credit, both of them."""
    return _pair(texts) is not None


def negatives(marks: "pl.Series") -> "tuple[Mask, str]":
    """The rows that a column of marks of debit and credit makes negative, shape (n,); and the mark as it is written.

    Args:
        marks: a column for which `is_sign` is true.
    """
    pair = _pair(marks) or ("", "")
    texts = marks.str.strip_chars()
    are_negative = (texts.str.to_lowercase() == pair[0]).fill_null(value=False)
    return are_negative.to_numpy(), str(texts.filter(are_negative)[0])


def _pair(texts: "pl.Series") -> tuple[str, str] | None:
    """The marks of a column, if all of its cells are one of two and both are there."""
    import polars as pl

    if texts.dtype != pl.String:
        return None
    for column in (texts.head(_SAMPLE), texts):
        found = set(column.drop_nulls().str.strip_chars().str.to_lowercase().unique().to_list()) - {""}
        if not any(found <= set(pair) for pair in _MARKS):
            return None
    return next((pair for pair in _MARKS if found == set(pair)), None)


def _without_marks(texts: "pl.Series") -> "pl.Series":
    """The numbers with a minus sign for the mark of debit, if all have one of two marks behind them, and no sign."""
    import polars as pl

    parts = texts.str.extract_groups(
        rf"^(?P<number>[^{_SIGNS}(]*[0-9][.,]?)[ \u00a0]*(?P<mark>{_LETTERS})$"
    ).struct.unnest()
    pair = _pair(parts["mark"])
    if pair is None:
        return texts
    is_negative = pl.col("mark").str.to_lowercase() == pair[0]
    number = pl.when(is_negative).then(pl.lit("-") + pl.col("number")).otherwise("number")
    return parts.select(pl.coalesce(number, texts)).to_series()
