"""The candidates that `endirector.form` tried before it selected an ensemble, as `Ensemble.formed` stores them.

Candidates are identified by their column names in tables (`EnsembleItem.key`): `3` for a model, `ensemble_5` for an
ensemble. The name at that time is stored with it, for one that is deleted later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model or an ensemble that was considered as a member.

    Attributes:
        key: `3` for a model, `ensemble_5` for an ensemble; None if it is no longer known.
        name: its name when the ensemble was formed.
    """

    key: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Trial:
    """A way to combine some of the candidates, and its error.

    Attributes:
        method: its name.
        metamodel: class name of its estimator; None for a method without metamodel.
        parameters: parameters of the method.
        members: indices of the candidates that were combined.
        error: mean of the metric of the search over the evaluated rows.
        standard_error: standard error of that mean.
    """

    method: str
    metamodel: str | None
    parameters: Mapping[str, Any]
    members: Sequence[int]
    error: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """The best trial compared with the best simple one: a mean or median of several members.

    Attributes:
        difference: error of the simple one minus that of the best, mean over blocks, in the units of the metric.
        standard_error: of that mean; NaN for one block.
        blocks: number of blocks, each of the rows of one stretch of time of one series.
    """

    difference: float
    standard_error: float
    blocks: int

    @property
    def is_clear(self) -> bool:
        """True if the difference is larger than its standard error; false if that is not known."""
        return self.difference > self.standard_error


@dataclass(frozen=True, slots=True)
class EnsembleSearch:
    """A search for an ensemble.

    Attributes:
        metric: the name of the metric of the errors, see `docs/reference/metrics.md`.
        rows: number of out-of-fold rows evaluated.
        candidates: the candidates that were tried.
        left_out: the candidates that could not be tried, each with the reason.
        untried: usual methods that could not be tried, with the reason.
        trials: the trials, the best first.
        selected: index of the selected trial; above 0 where a simple one was preferred to a better one.
        simple: index of the best simple trial; None if none was tried.
        comparison: of the best trial with the best simple one; None if they are the same or one is missing.
        remarks: sentences on what too few rows did not allow.
    """

    metric: str
    rows: int
    candidates: Sequence[Candidate]
    left_out: Sequence[tuple[Candidate, str]]
    untried: Mapping[str, str]
    trials: Sequence[Trial]
    selected: int = 0
    simple: int | None = None
    comparison: PairedDifference | None = None
    remarks: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """Convert to the stored JSON."""
        return {
            "metric": self.metric,
            "rows": self.rows,
            "candidates": [asdict(each) for each in self.candidates],
            "left_out": [{**asdict(each), "reason": reason} for each, reason in self.left_out],
            "untried": dict(self.untried),
            "tried": [asdict(each) | {"members": list(each.members)} for each in self.trials],
            "selected": self.selected,
            "simple": self.simple,
            "comparison": None if self.comparison is None else asdict(self.comparison),
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], members: Sequence[str]) -> Self:
        """Read the stored JSON.

        An earlier version stored names only. The names of the best trial are those of the members of the ensemble, in their
        order; the other candidates have no key.

        Args:
            value: JSON from `to_json` of this or an earlier version.
            members: keys of the members of the ensemble, in their order.
        """
        comparison = value.get("comparison")
        tried, candidates, left_out = value["tried"], value["candidates"], value["left_out"]
        if isinstance(left_out, Mapping):
            keys = dict(zip(tried[value.get("selected", 0)]["members"], members, strict=False)) if tried else {}
            index_of = {name: index for index, name in enumerate(candidates)}
            tried = [{**each, "members": [index_of[name] for name in each["members"]]} for each in tried]
            candidates = [{"key": keys.get(name), "name": name} for name in candidates]
            left_out = [{"key": None, "name": name, "reason": reason} for name, reason in left_out.items()]
        return cls(
            metric=value["metric"],
            rows=value["rows"],
            candidates=[Candidate(**each) for each in candidates],
            left_out=[(Candidate(each["key"], each["name"]), each["reason"]) for each in left_out],
            untried=value["untried"],
            trials=[Trial(**each) for each in tried],
            selected=value.get("selected", 0),
            simple=value.get("simple"),
            comparison=None if comparison is None else PairedDifference(**comparison),
            remarks=value.get("remarks", ()),
        )

    def with_keys(self, keys: Mapping[str, str]) -> Self:
        """The same search for another store: candidates get their keys there, or None."""

        def with_key(candidate: Candidate) -> Candidate:
            return replace(candidate, key=None if candidate.key is None else keys.get(candidate.key))

        return replace(
            self,
            candidates=[with_key(each) for each in self.candidates],
            left_out=[(with_key(each), reason) for each, reason in self.left_out],
        )
