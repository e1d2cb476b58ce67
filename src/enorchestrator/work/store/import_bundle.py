"""The kind `import_bundle`: imports a project from a bundle."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.stored_file import StoredFile, check_stored, opened
from enstorage import Connector
from enstorage.progress import Progress


class ImportArguments(Arguments):
    """A bundle."""

    file: Annotated[StoredFile, Field(description="The uploaded bundle.")]
    max_bytes: Annotated[
        int | None, Field(ge=1, description="Limit of its unpacked bytes; by default 64 MiB or 50 times its size.")
    ] = None

    def subject(self) -> str:
        """The name of the file."""
        return self.file.name


def _check(arguments: ImportArguments, connector: Connector) -> None:
    check_stored(arguments.file, connector)


def _import(arguments: ImportArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    import enstorage

    with opened(arguments.file, connector) as path:
        imported = enstorage.import_bundle(path, connector, max_bytes=arguments.max_bytes, progress=progress)
    counts = ("new", "known", "filled", "left", "objects", "points")
    project = {"id": imported.project.id, "name": imported.project.name}
    return {"project": project, **{name: getattr(imported, name) for name in counts}}


IMPORT_BUNDLE = WorkKind(
    "import_bundle",
    "upload",
    "project",
    "Import bundle",
    ImportArguments,
    _import,
    _check,
    outputs={"project": "project"},
)
