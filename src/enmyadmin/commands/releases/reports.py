"""The commands `registry history` and `registry report`."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.releases.registry import Name, Version
from enmyadmin.output import Json, Language, print_json, print_line


def history(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Tell what happened to a registered model.

    Versions, evaluations, releases, rollbacks and alerts, the oldest first.

    Example: enstorage registry history load
    """
    from dataclasses import asdict

    from enorchestrator import timeline

    found = timeline(name, connector=open_store(store))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        alert = f"Alert {each.alert}: " if each.kind == "alert" else ""
        who = f" ({each.by})" if each.by else ""
        print_line(f"{each.at:%Y-%m-%d %H:%M} {alert}{each.message}{who}")


def report(
    name: Name,
    version: Version = "production",
    output: Annotated[
        Path, typer.Option(help="A file that ends in .html, or a folder, which gets report.html.")
    ] = Path("report.html"),
    language: Language = "en",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Write a page about a version, in one file.

    Its gates, the comparison with production, errors by group, budgets, what the monitor saw, and the timeline.

    Example: enstorage registry report load 2 --output load.html
    """
    from enorchestrator import report_version

    written = report_version(name, version, output, language=language, connector=open_store(store)).path
    print_json({"path": str(written)}) if as_json else print_line(f"The report is in {written}.")
