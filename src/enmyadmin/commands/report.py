"""The command report: an ensemble on one page."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store
from enmyadmin.arguments.records import described
from enmyadmin.commands.ensembles import Reference, find_ensemble
from enmyadmin.output import Json, Quiet, print_json, print_line


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
    from enstorage.writing import is_standard_output

    found = find_ensemble(ensemble, store)
    written = endirector.report(found, out or Path(f"ensemble-{found.id}.html"), progress=not (quiet or as_json))
    err = written.path is not None and is_standard_output(written.path)
    if as_json:
        suggestion = found.diagnosis()["suggestion"]
        print_json(
            {"ensemble": found.id, "path": str(written.path), "mark": found.mark(), "suggestion": suggestion}, err=err
        )
    else:
        print_line(f"Wrote the report of {described(found)} to {written.path}.", err=err)
