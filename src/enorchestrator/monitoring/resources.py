"""Resources: steps whose memory grows from run to run."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.ledger import Attempt, Run, RunStep

#: A growth is told that so many attempts show, by this share and so many bytes in all, with this probability by chance.
_FEWEST_ATTEMPTS, _SHARE, _BYTES, _CHANCE = 8, 0.2, 50_000_000, 0.01
_MOST_ATTEMPTS = 5_000


@dataclass(frozen=True, slots=True)
class LeakingStep:
    """A step whose attempts take more memory each time.

    Attributes:
        pipeline: its name; "" for work of one step.
        step: name of the step.
        kind: of its work.
        attempts: that were looked at.
        first: bytes of the first ones, by the line through all.
        last: bytes of the last ones.
    """

    pipeline: str
    step: str
    kind: str
    attempts: int
    first: int
    last: int

    @property
    def message(self) -> str:
        """One sentence for people."""
        where = f"step {self.step} of {self.pipeline}" if self.pipeline else f"work {self.kind}"
        grown = f"from {self.first / 1e6:.0f} to {self.last / 1e6:.0f} MB"
        return f"The memory of the {where} grew {grown} over {self.attempts} attempts: it may leak."


def leaking_steps(*, connector: Connector | None = None) -> list[LeakingStep]:
    """Steps whose largest memory grows from attempt to attempt (Mann–Kendall test, Theil–Sen slope), the worst first.

    The latest 5,000 attempts of the store are looked at.
    """
    from scipy.stats import kendalltau, theilslopes

    with bound_to(connector) as store, store.database.reading() as session:
        wanted = (
            select(Run.title, Run.pipeline_id, RunStep.name, RunStep.kind, Attempt.peak_bytes)
            .join(RunStep, RunStep.id == Attempt.step_id)
            .join(Run, Run.id == RunStep.run_id)
            .where(Attempt.peak_bytes.is_not(None), Attempt.exit_reason == "succeeded")
            .order_by(Attempt.id.desc())
            .limit(_MOST_ATTEMPTS)
        )
        rows = session.execute(wanted).all()
    series: dict[tuple[str, str, str], list[int]] = {}
    for title, pipeline_id, step, kind, peak in reversed(rows):
        key = ("", kind, kind) if pipeline_id is None else (title, step, kind)
        series.setdefault(key, []).append(peak or 0)
    found = []
    for (pipeline, step, kind), peaks in series.items():
        count = len(peaks)
        if count < _FEWEST_ATTEMPTS or len(set(peaks)) == 1:
            continue
        order = np.arange(count)
        tau, chance = kendalltau(order, peaks)
        slope, start, *_ = theilslopes(peaks, order)
        first, last = start, start + slope * (count - 1)
        if tau > 0 and chance < _CHANCE and last - first > max(_SHARE * first, _BYTES):
            found.append(LeakingStep(pipeline, step, kind, count, int(first), int(last)))
    return sorted(found, key=lambda each: each.first - each.last)
