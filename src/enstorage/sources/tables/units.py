"""Units that stand beside numbers: a currency, a percent sign, a unit of measurement."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

_SYMBOL = r"(?:[A-Z]{0,3}\p{Sc}|kr|Kč|zł|Ft|Fr\.)"
_CODES = (
    "AED|ARS|AUD|BGN|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|ISK|JPY|KRW|MXN|MYR|NGN|NOK|NZD|PEN|"
    "PHP|PKR|PLN|RON|RSD|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_SIGN = "[+\\-\u2212]"
_DIGITS = "[0-9.,][0-9.,'’ \u00a0\u202f\u2009]*?(?:[eE][+-]?[0-9]+)?"
_BLANK = "[ \u00a0\u202f\u2009]*"
# A letter, a sign or a currency begins what may stand behind a number: °C, m³, mg/dl, %, €.
_BEHIND = r"(?:[\p{L}%‰°\p{Sc}][^0-9.,\s]*(?:[/·²³^][\p{L}0-9²³]+)*)"
_PATTERN = (
    rf"^(?P<sign>{_SIGN}?){_BLANK}(?:(?P<before>{_SYMBOL}|(?:{_CODES})\b)?){_BLANK}(?P<inner>{_SIGN}?{_DIGITS})"
    rf"(?:{_BLANK}(?P<behind>{_BEHIND}))?$"
)


def find_unit(texts: "pl.Series") -> str | None:
    """The unit that most of the texts have before or behind their number; None if most have none.

    Args:
        texts: values without blanks around them, none of them missing.
    """
    import polars as pl

    if not len(texts) or not texts.str.contains(r"[^0-9.,+\-eE]").any():
        return None
    units = texts.to_frame("text").select(_unit(pl.col("text"))).to_series()
    known = units.drop_nulls()
    if 2 * len(known) <= len(texts):
        return None
    return str(known.mode().sort()[0])


def without_unit(texts: "pl.Series", unit: str) -> "pl.Series":
    """The numbers of texts that have the unit; texts with another one, or without, stay as they are."""
    import polars as pl

    text = pl.col("text")
    parts = text.str.extract_groups(_PATTERN).struct
    number = parts.field("sign") + parts.field("inner").str.strip_chars()
    number = number.str.replace("\u2212", "-", literal=True)
    has_it = (_unit(text) == unit).fill_null(value=False)
    # A number without the unit is another one: it is made unreadable, so that it is told as a bad row.
    return texts.to_frame("text").select(pl.when(has_it).then(number).otherwise(text + " without the unit")).to_series()


def _unit(text: "pl.Expr") -> "pl.Expr":
    """The unit of each text, null without one."""
    import polars as pl

    parts = text.str.extract_groups(_PATTERN).struct
    found = pl.concat_str(parts.field("before").fill_null(""), parts.field("behind").fill_null(""))
    return pl.when(found != "").then(found)
