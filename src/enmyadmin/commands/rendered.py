"""A rendered ensemble as text: what it is fitted on, its errors by member and part, and what to know of it."""

from typing import TYPE_CHECKING, Any

import typer

from enmyadmin.output import print_table

if TYPE_CHECKING:
    from enstorage import Ensemble


def print_rendered(ensemble: "Ensemble") -> None:
    """Print the errors of a rendered ensemble and of its members, and its warnings."""
    from enstorage.entity.ensemble_result import judged_by

    alignment, metrics = ensemble.alignment(), ensemble.metrics()
    measure, label = judged_by(metrics)
    typer.echo(f"{alignment['common']} common targets; fitted {ensemble.mark()}. {label} by part:")
    rows: list[list[Any]] = []
    living = [item for item in ensemble.items() if item.dropped is None]
    for name, item in zip(alignment["lost"], living, strict=True):
        errors = [metrics[part]["members"][name][measure] for part in metrics]
        rows.append([name, item.rendered_result().weight, alignment["lost"][name], *errors])
    rows.append(["ensemble", None, None, *(metrics[part]["ensemble"][measure] for part in metrics)])
    print_table(["member", "weight", "lost rows", *metrics], rows)
    if ensemble.formed is not None:
        typer.echo(f"Selected from {len(ensemble.formed['tried'])} candidates; --json and the report list them.")
    for name, reason in ensemble.dropped().items():
        typer.echo(f"Left out: {name}. {reason}")
    for warning in ensemble.warnings():
        typer.echo(f"Warning: {warning}")
