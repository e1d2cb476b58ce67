"""The series of bench_forecast.py: M1 and M4 as tables of series, time and value, and what came after them.

Peers use it too, so it needs nothing but pandas and NumPy.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

QUANTILES = (0.025, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.975)


@dataclass(frozen=True)
class Collection:
    """Series of one spacing.

    Attributes:
        name: such as `M4 hourly`.
        season: buckets in a season.
        horizon: steps ahead.
        frequency: of pandas.
        interval: of enstorage.
    """

    name: str
    season: int
    horizon: int
    frequency: str
    interval: str


COLLECTIONS = {
    each.name: each
    for each in (
        Collection("M1 yearly", 1, 6, "YS", "1y"),
        Collection("M1 quarterly", 4, 8, "QS", "1q"),
        Collection("M1 monthly", 12, 18, "MS", "1mo"),
        Collection("M4 weekly", 52, 13, "W-MON", "1w"),
        Collection("M4 hourly", 24, 48, "h", "1h"),
    )
}
HALVES = ("even", "odd", "all")
_END = {"YS": "2020-01-01", "QS": "2020-01-01", "MS": "2020-01-01", "W-MON": "2020-01-06", "h": "2020-01-01"}


def tables(folder: Path, name: str, half: str = "all", most: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The known values, and those that came after them: columns series, time, value; the second with step, too.

    Args:
        folder: with the subfolders m1 and m4.
        name: of a collection.
        half: series with even numbers, odd ones, or all. M1 counts its series in the order of the file.
        most: so many series, evenly taken; None for all.
    """
    collection = COLLECTIONS[name]
    read = _m1 if name.startswith("M1") else _m4
    series = read(folder, collection)
    keys = [key for number, key in series if half == "all" or number % 2 == (half == "odd")]
    if most is not None and len(keys) > most:
        keys = [keys[place] for place in np.linspace(0, len(keys) - 1, most).astype(int)]
    found = {key: values for (_, key), values in series.items()}
    known, after = [], []
    for key in keys:
        before, then = found[key]
        # The series of a panel end together. Those of M1 do not, and those of M4 have no times.
        ahead = pd.date_range(_END[collection.frequency], periods=len(then), freq=collection.frequency)
        past = pd.date_range(end=ahead[0] - ahead.freq, periods=len(before), freq=collection.frequency)
        known.append(pd.DataFrame({"series": key, "time": past, "value": before}))
        steps = np.arange(1, len(then) + 1)
        after.append(pd.DataFrame({"series": key, "time": ahead, "value": then, "step": steps}))
    return pd.concat(known, ignore_index=True), pd.concat(after, ignore_index=True)


def _m1(folder: Path, collection: Collection) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
    table = pd.read_csv(folder / "m1" / "M1.csv.xz")
    table = table[table["period"] == collection.name.split()[1].upper()]
    found = {}
    for number, (key, own) in enumerate(table.groupby("series", sort=False), 1):
        is_known = own["split"] == "train"
        found[number, str(key)] = (own["value"][is_known].to_numpy(float), own["value"][~is_known].to_numpy(float))
    return found


def _m4(folder: Path, collection: Collection) -> dict[tuple[int, str], tuple[np.ndarray, np.ndarray]]:
    kind = collection.name.split()[1].capitalize()
    known, after = (pd.read_csv(folder / "m4" / f"{kind}-{part}.csv", index_col=0) for part in ("train", "test"))
    return {
        (int(str(key)[1:]), str(key)): (row.dropna().to_numpy(float), after.loc[key].dropna().to_numpy(float))
        for key, row in known.iterrows()
    }
