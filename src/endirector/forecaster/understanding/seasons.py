"""The season of the series of a table, and gaps in them, with a sentence on each."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.forecaster.seasonality import share_of_seasonal
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.season import usual_season
from enstorage.errors import InvalidInputError

#: Seasons of quarters, weekdays, months and hours, ascending, which are looked for where the times tell none.
_SEASONS = (4, 5, 7, 12, 24, 48, 52, 96, 168)
#: One of nine tests is passed by chance in one series of ten: so few series with a season say nothing.
_FEWEST_SEASONAL = 0.5


@dataclass(frozen=True, slots=True)
class Season:
    """The season of series.

    Attributes:
        buckets: in a season; 1 for none.
        reason: a sentence.
    """

    buckets: int
    reason: str

    @classmethod
    def told(cls, buckets: int | None) -> "Season | None":
        """The season that the caller tells; None for none told.

        Raises:
            InvalidInputError: it is neither None nor an integer from 1.
        """
        if buckets is None:
            return None
        if type(buckets) is not int or buckets < 1:
            raise InvalidInputError(
                f"season is {buckets!r}; expected an integer from 1, where 1 is none, or None to find it."
            )
        return cls(buckets, f"Season: {buckets} buckets, as told." if buckets > 1 else "No season, as told.")


def find_season(clock: Calendar, values: Mapping[str, NDArray[np.float64]]) -> Season:
    """The usual season of a calendar, where the values have it.

    Args:
        clock: of the series.
        values: of each series, NaN in gaps, shape (n,) each.
    """
    usual = usual_season(clock)
    if usual == 1:
        found = _season_of_numbers(values) if clock.is_counter else None
        return found or Season(1, f"No season: buckets of {clock} have no usual one. Tell one with season.")
    seasonal, able = share_of_seasonal(values.values(), usual)
    if able and not seasonal:
        long = f"{able} series that are long enough to tell"
        return Season(1, f"No season: one of {usual} buckets is seen in none of {long}.")
    seen = (
        f"seen in {seasonal} of {able} series that are long enough to tell"
        if able
        else "no series is long enough to tell"
    )
    return Season(usual, f"Season: {usual} buckets, the usual one; {seen}.")


def _season_of_numbers(values: Mapping[str, NDArray[np.float64]]) -> Season | None:
    """The season that most series on numbered buckets have, of those that calendars have; None if half have no such one.

    A multiple of a season is one too: of seasons that as many series have the shortest is meant.
    """
    found = {each: share_of_seasonal(values.values(), each) for each in _SEASONS}
    shares = {each: seasonal / able for each, (seasonal, able) in found.items() if able}
    best = max(shares, key=lambda each: shares[each], default=1)
    if shares.get(best, 0.0) <= _FEWEST_SEASONAL:
        return None
    seasonal, able = found[best]
    return Season(
        best,
        f"Season: {best} buckets, found in {seasonal} of {able} series that are long enough to tell. Tell another one with "
        "season.",
    )


def remarks_on_gaps(values: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """A sentence on empty buckets, if there are some."""
    missing = {key: int(np.isnan(own).sum()) for key, own in values.items()}
    gaps = sum(missing.values())
    if not gaps:
        return []
    return [
        f"{gaps} buckets in {sum(map(bool, missing.values()))} series are empty; they are filled for models that need "
        "values, and nothing is judged on them."
    ]
