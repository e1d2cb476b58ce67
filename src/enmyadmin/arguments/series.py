"""The series that a forecast is asked of: those of a project, others of the store, or files."""

from pathlib import Path
from typing import TYPE_CHECKING

from enmyadmin.arguments.records import find_record
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    from enstorage import DataSource, Project
    from enstorage.connector import Connector


def find_series(
    references: "list[str] | None", project: "Project", connector: "Connector"
) -> "list[DataSource | Path] | None":
    """Series by their keys in the panel of the project, by the names or ids of data sources, or as paths of files.

    Returns:
        In the order given; None if none is given.

    Raises:
        NotFoundError: a reference is none of these.
        InvalidInputError: several data sources have that name.
    """
    if not references:
        return None
    panel = project.panel
    keys = {} if panel is None else panel.sources()
    return [keys[reference] if reference in keys else _source_or_file(reference, connector) for reference in references]


def _source_or_file(reference: str, connector: "Connector") -> "DataSource | Path":
    from enstorage import DataSource

    try:
        return find_record(DataSource, reference, connector)
    except NotFoundError as error:
        if (path := Path(reference)).is_file():
            return path
        raise NotFoundError(
            f"There is no series {reference!r}: expected a key of the panel, the name or id of a data source (see them: "
            "enstorage list data-source), or the path of a file with one series."
        ) from error
