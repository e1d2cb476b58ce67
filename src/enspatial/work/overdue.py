"""The kind `check_scenes`: fails when no scene came by the time at which the satellite was to be back."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enspatial.area import Area
from enspatial.scenes.search import overdue
from enspatial.work.load import Degrees
from enstorage import Connector
from enstorage.errors import NotFoundError
from enstorage.progress import Progress


class CheckScenesArguments(Arguments):
    """An area, and how often it is seen."""

    area: Annotated[tuple[Degrees, ...], Field(description="West, south, east, north in degrees.")]
    revisit_days: Annotated[float, Field(gt=0, le=3650, description="A scene is expected so often.")] = 5.0
    collection: Annotated[str | None, Field(description="Of a catalogue; by default all.")] = None

    def subject(self) -> str:
        """The area."""
        return " ".join(f"{each:g}" for each in self.area)


def _check(arguments: CheckScenesArguments, _connector: Connector) -> None:
    Area.read(arguments.area)


def _overdue(
    arguments: CheckScenesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    progress("Look for scenes", 0, 1)
    area = Area.read(arguments.area)
    late = overdue(area, arguments.revisit_days, collection=arguments.collection, connector=connector)
    if late is not None:
        raise NotFoundError(late)
    return {"is_overdue": False}


CHECK_SCENES = WorkKind(
    "check_scenes",
    "read",
    "scene",
    "Check for new scenes",
    CheckScenesArguments,
    _overdue,
    _check,
    outputs={"is_overdue": "boolean"},
)
