"""Finding of stored scenes by area, time, clouds and baseline; their previews."""

from time import time_ns

from sqlalchemy import or_, select

from enspatial.area import Area
from enspatial.raster.preview import PIXELS
from enspatial.raster.preview import preview as picture
from enstorage import Connector, Scene
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import TimeLike, to_ns

_DAY = 86_400 * 10**9
#: Bands of a picture in natural colours; else the first band that is there.
_COLOURS = ("red", "green", "blue")


def find_scenes(
    *,
    area: Area | None = None,
    time_from: TimeLike | None = None,
    time_to: TimeLike | None = None,
    clouds_below: float | None = None,
    baseline: str | None = None,
    collection: str | None = None,
    all_versions: bool = False,
    quarantined: bool = False,
    connector: Connector | None = None,
) -> list[Scene]:
    """The stored scenes that match, in time order.

    Args:
        area: that they meet.
        time_from: start of the period.
        time_to: its end, itself excluded.
        clouds_below: share of clouds, 0 to 1; scenes whose share is not known match.
        baseline: processing baseline.
        collection: of the catalogue, or name of the folder.
        all_versions: also those of which there is a later one.
        quarantined: only those that cannot be used, in place of only those that can.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: the period is reversed, or the share is not 0 to 1.
    """
    check_period(time_from, time_to)
    if clouds_below is not None and not 0 <= clouds_below <= 1:
        raise InvalidInputError(
            f"clouds_below is {clouds_below:g}; expected a share from 0 to 1. Divide percent by 100.",
            field="clouds_below",
        )
    query = select(Scene).where(Scene.deleted_at.is_(None))
    query = query.where(Scene.quarantine.is_not(None) if quarantined else Scene.quarantine.is_(None))
    if area is not None:
        query = query.where(
            or_(
                *(
                    (Scene.west < east) & (Scene.east > west) & (Scene.south < north) & (Scene.north > south)
                    for west, south, east, north in area.parts
                )
            )
        )
    if time_from is not None:
        query = query.where(Scene.time >= to_ns(time_from))
    if time_to is not None:
        query = query.where(Scene.time < to_ns(time_to))
    if baseline is not None:
        query = query.where(Scene.baseline == baseline)
    if collection is not None:
        query = query.where(Scene.collection == collection)
    found = Scene._select(query.order_by(Scene.time, Scene.id), connector)
    chosen = found if all_versions or quarantined else latest(found)
    return [
        scene
        for scene in chosen
        if clouds_below is None or scene.cloud_share is None or scene.cloud_share < clouds_below
    ]


def latest(scenes: list[Scene]) -> list[Scene]:
    """Of each scene the version of the highest baseline, of equal ones the last."""
    best: dict[tuple[str, str], Scene] = {}
    for scene in scenes:
        key = (scene.collection, scene.item)
        if key not in best or _rank(scene) > _rank(best[key]):
            best[key] = scene
    return [scene for scene in scenes if best[scene.collection, scene.item] is scene]


def _rank(scene: Scene) -> tuple[str, int]:
    return scene.baseline or "", scene.version


def overdue(
    area: Area,
    revisit_days: float,
    *,
    collection: str | None = None,
    now: TimeLike | None = None,
    connector: Connector | None = None,
) -> str | None:
    """Tell whether a scene of an area is overdue: a sentence, or None if one came in time.

    Args:
        area: that the scenes meet.
        revisit_days: days after which the satellite is back.
        collection: of a catalogue; None for all.
        now: the time to look at; by default the present.
        connector: the store; the current one by default.
    """
    moment = time_ns() if now is None else to_ns(now)
    found = find_scenes(area=area, collection=collection, connector=connector)
    if not found:
        return f"There is no scene of the area {area}. Expected one every {revisit_days:g} days. Load scenes."
    days = (moment - found[-1].time) / _DAY
    if days <= revisit_days:
        return None
    return (
        f"The latest scene of the area {area} is {found[-1].name}, {days:.1f} days old; expected one every "
        f"{revisit_days:g} "
        "days. Load scenes, or look whether the catalogue has any."
    )


def check_period(time_from: TimeLike | None, time_to: TimeLike | None) -> None:
    """Refuse a period that ends before it begins.

    Raises:
        InvalidInputError: it does.
    """
    if time_from is not None and time_to is not None and to_ns(time_from) >= to_ns(time_to):
        raise InvalidInputError(
            f"The period from {time_from} to {time_to} is empty or reversed; expected a start before its end. Swap the "
            "two.",
            field="time_from",
        )


def preview(scene: Scene, *, bands: tuple[str, ...] | None = None, pixels: int = PIXELS) -> bytes:
    """A picture of a scene, PNG: red, green and blue if it has them, else its first band in grey.

    Args:
        scene: with bands.
        bands: one or three of its bands.
        pixels: width and height at most.

    Raises:
        NotFoundError: it has no such band.
    """
    there = scene.bands()
    if not there:
        raise NotFoundError(f"{scene} has no band to show: {scene.quarantine or 'none is stored'}")
    chosen = bands or (_COLOURS if there.keys() >= set(_COLOURS) else (next(iter(there)),))
    missing = [name for name in chosen if name not in there]
    if missing or len(chosen) not in (1, 3):
        raise NotFoundError(
            f"{scene} cannot be shown by {', '.join(chosen)}; expected one or three of {', '.join(there)}. Choose "
            "others."
        )
    return picture([scene.connector.objects.get(there[name].sha256) for name in chosen], scene.name, pixels=pixels)
