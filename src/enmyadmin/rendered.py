"""A rendered ensemble as text: what it is fitted on, its errors by member and part, its remarks and warnings."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from enmyadmin.output import print_line, print_table
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from enstorage import Ensemble


def print_rendered(ensemble: "Ensemble") -> None:
    """Print the errors of a rendered ensemble and of its members, its remarks and warnings."""
    from enstorage.entity.ensemble_result import judged_by
    from enstorage.preparation.split import PARTS

    alignment, metrics = ensemble.alignment(), ensemble.metrics()
    measure, label = judged_by(metrics)
    print_line(f"{alignment['common']} common targets; fitted {ensemble.shown_mark()}. {label} by part:")
    last = next(part for part in reversed(PARTS) if part in metrics)
    figures = [(part, measure) for part in metrics]
    figures += [(last, "mase")] if "mase" in metrics[last]["ensemble"] else []
    rows: list[list[Any]] = []
    weights: dict[str, float] = {}
    with suppress(NotFoundError):  # not every method has weights that are the same for all rows
        weights = ensemble.weights()
    for name, lost in alignment["lost"].items():
        errors = [metrics[part]["members"][name].get(each) for part, each in figures]
        rows.append([name, weights.get(name), lost, *errors])
    rows.append(["ensemble", None, None, *(metrics[part]["ensemble"][each] for part, each in figures)])
    heads = [part if each == measure else f"MASE, {part}" for part, each in figures]
    print_table(["member", "weight", "lost rows", *heads], rows)
    if alignment["not_measured"]:
        print_line(f"Targets that were not measured but filled, and are left out: {alignment['not_measured']}.")
    if ensemble.formed is not None and ensemble.formed["rows"]:
        print_line(f"Selected from {len(ensemble.formed['tried'])} candidates; --json and the report list them.")
    for name, reason in ensemble.dropped().items():
        print_line(f"Left out: {name}. {reason}")
    for remark in ensemble.remarks():
        print_line(f"Remark: {remark}")
    for warning in ensemble.warnings():
        print_line(f"Warning: {warning}")
