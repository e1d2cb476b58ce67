"""A rendered ensemble as text: what it is fitted on, its errors by member and part, and its warnings."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from enmyadmin.output import print_line, print_table
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from enstorage import Ensemble


def print_rendered(ensemble: "Ensemble") -> None:
    """Print the errors of a rendered ensemble and of its members, and its warnings."""
    from enstorage.entity.ensemble_result import judged_by

    alignment, metrics = ensemble.alignment(), ensemble.metrics()
    measure, label = judged_by(metrics)
    print_line(f"{alignment['common']} common targets; fitted {ensemble.shown_mark()}. {label} by part:")
    rows: list[list[Any]] = []
    weights: dict[str, float] = {}
    with suppress(NotFoundError):  # not every method has weights that are the same for all rows
        weights = ensemble.weights()
    for name, lost in alignment["lost"].items():
        errors = [metrics[part]["members"][name][measure] for part in metrics]
        rows.append([name, weights.get(name), lost, *errors])
    rows.append(["ensemble", None, None, *(metrics[part]["ensemble"][measure] for part in metrics)])
    print_table(["member", "weight", "lost rows", *metrics], rows)
    if alignment["not_measured"]:
        print_line(f"Targets that were not measured but filled, and are left out: {alignment['not_measured']}.")
    if ensemble.formed is not None:
        print_line(f"Selected from {len(ensemble.formed['tried'])} candidates; --json and the report list them.")
    for name, reason in ensemble.dropped().items():
        print_line(f"Left out: {name}. {reason}")
    for warning in ensemble.warnings():
        print_line(f"Warning: {warning}")
