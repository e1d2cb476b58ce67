"""Commands about the store as a whole: init, info, check, upgrade."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.commands.opening import Store, open_store
from enmyadmin.output import Json, print_json, print_table


def init(
    folder: Annotated[Path | None, typer.Argument(help="Where; by default as the settings say.")] = None,
    as_json: Json = False,
) -> None:
    """Make a store, or find that it is there."""
    from enstorage import Connector

    connector = Connector() if folder is None else Connector.in_folder(folder)
    places = connector.settings.shown()
    if as_json:
        print_json(places)
        return
    print_table(["store", "place"], [[name, place] for name, place in places.items()])
    typer.echo("The store is ready. Next: enstorage import-csv FILE --name NAME")


def info(store: Store = None, as_json: Json = False) -> None:
    """Say where the store is and how much is in it."""
    from enstorage._version import __version__
    from enstorage.entity import ENTITIES

    connector = open_store(store)
    counts = {entity.__tablename__: entity.count(connector=connector) for entity in ENTITIES}
    places = connector.settings.shown()
    if as_json:
        print_json({"version": __version__, **places, "counts": counts})
        return
    print_table(["store", "place"], [[name, place] for name, place in places.items()])
    print_table(["entity", "count"], [[name, count] for name, count in counts.items()])


def upgrade(store: Store = None, as_json: Json = False) -> None:
    """Change the tables of an older store to those of this version; a copy of a SQLite file stays beside it."""
    from enstorage.database.schema import HEAD_REVISION

    open_store(store, upgrade=True).close()
    print_json({"schema": HEAD_REVISION}) if as_json else typer.echo(f"The store has schema {HEAD_REVISION}.")


def check(store: Store = None, as_json: Json = False) -> None:
    """Read everything back and compare every hash and reference; exit status 1 if something is wrong."""
    import enstorage

    findings = enstorage.check(open_store(store))
    if as_json:
        print_json([{"entity": each.entity, "id": each.id, "problem": each.problem} for each in findings])
    elif findings:
        print_table(["entity", "id", "problem"], [[each.entity, each.id, each.problem] for each in findings])
    else:
        typer.echo("The store is whole.")
    if findings:
        raise typer.Exit(1)
