"""Windows of what people said of the forecasts of a version."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from enorchestrator.monitoring.alerts import Seen
from enstorage.ledger import Feedback, IssuedForecast, ModelVersion

#: A window is beyond its limit when people call more than this share of it bad.
LIMIT = 0.5


def verdict_windows(session: Session, version: ModelVersion, series: int, rows: int) -> list[Seen]:
    """Windows of the targets of a series that the version forecast and somebody judged, in the order of the judgements.

    A target is bad by the share of those who called it bad or wrong. Targets after the last whole window wait.

    Args:
        session: of the store.
        version: that forecast them.
        series: id of the data source.
        rows: targets of a window.
    """
    bad = list(_bad(session, version, series))
    windows = []
    for start in range(0, len(bad) - rows + 1, rows):
        targets, shares = zip(*bad[start : start + rows], strict=True)
        share = sum(shares) / rows
        figures = {"bad": share, "limit": LIMIT, "rows": rows}
        exceeded = ("bad",) if share > LIMIT else ()
        windows.append(Seen("verdict", series, min(targets), max(targets) + 1, figures, exceeded))
    return windows


def _bad(session: Session, version: ModelVersion, series: int) -> Iterator[tuple[int, float]]:
    """Targets, each with the share of the verdicts that are bad."""
    issued = select(IssuedForecast.target).where(
        IssuedForecast.version_id == version.id, IssuedForecast.series == series
    )
    given = session.execute(
        select(Feedback.target, Feedback.verdict)
        .where(Feedback.registered_id == version.registered_id, Feedback.series == series, Feedback.kind == "verdict")
        .where(Feedback.target.in_(issued))
        .order_by(Feedback.id)
    ).all()
    said: dict[int, list[bool]] = {}
    for target, verdict in given:
        said.setdefault(target, []).append(verdict != "good")
    return ((target, sum(each) / len(each)) for target, each in said.items())
