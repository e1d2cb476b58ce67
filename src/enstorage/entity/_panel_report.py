"""The report of the points of a panel: how they cover the buckets of each source, and of all together."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from enstorage.entity._rows import completeness_of
from enstorage.series.batches import read_each
from enstorage.series.completeness import in_words

if TYPE_CHECKING:
    from enstorage.entity.data_source import DataSource
    from enstorage.entity.panel import Panel

_COUNTS = ("points", "buckets", "measured", "shared_buckets", "empty_before", "empty_between", "empty_after")
_SHOWN = 5


def source_report(source: "DataSource", times: Any = None) -> dict[str, Any]:
    """See `DataSource.import_report`.

    Args:
        source: a saved one.
        times: of its points, ns, ascending, shape (n,); None: read.
    """
    times = source.read()[0] if times is None else times
    found = completeness_of(source, times)
    if found is None or source.time_interval is None:
        return {"points": len(times), "messages": []}
    counts = found.to_json()
    return counts | {"measured": found.measured, "messages": in_words(counts, source.time_interval, source.label)}


def panel_report(panel: "Panel") -> dict[str, Any]:
    """See `Panel.import_report`."""
    sources = panel.sources()
    read = read_each(panel.connector.series, [source.id for source in sources.values()])
    each = {
        key: source_report(source, times) for (key, source), (_, (times, _)) in zip(sources.items(), read, strict=True)
    }
    grouped = [report for report in each.values() if "buckets" in report]
    jitters = [report["jitter_seconds"] for report in grouped if report["jitter_seconds"] is not None]
    clocks = Counter((source.time_interval, source.time_zone, source.anchor) for source in sources.values())
    calendars = [
        {"time_interval": interval, "time_zone": zone, "anchor": anchor, "series": count}
        for (interval, zone, anchor), count in clocks.most_common()
    ]
    total = {name: sum(report.get(name, 0) for report in each.values()) for name in _COUNTS}
    return {
        "series": len(each),
        **total,
        "partial_first": sum(report["partial_first"] for report in grouped),
        "partial_last": sum(report["partial_last"] for report in grouped),
        "jitter_seconds": max(jitters, default=None),
        "calendars": calendars,
        "messages": _messages(sources, each, calendars),
        "by_series": each,
    }


def _messages(
    sources: "dict[str, DataSource]", each: dict[str, dict[str, Any]], calendars: list[dict[str, Any]]
) -> list[str]:
    """Sentences about the panel; what is unusual in a series is told of the first few."""
    messages = []
    for calendar in calendars[1:]:
        keys = [key for key, source in sources.items() if _is_of(source, calendar)]
        interval = calendar["time_interval"]
        messages.append(f"{_series(keys)} {'no interval' if interval is None else f'the interval {interval}'}.")
    told: dict[str, list[str]] = {}
    for key, report in each.items():
        for message in report["messages"]:
            told.setdefault(message, []).append(key)
    by_count = sorted(told.items(), key=lambda item: -len(item[1]))
    messages += [f"{_named(keys)}: {message}" for message, keys in by_count[:_SHOWN]]
    if len(by_count) > _SHOWN:
        others = {key for _, keys in by_count[_SHOWN:] for key in keys}
        messages.append(f"Of {len(others)} series more is told in by_series of the report.")
    return messages


def _is_of(source: "DataSource", calendar: dict[str, Any]) -> bool:
    return all(getattr(source, name) == calendar[name] for name in ("time_interval", "time_zone", "anchor"))


def _series(keys: list[str]) -> str:
    return f"{_named(keys)} {'has' if len(keys) == 1 else 'have'}"


def _named(keys: list[str]) -> str:
    if len(keys) > _SHOWN:
        return f"{len(keys)} series, such as {', '.join(keys[:2])},"
    return ", ".join(keys)
