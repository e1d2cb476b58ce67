"""Commands about the store as a whole: init, info, check, gc, upgrade."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.period import parse_period
from enmyadmin.output import Json, Quiet, counted, print_json, print_line, print_table, readable_size
from enstorage._version import __version__


def init(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the store; by default that of the settings.")] = None,
    as_json: Json = False,
) -> None:
    """Make a store, unless it exists.

    Example: enstorage init energy
    """
    from enstorage import Connector

    connector = Connector() if folder is None else Connector.in_folder(folder)
    places = connector.settings.shown()
    if as_json:
        print_json(places)
        return
    print_table(["store", "place"], [[name, place] for name, place in places.items()])
    option = "" if folder is None else f" --store {shlex.quote(str(folder))}"
    print_line(f"The store is ready. Next: enstorage import-csv FILE{option}")


def info(store: Store = None, as_json: Json = False) -> None:
    """Show where the store is and what it holds.

    Example: enstorage info --store energy
    """
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
    """Upgrade a store of an older version to this one.

    A copy of a SQLite file stays beside it.

    Example: enstorage upgrade --store energy
    """
    from enstorage.database.schema import HEAD_REVISION

    open_store(store, upgrade=True).close()
    print_json({"schema": HEAD_REVISION}) if as_json else print_line(f"The store has schema {HEAD_REVISION}.")


def check(store: Store = None, quiet: Quiet = False, as_json: Json = False) -> None:
    """Read everything and check every hash and reference.

    The exit status is 1 if something is damaged.

    Example: enstorage check
    """
    import enstorage

    found = enstorage.check(open_store(store), notes=True, progress=not (quiet or as_json))
    is_damaged = any(each.kind == "damage" for each in found)
    if as_json:
        print_json([asdict(each) for each in found])
    else:
        if not is_damaged:
            print_line("The store is whole.")
        if found:
            print_table(
                ["", "entity", "id", "problem"], [[each.kind, each.entity, each.id, each.problem] for each in found]
            )
    if is_damaged:
        raise typer.Exit(1)


def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Free it; without this, only show what there is.")] = False,
    grace: Annotated[str, typer.Option(help="Keep what was written within this time, such as 90m, 24h or 7d.")] = "24h",
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find unreferenced data, and free it with --delete.

    Example: enstorage gc --grace 7d --delete
    """
    import enstorage

    period = parse_period(grace, "--grace")
    sweep = enstorage.gc(open_store(store), delete=delete, grace=period, progress=not (quiet or as_json))
    if as_json:
        print_json(asdict(sweep))
        return
    found = [each for each in sweep.garbage if each.count]
    if found:
        print_table(
            ["", "count", "size"],
            [[each.kind, each.count, None if each.bytes is None else readable_size(each.bytes)] for each in found],
        )
    if sweep.spared:
        print_line(f"Kept, since younger than {grace}: {counted(sweep.spared, 'object')} to which nothing refers.")
    if not found:
        print_line("There is nothing to free.")
    elif sweep.freed:
        print_line(f"Freed {readable_size(sweep.bytes)}.")
    else:
        print_line(f"Nothing was freed yet. To free {readable_size(sweep.bytes)}: enstorage gc --delete")


def version(as_json: Json = False) -> None:
    """Show the version.

    Example: enstorage version
    """
    print_json({"version": __version__}) if as_json else print_line(f"enstorage {__version__}")
