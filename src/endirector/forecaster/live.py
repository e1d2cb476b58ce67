"""`LiveLeaderboard`: the members that are finished, with their errors, while others are still trained."""

import time
from collections.abc import Sequence
from math import isfinite
from typing import Any, Protocol

from endirector.combination.cross_fit import stretches_of
from endirector.combination.gather import out_of_fold
from endirector.combination.recipe import CombinationRecipe
from endirector.members.member import Member
from endirector.methods.fixed.voting import Voting
from endirector.selection.scoring import Scoring
from enstorage import Forecast, Model
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError


class Watch(Protocol):
    """A function that receives leaderboards while `autoforecast` runs; called in the thread of the call."""

    def __call__(self, board: dict[str, Any], /) -> object:
        """See the class.

        Args:
            board: JSON: `project` (name), `metric`, `elapsed_seconds`, `planned` (names of members to come), and
                `members`, the best first: `name`, `error` and `standard_error` on rolling origins (null where there is
                none), `seconds`.
        """


class LiveLeaderboard:
    """Tells a function of each finished member; without a function no error is computed.

    Attributes:
        seconds: that each finished member took, by name.

    Args:
        watch: the function, or None.
        metric: of the errors.
        project: its name.
        planned: names of the members, in the order in which they are trained.
    """

    def __init__(self, watch: Watch | None, metric: str, project: str, planned: Sequence[str]) -> None:
        self._watch, self._metric, self._project, self._planned = watch, metric, project, planned
        self._start = self._latest = time.monotonic()
        self._members: list[dict[str, Any]] = []
        self.seconds: dict[str, float] = {}

    def started(self) -> None:
        """The training of the next member begins."""
        self._latest = time.monotonic()

    def finished(self, model: Model) -> None:
        """Tell that a model was trained and judged."""
        now = time.monotonic()
        seconds = self.seconds[model.name] = round(now - self._latest, 3)
        if self._watch is None:
            return
        error, spread = _error(model, self._metric)
        self._members.append({"name": model.name, "error": error, "standard_error": spread, "seconds": seconds})
        done = {each["name"] for each in self._members}
        self._watch(
            {
                "project": self._project,
                "metric": self._metric,
                "elapsed_seconds": round(now - self._start, 3),
                "planned": [name for name in self._planned if name not in done],
                "members": sorted(self._members, key=lambda each: (each["error"] is None, each["error"] or 0.0)),
            }
        )


def _error(model: Model, metric: str) -> tuple[float | None, float | None]:
    """The error on out-of-fold rows and its standard error; None where there is none."""
    if not Forecast.of(model, OUT_OF_FOLD):
        return None, None
    member = Member.of(model.name, model)
    try:
        _, evidence = out_of_fold([member], CombinationRecipe(Voting()))
        scoring = Scoring(metric, [member], evidence, stretches_of(evidence.keys))
        quantiles = {level: values[:, 0] for level, values in evidence.quantiles.items()}
        found = scoring.error(evidence.rows.forecasts[:, 0], quantiles)
    except InvalidInputError:  # such as a metric that has no value for series without a scale
        return None, None
    error, spread = (float(each) if isfinite(each) else None for each in found)
    return error, spread
