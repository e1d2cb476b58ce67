"""A length of time in steps of a source."""

import numpy as np

from enorchestrator.intent.clauses import Span
from enorchestrator.intent.plan import Conflict, IntentPlan
from enstorage import DataSource
from enstorage.calendars.zone import to_local, to_utc
from enstorage.instant import MAX_NS

_DAY = 86_400 * 10**9
#: Of each unit; those of the calendar at their longest.
_NANOSECONDS = {
    "year": 366 * _DAY,
    "quarter": 92 * _DAY,
    "month": 31 * _DAY,
    "week": 7 * _DAY,
    "day": _DAY,
    "hour": _DAY // 24,
    "minute": 60 * 10**9,
    "second": 10**9,
}


def steps_of(plan: IntentPlan, source: DataSource, horizon: Span) -> int | None:
    """The horizon in buckets of the source; where there is none, a question."""
    if horizon.unit == "step":
        return horizon.count
    clock = source.clock
    assert clock is not None  # noqa: S101 - checked before
    last = int(source.read()[0][-1])
    if clock.is_counter:
        steps = horizon.count if clock.unit == horizon.unit else 0
    elif horizon.count * _NANOSECONDS[horizon.unit] > MAX_NS - last:
        plan.conflicts.append(
            Conflict(
                f"{horizon} after {source.label(last)} is beyond the last time that can be kept.",
                (f"Say at most {(MAX_NS - last) // _NANOSECONDS[horizon.unit]} {horizon.unit}s ahead.",),
            )
        )
        return None
    else:
        numbers = clock.numbers(np.array([last, _later(last, horizon, clock.time_zone)], dtype=np.int64))
        steps = int(numbers[1] - numbers[0])
    if steps < 1:
        plan.questions.append(
            f"How many steps ahead is it? {horizon} is less than one bucket of {source.time_interval}. Say such as: 3 steps "
            "ahead."
        )
        return None
    return steps


def _later(time: int, span: Span, zone: str) -> int:
    """The same local time and day, a span later."""
    local = np.datetime64(int(to_local(np.array([time]), zone)[0]), "ns")
    months = {"year": 12, "quarter": 3, "month": 1}.get(span.unit)
    if months is None:
        later = local + np.timedelta64(span.count * _NANOSECONDS[span.unit], "ns")
    else:
        month = local.astype("datetime64[M]")
        later = (month + span.count * months).astype("datetime64[ns]") + (local - month.astype("datetime64[ns]"))
    return int(to_utc(np.array([later.astype("datetime64[ns]").astype(np.int64)]), zone)[0])
