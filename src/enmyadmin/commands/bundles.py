"""Commands about bundles: export, import."""

from pathlib import Path
from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, entity_class, find_record, label_of
from enmyadmin.output import Json, Quiet, counted, print_json, print_line, print_table
from enstorage.errors import InvalidInputError


def export(
    entity: Annotated[str, typer.Argument(help="The entity: project.", metavar="project")],
    id: Annotated[str, typer.Argument(help="Its id or name.")],
    file: Annotated[Path, typer.Argument(help="Where to write, such as sun.enz.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Export a project with all that it needs to one file.

    Example: enstorage export project 1 sun.enz
    """
    from enstorage import Project, export_project
    from enstorage.writing import check_writable, is_standard_output

    if entity_class(entity) is not Project:
        raise InvalidInputError(
            f"A {label_of(entity_class(entity))} cannot be exported alone; expected a project. Export its project, or its "
            "table with `enstorage export-csv`."
        )
    project = find_record(Project, id, open_store(store))
    check_writable(file, overwrite=overwrite)
    exported = export_project(project, file, overwrite=overwrite, progress=not (quiet or as_json))
    err = is_standard_output(file)
    counts = {"records": exported.records, "objects": exported.objects, "points": exported.points}
    if as_json:
        print_json({"file": str(file), "bytes": exported.bytes, "project": project.as_dictionary(), **counts}, err=err)
        return
    if not err:
        print_table(["entity", "count"], [[name, count] for name, count in exported.records.items()])
    print_line(
        f"Wrote {described(project)} with {counted(exported.objects, 'object')} and {counted(exported.points, 'point')} to "
        f"{file}, {exported.bytes} bytes.",
        err=err,
    )


def import_bundle(
    file: Annotated[Path, typer.Argument(help="A file of `enstorage export`.")],
    max_bytes: Annotated[
        int | None,
        typer.Option("--max-bytes", min=1, help="Limit of its unpacked bytes; by default 64 MiB or 50 times its size."),
    ] = None,
    store: Store = None,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Import a project from a file of `enstorage export`.

    Records that are stored already stay as they are.

    Example: enstorage import sun.enz
    """
    import enstorage

    imported = enstorage.import_bundle(file, open_store(store), max_bytes=max_bytes, progress=not (quiet or as_json))
    kinds = {"new": imported.new, "known": imported.known, "filled": imported.filled, "left": imported.left}
    project = imported.project
    if as_json:
        counts = {"objects": imported.objects, "points": imported.points}
        print_json({"file": str(file), "project": project.as_dictionary(), **kinds, **counts})
        return
    names = list(dict.fromkeys(name for counts in kinds.values() for name in counts))
    print_table(["entity", *kinds], [[name, *(counts.get(name, 0) for counts in kinds.values())] for name in names])
    print_line(
        f"Imported {described(project)}: {counted(imported.objects, 'new object')} and "
        f"{counted(imported.points, 'new point')}."
    )
