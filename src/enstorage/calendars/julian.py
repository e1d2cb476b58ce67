"""Julian days, as astronomers count them: days since noon of 4713 BC (JD), or since midnight of 1858-11-17 (MJD)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.instant import SECOND, join_seconds

if TYPE_CHECKING:
    import polars as pl

_DAY_SECONDS = 86_400
#: The second of 1970 UTC at which the count of each unit is zero.
_ZEROS = {"jd": -2_440_587 * _DAY_SECONDS - _DAY_SECONDS // 2, "mjd": -40_587 * _DAY_SECONDS}
JULIAN_UNITS = tuple(_ZEROS)
_DAYS = r"^(?P<days>[0-9]{1,7})(?:\.(?P<fraction>[0-9]*))?$"


def julian_days(texts: "pl.Series", unit: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The times of Julian days in UTC, exact to the nanosecond for the decimals that are written.

    Args:
        texts: decimal numbers, shape (n,).
        unit: `jd` or `mjd`.

    Returns:
        Nanoseconds since 1970 UTC, and whether each text is such a time, shape (n,) each.
    """
    import polars as pl

    parts = texts.str.extract_groups(_DAYS).struct.unnest()
    days = parts["days"].cast(pl.Int64).fill_null(0).to_numpy()
    within = fraction_of(np.full(len(texts), _DAY_SECONDS), parts["fraction"].fill_null(""))
    times, fits = join_seconds(_ZEROS[unit] + _DAY_SECONDS * days + within // SECOND, within % SECOND)
    return times, fits & parts["days"].is_not_null().to_numpy()


def fraction_of(seconds: NDArray[np.int64], decimals: "pl.Series") -> NDArray[np.int64]:
    """The nanoseconds of a fraction of periods; decimals beyond the 18th are less than one and are ignored.

    Args:
        seconds: lengths of the periods, at most a year, shape (n,).
        decimals: the digits behind the point, shape (n,).
    """
    import polars as pl

    digits = decimals.str.pad_end(18, "0")
    # seconds · digits / 10^18, in two steps because the product does not fit into int64.
    upper = seconds * digits.str.slice(0, 9).cast(pl.Int64).to_numpy()
    lower = (seconds * digits.str.slice(9, 9).cast(pl.Int64).to_numpy() + SECOND // 2) // SECOND
    nanoseconds: NDArray[np.int64] = upper + lower
    return nanoseconds
