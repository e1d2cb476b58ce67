"""The rows that examples give: a figure of a source, ours beside it, and whether it was reproduced."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

RULE = (
    "A figure is *reproduced* where the source's lies within two standard deviations of our mean over the seeds, or our "
    "mean is better. What has to hold always, such as a truth table or a number of parameters, is reproduced where it "
    "holds for every seed. A run shorter than the source's reproduces no figure. No model was chosen on test data."
)
"""How every row is judged."""


@dataclass(frozen=True)
class Row:
    """One line of docs/reference/results.md.

    Attributes:
        work: what was rebuilt.
        figure: what is measured, with its unit.
        source: what the source has; None where it has no figure.
        values: what came out for each seed, or for each series.
        better: whether a `lower` or a `higher` figure is better, or only an `equal` one is right.
        always: whether it has to hold for every seed.
        less: what the run did less than the source, see `running.shorter`.
        because: why it may come out otherwise; told where it does.
        beside: what a simple forecast gives, for comparison.
        source_says: what the source has, where that is no mere figure.
        of: what the values are of.
    """

    work: str
    figure: str
    source: float | None
    values: Sequence[float]
    better: Literal["lower", "higher", "equal"] = "equal"
    always: bool = False
    less: str = ""
    because: str = ""
    beside: str = ""
    source_says: str = ""
    of: str = "seeds"

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """The standard deviation over the seeds, of a sample; 0 for one."""
        equal = len(set(self.values)) == 1  # of which NumPy may give a deviation of 1e-15
        return 0.0 if equal else float(np.std(self.values, ddof=1))

    @property
    def ours(self) -> str:
        """Mean ± standard deviation, and the number of seeds, or of what else the values are."""
        if not self.deviation:
            shown = f"{self.mean:,.10g}"
        else:
            digits = max(0, 1 - int(np.floor(np.log10(self.deviation))))
            shown = f"{self.mean:,.{digits}f} ± {self.deviation:,.{digits}f}"
        return shown if len(self.values) == 1 else f"{shown} ({len(self.values)} {self.of})"

    @property
    def told(self) -> str:
        """What the source says."""
        return self.source_says or ("no figure" if self.source is None else f"{self.source:,.10g}")

    @property
    def reproduced(self) -> bool | None:
        """By the rule; None where the source has no figure, and nothing was left out."""
        if self.less:
            return False
        if self.source is None:
            return None
        if self.always:
            return all(self._is_good(value) for value in self.values)
        return self._is_good(self.mean) or abs(self.mean - self.source) <= 2 * self.deviation

    @property
    def verdict(self) -> str:
        """Whether it was reproduced, in words, with the reason where it was not."""
        if self.reproduced is None:
            return "the source has no figure"
        if self.reproduced:
            return "reproduced"
        return f"not reproduced, because {self.less or self.because or self._distance}"

    def _is_good(self, value: float) -> bool:
        assert self.source is not None
        return {"lower": value < self.source, "higher": value > self.source, "equal": value == self.source}[self.better]

    @property
    def _distance(self) -> str:
        assert self.source is not None
        if self.always or not self.deviation:
            wrong = sum(not self._is_good(value) for value in self.values)
            return f"it does not hold for {wrong} of {len(self.values)} {self.of}"
        return f"it lies {abs(self.mean - self.source) / self.deviation:.1f} standard deviations away"


def kept(path: Path, example: str, rows: Sequence[Row], seconds: float) -> None:
    """Write the rows of an example to a file of JSON lines, in place of those that it gave before."""
    before = read(path)
    place = next((at for at, line in enumerate(before) if line["example"] == example), len(before))
    lines: list[dict[str, Any]] = []
    day = datetime.now(UTC).date().isoformat()
    for row in rows:
        told = {"work": row.work, "figure": row.figure, "source": row.told, "ours": row.ours, "beside": row.beside}
        values = {"values": [float(value) for value in row.values], "verdict": row.verdict}
        lines.append({"example": example, **told, **values, "seconds": round(seconds, 1), "day": day})
    others = [line for line in before if line["example"] != example]
    lines = [*others[:place], *lines, *others[place:]]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    fresh.replace(path)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that `kept` wrote; none where there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
