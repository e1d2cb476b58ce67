"""The command demo."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.output import Json, print_json
from enstorage.errors import InvalidInputError


def demo(
    output: Annotated[Path, typer.Option(help="Folder for the report and the store.")] = Path("demo-report"),
    csv: Annotated[
        Path | None, typer.Option(help="Your own series: a file of two columns, time and value.", show_default=False)
    ] = None,
    unit: Annotated[str, typer.Option(help="Unit of the values in your file.")] = "",
    season: Annotated[
        int | None,
        typer.Option(min=1, help="Rows after which the series repeats, for the naive baseline (sunspots: 11)."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0, to train together.")] = 1,
    tensorboard: Annotated[
        Path | None,
        typer.Option(help="Folder in which TensorBoard shows the networks while they are trained.", show_default=False),
    ] = None,
    orchestrated: Annotated[
        bool, typer.Option("--orchestrated", help="As a pipeline; a run that was stopped goes on.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the experiment of the paper and write a report.

    Three LSTM networks forecast yearly sunspot numbers, and an ensemble combines them.

    Example: enstorage demo --output demo-report
    """
    if orchestrated:
        if csv or unit or season or seeds > 1 or tensorboard:
            raise InvalidInputError(
                "--orchestrated runs the pipeline of the sunspots; expected no other option than --output and --json. Leave "
                "the others out."
            )
        from enmyadmin.demo.orchestrated import run as run_pipeline

        result = run_pipeline(output, quiet=as_json)
        if as_json:
            print_json(result.metrics())
        return
    from enmyadmin.demo.sunspots import run

    result = run(output, csv=csv, unit=unit, season=season, seeds=seeds, tensorboard=tensorboard, quiet=as_json)
    if as_json:
        print_json(result.metrics())
