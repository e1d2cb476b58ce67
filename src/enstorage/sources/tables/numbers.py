"""Numbers as people write them: decimal comma, groups of thousands, and the texts that stand for a missing value."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named
from enstorage.sources.tables.options import TableOptions

if TYPE_CHECKING:
    import polars as pl

    Plain = tuple[pl.Series, pl.Series]

_SAMPLE = 1000
#: Texts that stand for a missing value, in small letters.
MISSING = ("", "na", "n/a", "#n/a", "n.a.", "nan", "null", "none", "-", "--", "---", "–", "—", ".", "..", "?")

# A blank between groups may also be a narrow or a non-breaking one; Swiss files have an apostrophe.
_BLANKS = " \u00a0\u202f\u2009"
_APOSTROPHES = "'’"
_CLASSES = {" ": f"[{_BLANKS}]", "'": f"[{_APOSTROPHES}]", ".": r"\.", ",": ","}
_ANY_GROUP = f"[{_BLANKS}{_APOSTROPHES}]"
_SIGN = "^[+-]?"
_COMMA = rf"{_SIGN}(?:[0-9]*|[0-9]{{1,3}}(?:(?:\.|{_ANY_GROUP})[0-9]{{3}})+),[0-9]+(?:[eE][+-]?[0-9]+)?$"
_POINT_GROUPS = rf"{_SIGN}[0-9]{{1,3}}(?:\.[0-9]{{3}}){{2,}}$"
# In India groups before the last one have two digits.
_GROUPS_BEFORE_POINT = (
    rf"{_SIGN}[0-9]{{1,3}}(?:,[0-9]{{2,3}})*,[0-9]{{3}}\.[0-9]*$|{_SIGN}[0-9]{{1,3}}(?:,[0-9]{{2,3}})+,[0-9]{{3}}$"
)
_DOUBTFUL = rf"{_SIGN}[1-9][0-9]{{0,2}},[0-9]{{3}}$"


@dataclass(frozen=True, slots=True)
class NumberForm:
    """The form of the numbers of a table.

    Attributes:
        decimal: the decimal character.
        thousands: the character between groups of three digits; None if there is none.
    """

    decimal: str = "."
    thousands: str | None = None

    @property
    def is_plain(self) -> bool:
        """True for numbers as programs write them."""
        return self == NumberForm()

    def parse(self, texts: "pl.Series") -> "pl.Series":
        """The numbers, null for a text that is not one."""
        import polars as pl

        if self.is_plain:
            return texts.cast(pl.Float64, strict=False)
        text = pl.col("text")
        if self.thousands is not None:
            group, decimal = _CLASSES[self.thousands], re.escape(self.decimal)
            others = f"(?:{group}[0-9]{{2,3}})*" if self.thousands == "," else f"(?:{group}[0-9]{{3}})*"
            grouped = rf"{_SIGN}[0-9]{{1,3}}{others}{group}[0-9]{{3}}(?:{decimal}[0-9]*)?$"
            text = pl.when(text.str.contains(grouped)).then(text.str.replace_all(group, "")).otherwise(text)
        if self.decimal == ",":
            has_point = text.str.contains(".", literal=True)
            text = pl.when(~has_point).then(text.str.replace(",", ".", literal=True))
        return texts.to_frame("text").select(text.cast(pl.Float64, strict=False)).to_series()


def are_plain_numbers(texts: "pl.Series") -> bool:
    """True if all texts are numbers as programs write them; most columns are, and are read without further questions."""
    import polars as pl

    return texts.cast(pl.Float64, strict=False).null_count() == texts.null_count()


def read_plain(columns: "Mapping[str, pl.Series]") -> "tuple[dict[str, Plain], NumberForm | None]":
    """The columns whose texts are numbers as programs write them, or stand for missing values; most are.

    Those with a decimal comma are among them, if it can be nothing else.

    Args:
        columns: texts by the name of their column.

    Returns:
        The numbers of each such column and which of them are missing; and the form of the table, None if it is to be found.
    """
    import polars as pl

    found = {name: _plain(texts, texts) for name, texts in columns.items()}
    plain = {name: each for name, each in found.items() if each is not None}
    if len(plain) == len(columns):
        return plain, NumberForm()
    if not any(texts.str.contains(".", literal=True).any() for texts in columns.values()):
        with_point = {name: texts.str.replace(",", ".", literal=True) for name, texts in columns.items()}
        commas = {name: _plain(texts, with_point[name]) for name, texts in columns.items()}
        firsts = pl.concat([texts.head(_SAMPLE) for texts in columns.values()])
        is_clear = (firsts.str.contains(",", literal=True) & ~firsts.str.contains(_DOUBTFUL)).any()
        if is_clear and None not in commas.values():
            return {name: each for name, each in commas.items() if each is not None}, NumberForm(",")
    return plain, None


def _plain(texts: "pl.Series", with_point: "pl.Series") -> "Plain | None":
    """The numbers, and which are missing; None if a text is neither."""
    import polars as pl

    numbers = with_point.cast(pl.Float64, strict=False)
    if numbers.null_count() == texts.null_count():
        return numbers, numbers.is_null()
    words = texts.filter(numbers.is_null() & texts.is_not_null())
    return (numbers, numbers.is_null()) if is_missing(words, ()).all() else None


def is_missing(texts: "pl.Series", further: Sequence[str]) -> "pl.Series":
    """True for the texts that stand for a missing value."""
    names = [*MISSING, *(text.strip().lower() for text in further)]
    # Long texts are not compared: of ten million values, few are words.
    return texts.is_null() | texts.str.to_lowercase().is_in(names)


def find_form(name: str, columns: "Sequence[pl.Series]", options: TableOptions) -> NumberForm:
    """The form in which all numbers of a table are written.

    Args:
        name: of the table, for messages.
        columns: texts of the values, without missing ones.
        options: what the caller knows.

    Raises:
        InvalidInputError: it is not clear whether a comma is a decimal one.
    """
    import polars as pl

    if options.decimal is not None or options.thousands is not None:
        return NumberForm(options.decimal or ("," if options.thousands == "." else "."), options.thousands)
    texts = pl.concat([column.filter(column.cast(pl.Float64, strict=False).is_null()) for column in columns])
    if not len(texts):
        return NumberForm()
    has_grouped_points = bool(texts.str.contains(_POINT_GROUPS).any())
    is_doubtful = texts.str.contains(_DOUBTFUL)
    with_comma = int((texts.str.contains(_COMMA) & ~is_doubtful).sum())
    with_groups = int(texts.str.contains(_GROUPS_BEFORE_POINT).sum())
    if is_doubtful.any() and not with_comma and not with_groups:
        if not any(column.str.contains(rf"{_SIGN}[0-9]*\.[0-9]+$").any() for column in columns):
            raise InvalidInputError(
                f"{name} has values such as {texts.filter(is_doubtful)[0]!r}, whose comma may be a decimal comma or stand "
                f"between thousands. Give the option {named('decimal')} or {named('thousands')} as ','."
            )
        with_groups = 1
    if with_comma > with_groups or has_grouped_points:
        return NumberForm(",", _groups(texts, before=(".", " ", "'"), numbers=columns))
    return NumberForm(".", "," if with_groups else _groups(texts, before=(" ", "'"), numbers=columns))


def _groups(texts: "pl.Series", before: Sequence[str], numbers: "Sequence[pl.Series]") -> str | None:
    """The character between groups of three digits, of those given."""
    for mark in before:
        pattern = rf"{_SIGN}[0-9]{{1,3}}(?:{_CLASSES[mark]}[0-9]{{3}})+(?:[.,]|$)"
        if any(column.str.contains(pattern).any() for column in (texts, *(numbers if mark == "." else ()))):
            return mark
    return None
