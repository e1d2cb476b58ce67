"""The result of rendering an ensemble, as `Ensemble.result` and `EnsembleItem.properties` store it.

Members are identified by the ids of their ensemble items: names may change, and are read when they are shown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar

#: Version of the JSON. JSON without a version identifies members by their names at the time of rendering.
VERSION = 2

Errors = Mapping[str, float]

#: Marks for the rows that an ensemble was fitted on, by their relation to the rows that its members were trained on.
Mark = Literal["held-out", "out-of-fold", "in-sample"]
T = TypeVar("T")

#: From the id of an item to its key in JSON or in a displayed table.
Label = Callable[[int], str]
#: From the key in JSON to the id of the item.
ItemOf = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class PartErrors:
    """Errors on one part.

    Attributes:
        members: errors of each member, `mse`, `rmse`, … by name, by the id of its item.
        ensemble: errors of the ensemble.
    """

    members: Mapping[int, Errors]
    ensemble: Errors

    def to_json(self, label: Label = str) -> dict[str, Any]:
        """Convert to JSON; `label` gives the key of an item."""
        return {"members": _labelled(self.members, label), "ensemble": dict(self.ensemble)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], item: ItemOf) -> Self:
        """Read; `item` gives the id for a key."""
        return cls(_by_item(value["members"], item), value["ensemble"])


@dataclass(frozen=True, slots=True)
class PartDiagnosis:
    """The diagnosis of the members of an ensemble on the rows of one part; see `endirector.diagnose`.

    Attributes:
        rows: number of rows.
        error: mean squared error of the ensemble, in squared units of the source.
        errors: mean squared errors of the members.
        correlations: correlations of the members' errors, shape (members, members); None where an error is constant.
        ambiguity: the ambiguity decomposition.
        leave_one_out: `error` and `change` of the ensemble without each member; None for a single member.
    """

    rows: int
    error: float
    errors: Mapping[int, float]
    correlations: Sequence[Sequence[float | None]]
    ambiguity: Mapping[str, Any]
    leave_one_out: Mapping[int, Mapping[str, float]] | None

    def to_json(self, label: Label = str) -> dict[str, Any]:
        """Convert to JSON; `label` gives the key of an item."""
        return {
            "rows": self.rows,
            "error": self.error,
            "errors": _labelled(self.errors, label),
            "correlations": [list(row) for row in self.correlations],
            "ambiguity": dict(self.ambiguity),
            "leave_one_out": None if self.leave_one_out is None else _labelled(self.leave_one_out, label),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], item: ItemOf) -> Self:
        """Read; `item` gives the id for a key."""
        without = value["leave_one_out"]
        return cls(
            rows=value["rows"],
            error=value["error"],
            errors=_by_item(value["errors"], item),
            correlations=value["correlations"],
            ambiguity=value["ambiguity"],
            leave_one_out=None if without is None else _by_item(without, item),
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The members to leave out.

    Attributes:
        drop: ids of their items.
        decided_on: the rows used for the decision: `out_of_fold`, `valid` or `train`; None if there are none.
        rows: number of rows.
        trustworthy: true if no member was trained on these rows and there are enough of them.
        reason: the reason why it is trustworthy, or is not.
        rule: the rule by which members are left out.
        changes: the change of the error without each member, with its `upper_limit`; None if there are too few times.
    """

    drop: Sequence[int]
    decided_on: str | None
    rows: int
    trustworthy: bool
    reason: str
    rule: str
    changes: Mapping[int, Mapping[str, float] | None]

    def to_json(self, label: Label = str) -> dict[str, Any]:
        """Convert to JSON; `label` gives the key of an item."""
        return {
            "drop": [label(id) for id in self.drop],
            "decided_on": self.decided_on,
            "rows": self.rows,
            "trustworthy": self.trustworthy,
            "reason": self.reason,
            "rule": self.rule,
            "changes": _labelled(self.changes, label),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], item: ItemOf) -> Self:
        """Read; `item` gives the id for a key."""
        own = {"drop": [item(key) for key in value["drop"]], "changes": _by_item(value["changes"], item)}
        return cls(**{**value, **own})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The results of `endirector.diagnose`.

    Attributes:
        members: ids of the items, in the order of the columns.
        parts: the diagnosis of each part, by its name.
        suggestion: the members to leave out.
    """

    members: Sequence[int]
    parts: Mapping[str, PartDiagnosis]
    suggestion: Suggestion

    def to_json(self, label: Label = str) -> dict[str, Any]:
        """Convert to JSON; `label` gives the key of an item."""
        return {
            "members": [label(id) for id in self.members],
            "parts": {part: own.to_json(label) for part, own in self.parts.items()},
            "suggestion": self.suggestion.to_json(label),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any], item: ItemOf) -> Self:
        """Read; `item` gives the id for a key."""
        return cls(
            [item(key) for key in value["members"]],
            {part: PartDiagnosis.from_json(own, item) for part, own in value["parts"].items()},
            Suggestion.from_json(value["suggestion"], item),
        )


@dataclass(frozen=True, slots=True)
class EnsembleResult:
    """The result of rendering an ensemble.

    Attributes:
        common: number of targets that all members share.
        lost: number of other targets of each member, by the id of its item, in the order of the members.
        not_measured: number of targets that were left out since they were not measured but filled; None in a result of a
            version that did not leave them out.
        fit_on: `train`, `valid` or `out_of_fold`; None if nothing was fitted.
        fitted_rows: number of these rows.
        mark: relation of these rows to those that the members were trained on.
        leaks: true if a member could see values after the origin of its forecasts.
        test_rows_trained_on: number of test rows that each member was trained on.
        intercept: constant added to the weighted sum, in the units of the source; None without intercept.
        fit: facts of the fit, see `endirector.Combination.facts`; None in a result of a version without them.
        metrics: errors on each part, by its name.
        environment: machine, Python and versions of libraries; empty in a result of a version without them.
        diagnosis: None until `endirector.diagnose` is called.
        intervals: measures of `endirector.calibrate`, a row for each step and level; None until it is called.
        remarks: sentences on steps and series without rows to fit on, which take the weights of others.
    """

    common: int
    lost: Mapping[int, int]
    fit_on: str | None
    fitted_rows: int
    mark: Mark
    leaks: bool
    test_rows_trained_on: Mapping[int, int]
    intercept: float | None
    fit: Mapping[str, Any] | None
    metrics: Mapping[str, PartErrors]
    environment: Mapping[str, str]
    not_measured: int | None = None
    diagnosis: Diagnosis | None = None
    intervals: Sequence[Mapping[str, Any]] | None = None
    remarks: Sequence[str] = ()

    def to_json(self, label: Label = str) -> dict[str, Any]:
        """Convert to JSON.

        Args:
            label: gives the key of an item; by default its id, as in the stored form.
        """
        value: dict[str, Any] = {
            "version": VERSION,
            "alignment": self._alignment(label),
            "fit_on": self.fit_on,
            "fitted_rows": self.fitted_rows,
            "mark": self.mark,
            "leaks": self.leaks,
            "test_rows_trained_on": _labelled(self.test_rows_trained_on, label),
            "intercept": self.intercept,
            "fit": None if self.fit is None else dict(self.fit),
            "metrics": {part: own.to_json(label) for part, own in self.metrics.items()},
            "environment": dict(self.environment),
        }
        if self.diagnosis is not None:
            value["diagnosis"] = self.diagnosis.to_json(label)
        if self.intervals is not None:
            value["intervals"] = [dict(row) for row in self.intervals]
        if self.remarks:
            value["remarks"] = list(self.remarks)
        return value

    def _alignment(self, label: Label) -> dict[str, Any]:
        counted = {} if self.not_measured is None else {"not_measured": self.not_measured}
        return {"common": self.common, "lost": _labelled(self.lost, label)} | counted

    @classmethod
    def from_json(cls, value: Mapping[str, Any], items: Sequence[int]) -> Self:
        """Read the stored JSON.

        A result of an earlier version has names as keys. They are in the order of the members, which identifies them.

        Args:
            value: JSON from `to_json` of this or an earlier version.
            items: ids of the items of the members that were not dropped, in their order.

        Raises:
            ValueError: it is the result of other members.
        """
        keys = value["alignment"]["lost"]
        if len(keys) != len(items):
            raise ValueError(f"the result is of {len(keys)} members, expected {len(items)}")
        ids = {key: int(key) for key in keys} if "version" in value else dict(zip(keys, items, strict=True))
        if set(ids.values()) != set(items):
            raise ValueError(f"the result is of the items {', '.join(keys)}, expected {', '.join(map(str, items))}")
        item = ids.__getitem__
        diagnosis = value.get("diagnosis")
        return cls(
            common=value["alignment"]["common"],
            lost=_by_item(keys, item),
            fit_on=value["fit_on"],
            fitted_rows=value["fitted_rows"],
            mark=value["mark"],
            leaks=value["leaks"],
            test_rows_trained_on=_by_item(value["test_rows_trained_on"], item),
            intercept=value["intercept"],
            fit=value.get("fit"),
            metrics={part: PartErrors.from_json(own, item) for part, own in value["metrics"].items()},
            environment=value.get("environment", value.get("surroundings", {})),
            not_measured=value["alignment"].get("not_measured"),
            diagnosis=None if diagnosis is None else Diagnosis.from_json(diagnosis, item),
            intervals=_intervals(value.get("intervals")),
            remarks=value.get("remarks", ()),
        )


def _intervals(kept: Sequence[Mapping[str, Any]] | None) -> list[dict[str, Any]] | None:
    """The rows of intervals; those of an earlier version are symmetric, and rest on residuals of their step."""
    if kept is None:
        return None
    rows = []
    for row in kept:
        half = row["width"] / 2 if "side" not in row else None
        earlier = {"side": "both", "basis": "own residuals", "lower": half and -half, "upper": half, "floor": None}
        rows.append(dict(row) if half is None else {**row, **earlier})
    return rows


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of rendering for one member; every attribute is None or empty where it does not apply.

    Attributes:
        dropped: the reason why the ensemble was rendered without it.
        weight: the weight for all rows.
        step_weights: the weights by step, from 1.
        quantile_weights: the weights by level and step.
        lost_rows: number of its targets that are not common.
        errors: its errors by part.
        inputs: hashes of the inputs from it: `object` and `forecasts` of a model, `table` of an ensemble;
            of a model also the parts that it was `trained_on`.
        leave_one_out: the change of the ensemble's error without it, by part; see `endirector.diagnose`.
        signs: signs of a leak, in sentences without a subject.
    """

    dropped: str | None = None
    weight: float | None = None
    step_weights: Mapping[int, float] | None = None
    quantile_weights: Mapping[float, Mapping[int, float]] | None = None
    lost_rows: int | None = None
    errors: Mapping[str, Errors] | None = None
    inputs: Mapping[str, Any] | None = None
    leave_one_out: Mapping[str, float] | None = None
    signs: Sequence[str] | None = None

    def to_json(self) -> dict[str, Any]:
        """Convert to JSON, without fields that do not apply."""
        by_level = self.quantile_weights
        value = {
            "dropped": self.dropped,
            "weight": self.weight,
            "step_weights": None if self.step_weights is None else _labelled(self.step_weights, str),
            "quantile_weights": None
            if by_level is None
            else {str(level): _labelled(own, str) for level, own in by_level.items()},
            "lost_rows": self.lost_rows,
            "errors": self.errors,
            "inputs": self.inputs,
            "leave_one_out": self.leave_one_out,
            "signs": self.signs,
        }
        return {name: own for name, own in value.items() if own is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read the properties of an item; properties that rendering does not write are ignored."""
        steps, levels = value.get("step_weights"), value.get("quantile_weights")
        plain = ("dropped", "weight", "lost_rows", "errors", "inputs", "leave_one_out", "signs")
        return cls(
            **{name: value.get(name) for name in plain},
            step_weights=None if steps is None else _by_item(steps, int),
            quantile_weights=None
            if levels is None
            else {float(level): _by_item(own, int) for level, own in levels.items()},
        )


def judged_by(metrics: Mapping[str, Any]) -> tuple[str, str]:
    """The error for a short table, as its key in `Ensemble.metrics` and its name: log loss for classes, else RMSE."""
    has_classes = all("log_loss" in own["ensemble"] for own in metrics.values())
    return ("log_loss", "log loss") if has_classes else ("rmse", "RMSE")


def _labelled(values: Mapping[int, T], label: Label) -> dict[str, T]:
    return {label(key): own for key, own in values.items()}


def _by_item(values: Mapping[str, T], item: ItemOf) -> dict[int, T]:
    return {item(key): own for key, own in values.items()}
