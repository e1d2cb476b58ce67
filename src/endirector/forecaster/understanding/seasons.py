"""The season of the series of a table, and gaps in them, with a sentence on each."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.forecaster.seasonality import share_of_seasonal
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.season import usual_season
from enstorage.errors import InvalidInputError


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
        return Season(1, f"No season: buckets of {clock} have no usual one. Tell one with season.")
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
