"""The command report: an ensemble on one page."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store
from enmyadmin.commands.ensembles import Reference, find_ensemble
from enmyadmin.output import Json, Quiet, print_json


def report(
    ensemble: Reference,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A .html file, or a folder; by default ensemble-ID.html here.", show_default=False),
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Write a report of an ensemble as one HTML page.

    It shows errors, weights, intervals, the diagnosis, and what the ensemble was made from.

    Example: enstorage report 1 --out report.html
    """
    import endirector

    found = find_ensemble(ensemble, store)
    written = endirector.report(found, out or Path(f"ensemble-{found.id}.html"), progress=not (quiet or as_json))
    if as_json:
        suggestion = found.diagnosis()["suggestion"]
        mark = {"mark": found.mark(), "claims": found.claims()}
        print_json({"ensemble": found.id, "path": str(written.path), **mark, "suggestion": suggestion})
    else:
        typer.echo(f"Wrote the report of {found} to {written.path}.")
