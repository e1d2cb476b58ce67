"""`Understanding`: a table as it was understood, as JSON, for people to look at and to correct."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from enstorage.errors import InvalidInputError


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodColumn:
    """A column of a table.

    Attributes:
        name: its title.
        content: `times`, `numbers` or `texts`.
        role: `time`, `series`, `value`, `known`, `past`, `static`, `hierarchy` or `left out`.
        could_be: for a column of numbers that is left out `known` or `past`, the covariate that it could be; else None.
        examples: some of its cells, as texts.
    """

    name: str
    content: str
    role: str
    could_be: str | None
    examples: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodCovariate:
    """A covariate of the series.

    Attributes:
        name: of its column.
        role: `known` ahead, or `past`: known up to now.
        series: number of series that it has values for; 1 also where it is the same for all.
        steps_ahead: number of buckets from the end of a series to its own last value, the smallest of all series; below 0
            where it ends before the series.
    """

    name: str
    role: str
    series: int
    steps_ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderstoodSeries:
    """A series of a table.

    Attributes:
        key: of the series.
        time_interval: of its buckets; None for points that are not grouped.
        rows: number of buckets from its first to its last value.
        measured: number of those that have a value.
        first: label of the first bucket.
        last: label of the last bucket.
        tail: its last values, None in gaps; empty for series beyond the first `MOST_SHOWN`.
    """

    key: str
    time_interval: str | None
    rows: int
    measured: int
    first: str
    last: str
    tail: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """A table as it was understood. Nothing is stored.

    To correct it, call `endirector.understand` again with `told` and what is to be different.

    Attributes:
        told: what the caller said, the arguments of `endirector.understand` that were given.
        form: what was found and told, with which the same table, or a later one of the same form, is read in the same way.
        name: of the table.
        unit: of the values; empty where none is known, or several are.
        season: number of buckets in a season; 1 for none.
        season_reason: a sentence on the season.
        columns: in the order of the table; none where its times stand in the header.
        series: in the order of the table.
        covariates: in the order in which they were told.
        remarks: one sentence for each thing that was found.
    """

    told: Mapping[str, Any]
    form: Mapping[str, Any]
    name: str
    unit: str
    season: int
    season_reason: str
    columns: Sequence[UnderstoodColumn]
    series: Sequence[UnderstoodSeries]
    covariates: Sequence[UnderstoodCovariate]
    remarks: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """The understanding as JSON; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the JSON of `to_json`.

        Raises:
            InvalidInputError: it is no such JSON.
        """
        try:
            columns = [UnderstoodColumn(**each) for each in value["columns"]]
            series = [UnderstoodSeries(**each) for each in value["series"]]
            covariates = [UnderstoodCovariate(**each) for each in value["covariates"]]
            return cls(**{**value, "columns": columns, "series": series, "covariates": covariates})
        except (TypeError, KeyError) as error:
            names = ", ".join(field.name for field in fields(cls))
            raise InvalidInputError(
                f"This is no understanding of a table: {error}. Expected an object with {names}, as "
                "Understanding.to_json() gives it."
            ) from error
