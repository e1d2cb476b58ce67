"""Commands about backups: backup, restore."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.commands import changing
from enmyadmin.output import Json, Quiet, print_json, print_line, print_table, readable_size

if TYPE_CHECKING:
    from enstorage.backup.report import BackupReport


def backup(
    file: Annotated[Path, typer.Argument(help="Where to write, such as energy.backup.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Back up the whole store to one file.

    Records, points and objects as they are at one moment; others may write meanwhile.

    Example: enstorage backup energy.backup --store energy
    """
    import enstorage

    done = enstorage.backup_store(file, open_store(store), overwrite=overwrite, progress=not (quiet or as_json))
    if as_json:
        print_json(_as_dictionary(done))
        return
    _print_counts(done)
    print_line(f"Wrote and checked {file}, {readable_size(done.bytes)}: {_contents(done)}.")


def restore(
    what: Annotated[
        str, typer.Argument(help="The file of a backup; or an entity, such as model.", metavar="FILE|ENTITY")
    ],
    ids: Annotated[list[str] | None, typer.Argument(help="Ids or names, in the trash.", metavar="ID")] = None,
    max_bytes: Annotated[
        int | None,
        typer.Option("--max-bytes", min=1, help="How much it may unpack to; by default 64 MiB or 50 times its size."),
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Restore a backup, or records from the trash.

    A backup is restored into an empty store; a folder without a store gets one. Records return with those that were moved to
    the trash together with them.

    Example: enstorage restore energy.backup --store new
    """
    if ids:
        changing.restore(what, ids, store=store, as_json=as_json)
        return
    import enstorage

    done = enstorage.restore_store(
        what, lambda: open_or_make_store(store)[0], max_bytes=max_bytes, progress=not (quiet or as_json)
    )
    if as_json:
        print_json(_as_dictionary(done))
        return
    _print_counts(done)
    print_line(f"Restored {what} of {datetime.fromisoformat(done.made_at):%Y-%m-%d %H:%M:%S}Z: {_contents(done)}.")


def _contents(done: "BackupReport") -> str:
    return f"{sum(done.records.values())} records, {done.objects} objects and {done.points} points"


def _print_counts(done: "BackupReport") -> None:
    print_table(["entity", "count"], [[name, count] for name, count in done.records.items()])


def _as_dictionary(done: "BackupReport") -> dict[str, object]:
    return {
        "file": str(done.path),
        "bytes": done.bytes,
        "made_at": done.made_at,
        "records": done.records,
        "objects": done.objects,
        "points": done.points,
        "versions": done.versions,
    }
