"""The kind `load_scenes`: finds scenes in a catalogue, checks them, and stores them in versions."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.current import tell_alert
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enspatial.area import Area
from enspatial.catalogue.search import known_catalogue, search_catalogue
from enspatial.scenes.search import check_period, find_scenes
from enspatial.scenes.store import keep_scenes
from enstorage import Connector
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, StoreError
from enstorage.progress import Progress

Degrees = Annotated[float, Field(ge=-180, le=180)]
Share = Annotated[float, Field(ge=0, le=1)]


class LoadScenesArguments(Arguments):
    """A catalogue, and the part of it that is loaded."""

    catalogue: Annotated[str, Field(description="copernicus, earth-search, eodag:PROVIDER, or an allowed URL.")] = (
        "earth-search"
    )
    area: Annotated[tuple[Degrees, ...], Field(description="West, south, east, north in degrees.")]
    time_from: Annotated[str, Field(description="Start of the period.")]
    time_to: Annotated[str, Field(description="End of the period, itself excluded.")]
    clouds_below: Annotated[Share | None, Field(description="Share of clouds.")] = None
    collection: Annotated[str | None, Field(description="Another collection of the catalogue.")] = None
    bands: Annotated[tuple[str, ...], Field(description="Common names of bands.")] = ("red", "nir", "scl")

    cut: Annotated[bool, Field(description="Load the pixels of the area alone, not whole tiles.")] = True

    def subject(self) -> str:
        """The catalogue and the period."""
        return f"{self.catalogue}, {self.time_from} to {self.time_to}"


def _check(arguments: LoadScenesArguments, _connector: Connector) -> None:
    Area.read(arguments.area)
    check_period(arguments.time_from, arguments.time_to)
    known_catalogue(arguments.catalogue)


@contextmanager
def _stage(name: str) -> Iterator[None]:
    """Have errors tell at what they happened; their class, by which they are tried again or not, stays."""
    try:
        yield
    except (StoreError, InvalidInputError, NotFoundError, CorruptError) as error:
        raise type(error)(f"{name}: {error}", field=error.field) from error


def _load(
    arguments: LoadScenesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    area = Area.read(arguments.area)
    with _stage("Searching the catalogue"):
        candidates = search_catalogue(
            arguments.catalogue,
            area,
            arguments.time_from,
            arguments.time_to,
            clouds_below=arguments.clouds_below,
            collection=arguments.collection,
            bands=arguments.bands,
            cut=arguments.cut,
        )
    before = {scene.id for scene in find_scenes(quarantined=True, connector=connector)}
    with _stage("Loading scenes"):
        loaded = keep_scenes(candidates, area=area, connector=connector, progress=progress)
    if candidates and not loaded.scenes:
        raise CorruptError(
            f"None of the {len(candidates)} scenes can be used; all are in quarantine. The first: "
            f"{loaded.quarantined[0].quarantine}"
        )
    fresh = [scene for scene in loaded.quarantined if scene.id not in before]  # of others people know
    if fresh:
        tell_alert(
            "scenes in quarantine",
            f"{len(fresh)} of {len(candidates)} scenes cannot be used and are in quarantine. The first: "
            f"{fresh[0].quarantine}",
            connector,
        )
    return {
        "scenes": [scene.id for scene in loaded.scenes],
        "found": len(candidates),
        "is_empty": not candidates,
        "new": len(loaded.kept),
        "quarantined": [scene.id for scene in loaded.quarantined],
        "remarks": list(loaded.remarks),
        # One entry for each set of scenes to go on with: none if nothing was found, so that steps for each have no part.
        "sets": [[scene.id for scene in loaded.scenes]] if loaded.scenes else [],
    }


LOAD_SCENES = WorkKind(
    "load_scenes",
    "create",
    "scene",
    "Load scenes",
    LoadScenesArguments,
    _load,
    _check,
    outputs={"scenes": "integer[]", "sets": "any", "found": "integer", "is_empty": "boolean"},
)
