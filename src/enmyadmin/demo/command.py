"""The command demo."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.output import Json, print_json, print_line
from enstorage import plugins
from enstorage.errors import InvalidInputError

#: Demonstrations of other packages: a function of the folder for the report, of `data` and `generated`, and
#: of `progress`, which returns its figures as JSON, with the lines to print under `lines`.
DEMOS = plugins.Kind("enstorage.demos", "demonstration")


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
    production: Annotated[
        bool, typer.Option("--production", help="The life of a released ensemble, from a sentence to a rollback.")
    ] = False,
    spatial: Annotated[
        bool, typer.Option("--spatial", help="Forecast the pixels of satellite images instead; see --data.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            help="With --spatial: folder of GeoTIFFs with scenes of one field; else a catalogue is asked.",
            show_default=False,
        ),
    ] = None,
    generated: Annotated[
        bool, typer.Option("--generated", help="With --spatial: scenes that are made up, and marked so.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run the experiment of the paper and write a report.

    Three LSTM networks forecast yearly sunspot numbers, and an ensemble combines them. With --spatial: an ensemble
    forecasts each pixel of satellite images, with intervals, and draws maps of the next dates.

    Example: enstorage demo --output demo-report
    """
    if production:
        if csv or unit or season or seeds > 1 or tensorboard or orchestrated or spatial or data or generated:
            raise InvalidInputError(
                "--production tells a story of its own; expected no other option than --output and --json. Leave the others "
                "out."
            )
        from enmyadmin.demo.production.story import run as run_production

        figures = run_production(output, quiet=as_json)
        if as_json:
            print_json(figures)
        return
    if spatial or data or generated:
        if csv or unit or season or seeds > 1 or tensorboard or orchestrated or not spatial:
            raise InvalidInputError(
                "--data and --generated are options of --spatial, which takes no other option than these, --output "
                "and --json. "
                "Leave the others out."
            )
        _run_spatial(output, data, generated=generated, as_json=as_json)
        return
    if orchestrated:
        if csv or unit or season or seeds > 1 or tensorboard:
            raise InvalidInputError(
                "--orchestrated runs the pipeline of the sunspots; expected no other option than --output and --json. "
                "Leave "
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


def _run_spatial(output: Path, data: Path | None, *, generated: bool, as_json: bool) -> None:
    run = plugins.load(DEMOS, "spatial")
    figures = run(output, data=data, generated=generated, progress=not as_json)
    lines = figures.pop("lines")
    if as_json:
        print_json(figures)
        return
    for line in lines:
        print_line(line)
