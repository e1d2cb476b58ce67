"""The kind `export_bundle`: exports a project with all that it needs to one file."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, ProjectId, WorkKind
from enorchestrator.work.stored_file import kept
from enstorage import Connector
from enstorage.progress import Progress
from enstorage.writing import temporary_folder


class ExportArguments(Arguments):
    """A project."""

    project: Annotated[ProjectId, Field(description="Id of the project.")]

    def subject(self) -> str:
        """The project."""
        return f"of project {self.project}"


def _check(arguments: ExportArguments, connector: Connector) -> None:
    from enstorage import Project

    Project.get(arguments.project, connector=connector)


def _export(arguments: ExportArguments, connector: Connector, progress: Progress, _partial: Partial) -> dict[str, Any]:
    import enstorage

    project = enstorage.Project.get(arguments.project, connector=connector)
    with temporary_folder() as folder:
        exported = enstorage.export_project(project, folder / "project.enz", progress=progress)
        file = kept(exported.path.read_bytes(), f"{project.name}.enz", "application/zip", connector)
    counts = {"records": exported.records, "objects": exported.objects, "points": exported.points}
    return {"project": {"id": project.id, "name": project.name}, "file": file, **counts}


EXPORT_BUNDLE = WorkKind(
    "export_bundle",
    "download",
    "project",
    "Export bundle",
    ExportArguments,
    _export,
    _check,
    outputs={"project": "project", "file": "file"},
)
