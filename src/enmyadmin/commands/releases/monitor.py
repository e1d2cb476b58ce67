"""The commands `monitor …`: look, issue, alerts, observations, close, resources."""

from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import note, person
from enmyadmin.commands.releases.registry import Name
from enmyadmin.output import Json, print_json, print_line, print_table


def look(
    name: Name,
    settings: Annotated[
        str | None, typer.Option(help='As JSON, such as {"windows": 3}.', metavar="JSON", show_default=False)
    ] = None,
    may_roll_back: Annotated[
        bool, typer.Option("--may-roll-back", help="Roll back where the previous version is better.")
    ] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Look at a version in production, and make alerts.

    Exit status 0 also where there are alerts.

    Example: enstorage monitor look load
    """
    from enmyadmin.arguments.given import read_object
    from enorchestrator import monitor

    connector = open_store(store)
    found = monitor(
        name, settings=read_object(settings, "--settings"), may_roll_back=may_roll_back, connector=connector
    )
    if found.rolled_back_to is not None:
        note(connector, "release", "registered_model", 0, {"name": name, "rollback": found.rolled_back_to})
    if as_json:
        alerts = [{"id": each.id, "kind": each.kind, "message": each.message} for each in found.alerts]
        about = {"name": name, "version": found.version, "observations": found.observations, "alerts": alerts}
        print_json(about | {"proposal": found.proposal, "rolled_back_to": found.rolled_back_to})
        return
    for each in found.alerts:
        print_line(f"{each.kind}: {each.message} Proposed: {each.proposal}.")
    if found.rolled_back_to is not None:
        print_line(f"Rolled back: version {found.rolled_back_to} of {name} is in production.")
    print_line(f"Version {found.version} of {name}: {found.observations} new windows, {len(found.alerts)} new alerts.")


def issue(
    name: Name,
    horizon: Annotated[int, typer.Option(min=1, help="Number of steps.")] = 1,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Forecast by the version in production, and keep that.

    The forecasts are judged when the truths come.

    Example: enstorage monitor issue load --horizon 12
    """
    from enorchestrator import issue_forecasts
    from enstorage import DataSource

    connector = open_store(store)
    table = issue_forecasts(name, horizon, connector=connector)
    sources = {each: DataSource.get(each, connector=connector) for each in table["series"].unique().to_list()}
    rows = [
        [sources[series].name, sources[series].label(time), step, value]
        for series, time, step, value in table.select("series", "id", "step", "value").rows()
    ]
    heads = ["series", "time", "step", "value"]
    print_json([dict(zip(heads, row, strict=True)) for row in rows]) if as_json else print_table(heads, rows)


def alerts(
    name: Annotated[str | None, typer.Argument(help="Of the registered model.", show_default=False)] = None,
    only_open: Annotated[bool, typer.Option("--open", help="Only those that are open.")] = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List alerts, the newest first.

    Example: enstorage monitor alerts load --open
    """
    from enorchestrator import list_alerts

    found = list_alerts(name, only_open=only_open, connector=open_store(store))
    if as_json:
        names = ("id", "kind", "series", "message", "proposal", "data", "created_at", "closed_at", "closed_by")
        print_json([{"name": of, **{each: getattr(alert, each) for each in names}} for alert, of in found])
        return
    rows = [
        [
            each.id,
            of,
            each.kind,
            each.proposal,
            f"{each.created_at:%Y-%m-%d %H:%M}",
            each.closed_by or "open",
            each.message,
        ]
        for each, of in found
    ]
    heads = ["id", "model", "kind", "proposed", "at", "closed by", "message"]
    print_table(heads, rows) if rows else print_line("There are no alerts.")


def observations(
    name: Name,
    kind: Annotated[
        str | None, typer.Option(help="Of drift, quality, staleness; all by default.", show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """List the windows that were observed, the newest first.

    Example: enstorage monitor observations load --kind drift
    """
    from enorchestrator import list_observations

    found = list_observations(name, kind=kind, connector=open_store(store))
    names = ("id", "kind", "series", "time_from", "time_to", "exceeded", "statistics")
    if as_json:
        print_json([{each: getattr(row, each) for each in names} for row in found])
        return
    rows = [[getattr(row, each) for each in names[:-1]] for row in found]
    print_table(list(names[:-1]), rows) if rows else print_line("There are no observations.")


def close(
    alert: Annotated[int, typer.Argument(help="Id of the alert.", metavar="ALERT", show_default=False)],
    store: Store = None,
) -> None:
    """Close an alert; further windows make a new one.

    Example: enstorage monitor close 3
    """
    from enorchestrator import close_alert

    connector = open_store(store)
    closed = close_alert(alert, closed_by=person(), connector=connector)
    print_line(f"Alert {closed.id} is closed by {closed.closed_by}.")


def resources(store: Store = None, as_json: Json = False) -> None:
    """List steps whose memory grows from run to run.

    Example: enstorage monitor resources
    """
    from dataclasses import asdict

    from enorchestrator import leaking_steps

    found = leaking_steps(connector=open_store(store))
    if as_json:
        print_json([asdict(each) for each in found])
        return
    for each in found:
        print_line(each.message)
    if not found:
        print_line("No step takes more memory from run to run.")
