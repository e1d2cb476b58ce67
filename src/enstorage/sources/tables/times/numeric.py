"""Times that are written as numbers: of a unit, nanoseconds, decimal years."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.julian import JULIAN_UNITS, fraction_of, julian_days
from enstorage.calendars.stamps import parse_times
from enstorage.instant import MIN_NS, SECOND, join_seconds

if TYPE_CHECKING:
    import polars as pl

Times = tuple[NDArray[np.int64], NDArray[np.bool_]]
"""Nanoseconds since 1970 UTC, and which of them are times; shape (n,) each."""

#: Units of time since 1970, by the number of zeros that make nanoseconds of them.
EPOCH_UNITS = {"s": 9, "ms": 6, "us": 3, "ns": 0}
YEAR = r"^(?P<year>[0-9]{4})(?:\.(?P<fraction>[0-9]+))?$"


def numbers_of_unit(texts: "pl.Series", unit: str, zone: str | None) -> Times:
    """Times that are numbers of a unit: `s`, `ms`, `us` or `ns` since 1970, `excel`, `jd`, `mjd`, `year` or `step`.

    Args:
        texts: shape (n,).
        unit: see `enstorage.sources.TableOptions`.
        zone: IANA name of the zone of spreadsheets and years; None: UTC.
    """
    if unit in EPOCH_UNITS:
        return _epochs(texts, EPOCH_UNITS[unit])
    return julian_days(texts, unit) if unit in JULIAN_UNITS else _numbers(texts, unit, zone)


def _epochs(texts: "pl.Series", zeros: int) -> Times:
    """Numbers in a unit of 10^zeros nanoseconds, exactly; decimals beyond the nanosecond are ignored."""
    import polars as pl

    parts = texts.str.extract_groups(r"^(?P<sign>[+-]?)(?P<whole>[0-9]{1,19})(?:\.(?P<part>[0-9]*))?$").struct.unnest()
    whole = parts["whole"].str.to_integer(strict=False, dtype=pl.Int64)
    part = parts["part"].fill_null("").str.pad_end(zeros, "0").str.slice(0, zeros)
    fraction = (part.cast(pl.Int64) if zeros else whole.fill_null(0) * 0).to_numpy()
    # Seconds and the nanoseconds within them, so that an overflow is found.
    units = 10 ** (9 - zeros)
    wholes = whole.fill_null(0).to_numpy()
    times, fits = join_seconds(wholes // units, wholes % units * 10**zeros + fraction)
    sign = np.where((parts["sign"] == "-").fill_null(value=False).to_numpy(), -1, 1)
    return sign * times, fits & whole.is_not_null().to_numpy()


def _numbers(texts: "pl.Series", unit: str, zone: str | None) -> Times:
    """Days of spreadsheets, years, or the integers of an integer axis."""
    import polars as pl

    numbers = texts.cast(pl.Float64, strict=False)
    are_numbers = numbers.is_finite().fill_null(value=False).to_numpy()
    times = np.zeros(len(texts), dtype=np.int64)
    found = numbers.to_numpy()[are_numbers]
    is_counter = unit == "step"
    times[are_numbers] = parse_times(found, zone or "UTC", None if is_counter else unit, is_counter=is_counter)
    return times, are_numbers


def whole_nanoseconds(texts: "pl.Series") -> Times:
    """Whole nanoseconds since 1970; years and dates such as 20200131 are no times."""
    import polars as pl

    numbers = texts.cast(pl.Int64, strict=False)
    times = np.array(numbers.fill_null(0).to_numpy())
    # Years and dates (20200131) taken as nanoseconds lie in the first tenth of a second of 1970.
    valid = numbers.is_not_null().to_numpy() & (times >= MIN_NS) & ((times == 0) | (abs(times) >= SECOND // 10))
    return times, valid


def decimal_years(texts: "pl.Series") -> Times:
    """Decimal years as times, exact to the nanosecond."""
    import polars as pl

    parts = texts.str.extract_groups(YEAR).struct.unnest()
    years = parts["year"].cast(pl.Int64).fill_null(0).to_numpy() - 1970
    starts = years.astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    length = (years + 1).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64) - starts
    within_year = fraction_of(length, parts["fraction"].fill_null(""))
    times, fits = join_seconds(starts + within_year // SECOND, within_year % SECOND)
    return times, fits & parts["year"].is_not_null().to_numpy()
