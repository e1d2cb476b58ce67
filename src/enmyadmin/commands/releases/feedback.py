"""The commands `feedback …`: give, list."""

import json
from typing import Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import person
from enmyadmin.commands.releases.registry import Name
from enmyadmin.output import Json, print_json, print_line, print_table


def give(
    name: Name,
    time: Annotated[str | None, typer.Option(help="Of the target.", show_default=False)] = None,
    value: Annotated[float | None, typer.Option(help="The truth.", show_default=False)] = None,
    verdict: Annotated[str | None, typer.Option(help="Or: good, bad or wrong.", show_default=False)] = None,
    series: Annotated[int | None, typer.Option(help="Id of the data source.", show_default=False)] = None,
    remark: Annotated[str, typer.Option(help="Free text.")] = "",
    rows: Annotated[
        str | None, typer.Option(help="Many: a JSON list of such rows, or - for standard input.", show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Give truths or verdicts on issued forecasts.

    Example: enstorage feedback give load --time 2026-11-01 --value 120.5
    """
    from enorchestrator import give_feedback
    from enstorage.errors import InvalidInputError

    connector = open_store(store)
    if (rows is None) == (time is None):
        raise InvalidInputError("Expected either --time with --value or --verdict, or --rows. Give one of them.")
    one = {"time": time, "value": value, "verdict": verdict, "series": series, "remark": remark}
    given = [one] if rows is None else _read_rows(rows)
    counts = give_feedback(name, given, given_by=person(), connector=connector)
    print_json(counts) if as_json else print_line(
        f"{counts['new']} new, {counts['known']} known before, {counts['changed']} changed."
    )


def list_rows(name: Name, store: Store = None, as_json: Json = False) -> None:
    """List truths and verdicts, the newest first.

    Example: enstorage feedback list load
    """
    from enorchestrator import list_feedback
    from enstorage import DataSource

    connector = open_store(store)
    found = list_feedback(name, connector=connector)
    labels = {each: DataSource.get(each, connector=connector) for each in {row.series for row in found}}
    table = [
        [
            labels[row.series].name,
            labels[row.series].label(row.target),
            row.value if row.kind == "truth" else row.verdict,
            row.remark,
            row.given_by,
        ]
        for row in found
    ]
    heads = ["series", "time", "given", "remark", "by"]
    if as_json:
        print_json([dict(zip(heads, row, strict=True)) for row in table])
        return
    print_table(heads, table) if table else print_line("There is no feedback.")


def _read_rows(text: str) -> list[Any]:
    import sys

    from enstorage.errors import InvalidInputError

    try:
        found = json.loads(sys.stdin.read(10_000_000) if text == "-" else text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"--rows is no JSON: {error}. Expected a list of objects. Correct it.") from None
    if not isinstance(found, list):
        raise InvalidInputError(f"--rows is a {type(found).__name__}; expected a JSON list of objects. Correct it.")
    return found
