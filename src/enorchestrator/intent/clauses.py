"""The values of the clauses that all verbs share, from the words of a sentence."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Words = Sequence[str]
UnitName = Literal["year", "quarter", "month", "week", "day", "hour", "minute", "second", "step"]

_UNITS: dict[UnitName, str] = {
    "year": "year|год|лет",
    "quarter": "quarter|квартал",
    "month": "month|месяц",
    "week": "week|недел",
    "day": "day|день|дня|дней",
    "hour": "hour|час",
    "minute": "minute|минут",
    "second": "second|секунд",
    "step": "step|шаг",
}
_MONTHS = (
    *("jan|янв", "feb|фев", "mar|мар", "apr|апр", "may|май|мая|мае", "jun|июн"),
    *("jul|июл", "aug|авг", "sep|сен", "oct|окт", "nov|ноя", "dec|дек"),
)
_WEEKDAYS = ("sun|вос", "mon|пон", "tue|вто", "wed|сре", "thu|чет", "fri|пят", "sat|суб")


class Checked(BaseModel):
    """Base of the parts of a syntax tree."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Span(Checked):
    """A length of time, or a number of steps."""

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    unit: UnitName

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'s' if self.count > 1 else ''}"


class ErrorLimit(Checked):
    """The largest error on rolling origins, in units of the source where the metric has units."""

    metric: Literal["mse", "rmse", "mae", "mape", "smape", "mase", "rmsse"]
    at_most: float


class Times(Checked):
    """Times of the calendar."""

    every: UnitName
    count: Annotated[int, Field(ge=1, le=1_000)] = 1
    month: Annotated[int | None, Field(ge=1, le=12)] = None
    weekday: Annotated[int | None, Field(ge=0, le=6, description="0 is Sunday.")] = None
    at: Annotated[str | None, Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$")] = None


def unit(word: str) -> UnitName:
    """The unit that a word of either language means."""
    return next(name for name, stems in _UNITS.items() if re.match(stems, word, re.IGNORECASE))


def _place(word: str, stems: Sequence[str]) -> int | None:
    return next((place for place, stem in enumerate(stems) if re.match(stem, word, re.IGNORECASE)), None)


def number(word: str) -> float:
    """A number with a point or a comma."""
    return float(word.replace(",", "."))


def _span(words: Words) -> dict[str, Any]:
    count, name = words
    return {"count": int(count), "unit": unit(name)}


def _times(words: Words) -> dict[str, Any]:
    first, *rest = words
    if first.isdigit():
        return {"every": unit(rest[0]), "count": int(first)}
    clock = {"at": rest[0]} if rest else {}
    # A weekday first: "сре" is Wednesday, and "сен" September; "mon" is Monday, and "month" a unit.
    if (weekday := _place(first, _WEEKDAYS)) is not None and not re.match("month", first, re.IGNORECASE):
        return {"every": "week", "weekday": weekday} | clock
    if (month := _place(first, _MONTHS)) is not None:
        return {"every": "year", "month": month + 1} | clock
    return {"every": unit(first)} | clock


#: By the name of a rule of the grammar: the value of its words.
CLAUSES: Mapping[str, Callable[[Words], Any]] = {
    "name": lambda words: words[0][1:-1].strip() if words[0][0] in "\"«“„'" else words[0],
    "horizon": _span,
    "limit": lambda words: {"metric": words[0].lower(), "at_most": number(words[1])},
    "levels": lambda words: [round(number(word.rstrip(" %")) / 100, 6) for word in words],
    "between": lambda words: [number(word) for word in words],
    "above": lambda words: number(words[0]),
    "below": lambda words: number(words[0]),
    "whole": lambda _: True,
    "times": _times,
    "notify": list,
    "within": _span,
    "folds": lambda words: int(words[0]),
    "urgent": lambda _: True,
}
