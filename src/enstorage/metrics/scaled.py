"""Metrics in the scale of the train rows: each series by its own, and each series counts once."""

import numpy as np

from enstorage.metrics.judged import Floats, Judged, UndefinedMetricError


def mase(judged: Judged) -> float:
    """The mean absolute scaled error (Hyndman & Koehler 2006), a mean over the series that have a scale.

    Raises:
        UndefinedMetricError: none has.
    """
    return float(np.mean(_by_series(judged, np.abs(judged.forecast - judged.truth), "absolute")))


def rmsse(judged: Judged) -> float:
    """The root mean squared scaled error (Makridakis et al. 2022, the M5 competition), a mean over the same series.

    Raises:
        UndefinedMetricError: none has a scale.
    """
    return float(np.mean(_by_series(judged, (judged.forecast - judged.truth) ** 2, "squared") ** 0.5))


def _by_series(judged: Judged, loss: Floats, attribute: str) -> Floats:
    """The mean loss of each series by an attribute of its scale, of the series that have one."""
    ids, place = judged.series_ids()
    scales = [judged.scales.get(int(series)) for series in ids]
    sizes = np.array(
        [np.nan if each is None or each.undefined is not None else getattr(each, attribute) for each in scales]
    )
    known = np.isfinite(sizes)
    if not known.any():
        unknown = "The train rows of the series are not known, so there is no scale."
        reasons = dict.fromkeys(unknown if each is None else each.undefined for each in scales)
        raise UndefinedMetricError(" ".join(reason for reason in reasons if reason))
    means = np.bincount(place, weights=loss) / np.bincount(place)
    with np.errstate(over="ignore"):  # infinity is refused by `Metric.measure`
        values: Floats = means[known] / sizes[known]
    return values
