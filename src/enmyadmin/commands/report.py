"""The command report: an ensemble on one page."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.commands.ensembles import Id, Kind, ensemble_of
from enmyadmin.commands.opening import Store
from enmyadmin.output import Json, print_json


def report(
    entity: Kind,
    id: Id,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="A .html file, or a folder; by default ensemble-ID.html here.", show_default=False),
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write what an ensemble is on one page: errors, weights, intervals, diagnosis, and where it comes from."""
    import endirector

    ensemble = ensemble_of(entity, id, store)
    written = endirector.report(ensemble, out or Path(f"ensemble-{ensemble.id}.html"), progress=not as_json)
    if as_json:
        suggestion = ensemble.diagnosis()["suggestion"]
        print_json(
            {"ensemble": ensemble.id, "path": str(written.path), "mark": ensemble.mark(), "suggestion": suggestion}
        )
    else:
        typer.echo(f"Wrote the report of {ensemble} to {written.path}.")
