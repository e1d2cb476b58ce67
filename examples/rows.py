"""The rows of results: a figure of a source, our figure, and whether it was reproduced."""

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
"""The rule for the verdict of every row."""


@dataclass(frozen=True)
class Row:
    """One line of docs/reference/results.md.

    Attributes:
        work: the reproduced work.
        figure: the measured figure, with its unit.
        source: the figure of the source; None if it has none.
        values: our figure for each seed, or for each series.
        better: whether a `lower` or a `higher` figure is better, or only an `equal` one is right.
        always: whether it must hold for every seed.
        less: in what the run was shorter than that of the source, see `running.shorter`.
        because: a reason for another result, shown if the figure is not reproduced.
        beside: the figure of a simple forecast, for comparison.
        source_says: the statement of the source, if it is more than a figure.
        of: the unit of `values`: seeds or series.
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
        """The mean over the seeds."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float:
        """The standard deviation over the seeds, of a sample; 0 for one."""
        equal = len(set(self.values)) == 1  # of which NumPy may give a deviation of 1e-15
        return 0.0 if equal else float(np.std(self.values, ddof=1))

    @property
    def ours(self) -> str:
        """Mean ± standard deviation, and the number of seeds or series."""
        if not self.deviation:
            shown = f"{self.mean:,.10g}"
        else:
            digits = max(0, 1 - int(np.floor(np.log10(self.deviation))))
            shown = f"{self.mean:,.{digits}f} ± {self.deviation:,.{digits}f}"
        return shown if len(self.values) == 1 else f"{shown} ({len(self.values)} {self.of})"

    @property
    def stated(self) -> str:
        """The statement of the source."""
        return self.source_says or ("no figure" if self.source is None else f"{self.source:,.10g}")

    @property
    def reproduced(self) -> bool | None:
        """Whether the figure was reproduced, by the rule; None if the source has no figure and the run was complete."""
        if self.less:
            return False
        if self.source is None:
            return None
        if self.always:
            return all(self._is_good(value) for value in self.values)
        return self._is_good(self.mean) or abs(self.mean - self.source) <= 2 * self.deviation

    @property
    def verdict(self) -> str:
        """Whether the figure was reproduced, as text, with the reason if it was not."""
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
    """Write the rows of an example to a file of JSON lines, in place of its earlier rows."""
    before = read(path)
    place = next((at for at, line in enumerate(before) if line["example"] == example), len(before))
    lines: list[dict[str, Any]] = []
    day = datetime.now(UTC).date().isoformat()
    for row in rows:
        texts = {"work": row.work, "figure": row.figure, "source": row.stated, "ours": row.ours, "beside": row.beside}
        values = {"values": [float(value) for value in row.values], "verdict": row.verdict}
        lines.append({"example": example, **texts, **values, "seconds": round(seconds, 1), "day": day})
    others = [line for line in before if line["example"] != example]
    lines = [*others[:place], *lines, *others[place:]]
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    fresh.replace(path)


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file that `kept` wrote; none if there is no file."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
