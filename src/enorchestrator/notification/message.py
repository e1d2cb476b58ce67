"""The text of a message: of one event, or of many as a digest."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

_WORDS = {
    "run.started": "has started",
    "run.succeeded": "succeeded",
    "run.cancelled": "was cancelled",
    "run.alert": "needs a look",
    "run.failed": "failed",
}
#: Of a digest; the others are counted.
_MOST_SHOWN = 20
_LONGEST_DETAIL = 500


def text_of(data: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """The title and the body of a message about some events."""
    if len(data) == 1:
        (one,) = data
        lines = [one["detail"][:_LONGEST_DETAIL], f"At {one['at']}, trace {one['trace']}."]
        return _line(one), "\n".join([*filter(None, lines), f"See it: enstorage run show {one['run']}"])
    counts = Counter(_WORDS[each["event"]] for each in data)
    title = f"{len(data)} runs: " + ", ".join(f"{count} {word}" for word, count in counts.most_common())
    lines = [_line(each) + (f": {each['detail'][:120]}" if each["detail"] else "") for each in data[:_MOST_SHOWN]]
    if len(data) > _MOST_SHOWN:
        lines.append(f"and {len(data) - _MOST_SHOWN} more.")
    return title, "\n".join([*lines, "See them: enstorage run list"])


def _line(one: dict[str, Any]) -> str:
    return f"{one['title']} {_WORDS[one['event']]} (run {one['run']})"
