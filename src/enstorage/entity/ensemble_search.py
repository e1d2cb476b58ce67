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
class EnsembleSearch:
    """A search for an ensemble.

    Attributes:
        metric: `mse` or `mae`.
        rows: number of out-of-fold rows evaluated.
        candidates: the candidates that were tried.
        left_out: the candidates that could not be tried, each with the reason.
        untried: usual methods that could not be tried, with the reason.
        trials: the trials, the best first.
    """

    metric: str
    rows: int
    candidates: Sequence[Candidate]
    left_out: Sequence[tuple[Candidate, str]]
    untried: Mapping[str, str]
    trials: Sequence[Trial]

    def to_json(self) -> dict[str, Any]:
        """Convert to the stored JSON."""
        return {
            "metric": self.metric,
            "rows": self.rows,
            "candidates": [asdict(each) for each in self.candidates],
            "left_out": [{**asdict(each), "reason": reason} for each, reason in self.left_out],
            "untried": dict(self.untried),
            "tried": [asdict(each) | {"members": list(each.members)} for each in self.trials],
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
        tried, candidates, left_out = value["tried"], value["candidates"], value["left_out"]
        if isinstance(left_out, Mapping):
            keys = dict(zip(tried[0]["members"], members, strict=False)) if tried else {}
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
