"""`search_catalogue`: scenes by area, period and clouds, with every condition checked here as well."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from enspatial.area import Area, bounds_of
from enspatial.bands import common_name
from enspatial.catalogue.clipping import clipped
from enspatial.catalogue.profile import CatalogueProfile, profile_of
from enspatial.catalogue.provider import PREFIX, EodagProvider
from enspatial.catalogue.requests import CatalogueRequests
from enspatial.scenes.candidate import SceneCandidate
from enspatial.scenes.items import candidate_of_item
from enspatial.scenes.search import check_period
from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError, StoreError
from enstorage.instant import TimeLike, to_iso, to_ns

_CLOUDS = "eo:cloud_cover"
_PAGE = 100
#: A search with more scenes is refused: its area or period is a mistake.
MOST_SCENES = 10_000
_MOST_GIVEN = 10 * MOST_SCENES


def search_catalogue(
    catalogue: str | CatalogueProfile,
    area: Area,
    time_from: TimeLike,
    time_to: TimeLike,
    *,
    clouds_below: float | None = None,
    collection: str | None = None,
    bands: Sequence[str] = (),
    cut: bool = False,
    requests: CatalogueRequests | None = None,
) -> list[SceneCandidate]:
    """The scenes of a catalogue, in time order; nothing is downloaded.

    A server that does not know the extension Query ignores a filter by clouds, or answers nothing. So the filter is
    sent only to servers that declare it, an empty answer to it is asked again without it, and all conditions are
    checked here too. To eodag it is never sent.

    Args:
        catalogue: `copernicus`, `earth-search`, a profile, a URL whose host is allowed, see `profile_of`, or `eodag:` with
            the name of a provider of eodag.
        area: that the scenes meet.
        time_from: start of the period.
        time_to: its end, itself excluded.
        clouds_below: share of clouds, 0 to 1; scenes whose share is not told match.
        collection: another one than that of the profile.
        bands: common names of the bands to load; () for all.
        cut: whether only the pixels of the area are read from each file.
        requests: of the catalogue; by default new ones.

    Raises:
        InvalidInputError: an argument is wrong, the catalogue is not known, or it refuses the search.
        MissingLibraryError: eodag, or pystac-client, is not installed.
        StoreError: it cannot be reached or is busy; this may pass.
    """
    check_period(time_from, time_to)
    if clouds_below is not None and not 0 <= clouds_below <= 1:
        raise InvalidInputError(
            f"clouds_below is {clouds_below:g}; expected a share from 0 to 1. Divide percent by 100.",
            field="clouds_below",
        )
    known = known_catalogue(catalogue)
    profile, sign = (known.profile, known.signed) if isinstance(known, EodagProvider) else (known, None)
    requests = requests or CatalogueRequests(profile, sign=sign)
    period = (to_ns(time_from), to_ns(time_to))
    found: dict[str, Mapping[str, Any]] = {}
    wanted = None if not bands else {common_name(each) for each in bands}
    collection = collection or profile.collection
    items = (
        known.items(area, period, collection)
        if isinstance(known, EodagProvider)
        else _items(profile, requests, area, period, clouds_below, collection)
    )
    place = _Assets(requests)
    with told_as_ours(profile.home):
        for given, item in enumerate(items):
            if _matches(item, area, period, clouds_below):
                found[str(item.get("id"))] = item
            if len(found) > MOST_SCENES or given > _MOST_GIVEN:  # a page may lead to itself
                raise InvalidInputError(
                    f"The search finds more than {MOST_SCENES:,} scenes; expected fewer. Take a smaller area or a shorter "
                    "period.",
                    field="area",
                )
        scenes = [candidate_of_item(item, place, wanted, collection=profile.collection) for item in found.values()]
    if cut:
        scenes = [_cut(scene, area, requests) for scene in scenes]
    return sorted(scenes, key=lambda scene: (scene.time, scene.id))


@contextmanager
def told_as_ours(home: str) -> Iterator[None]:
    """Errors of reading an answer that is JSON of another form, or none, told as ours."""
    try:
        yield
    except EnstorageError:
        raise
    except Exception as error:  # pystac has errors of its own, beside those of Python
        raise StoreError(
            f"The catalogue {home} gives nothing that can be read ({type(error).__name__}). Expected STAC items as JSON. "
            "Try again later, or ask the provider."
        ) from error


def known_catalogue(catalogue: str | CatalogueProfile) -> CatalogueProfile | EodagProvider:
    """The profile of a catalogue, or the provider of eodag.

    Raises:
        InvalidInputError: it is not known.
        MissingLibraryError: eodag is not installed.
    """
    if isinstance(catalogue, str) and catalogue.startswith(PREFIX):
        return EodagProvider(catalogue.removeprefix(PREFIX))
    return profile_of(catalogue)


def _cut(scene: SceneCandidate, area: Area, requests: CatalogueRequests) -> SceneCandidate:
    """The scene with files of which only the pixels of an area are read."""
    bands = {
        name: replace(
            file,
            read=partial(clipped, requests, file.address, area, file.band, file.name),
            band=1,
            bytes=None,
            sha256=None,
        )
        for name, file in scene.bands.items()
    }
    return replace(scene, bands=bands, cut=str(area))


class _Assets:
    """Gives the file of an address as something to read it by."""

    def __init__(self, access: CatalogueRequests) -> None:
        self._access = access

    def __call__(self, href: str) -> "_Remote | None":
        return _Remote(self._access, href) if href.startswith(("https://", "http://")) else None


class _Remote:
    def __init__(self, access: CatalogueRequests, href: str) -> None:
        self._access = access
        self.href = href

    def read_bytes(self) -> bytes:
        """The bytes of the file."""
        return self._access.content(self.href)


def _items(
    profile: CatalogueProfile,
    access: CatalogueRequests,
    area: Area,
    period: tuple[int, int],
    clouds_below: float | None,
    collection: str,
) -> Iterator[dict[str, Any]]:
    """The items that the catalogue gives; perhaps some that do not match."""
    client = _client(profile, access)
    if client is None:
        yield from _static(profile, access)
        return
    knows_query = any("query" in each for each in client.get_conforms_to())
    # STAC's ends are inclusive, ours is not; what lies on the end is left out here.
    when = "/".join(to_iso(each) for each in period)
    for box in area.parts:
        known: dict[str, Any] = {"collections": [collection], "bbox": list(box), "datetime": when, "limit": _PAGE}
        count = 0
        if knows_query and clouds_below is not None:
            query = {_CLOUDS: {"lt": 100 * clouds_below}}
            for item in _searched(client, {**known, "query": query}):
                count += 1
                yield item
        if not count:  # not filtered, or an empty answer, which may mean that the server does not know the filter
            yield from _searched(client, known)


def _client(profile: CatalogueProfile, access: CatalogueRequests) -> Any:
    """The client of pystac for a STAC API, all of whose requests are ours; None for a static catalogue."""
    try:
        from pystac_client import Client
        from pystac_client.stac_api_io import StacApiIO
    except ImportError as error:
        raise MissingLibraryError(
            f"Catalogues need the library {error.name!r}, which is not installed. "
            'Install it with: pip install "enstorage[spatial]"'
        ) from error

    class GuardedRequests(StacApiIO):
        """All that pystac-client asks for; files of this machine are never read."""

        def request(
            self,
            href: str,
            method: str | None = None,
            headers: dict[str, str] | None = None,  # noqa: ARG002 - those of `CatalogueRequests` are sent
            parameters: dict[str, Any] | None = None,
        ) -> str:
            """See StacApiIO."""
            if (method or "GET").upper() == "POST":
                return access.text(href, method="POST", body=parameters or {})
            return access.text(_with(href, parameters))

        def read_text(self, source: Any, *args: Any, **keywords: Any) -> str:
            """See StacApiIO."""
            if isinstance(source, str) and not source.startswith(("https://", "http://")):
                raise InvalidInputError(f"The catalogue leads to {source[:80]!r}, which is no URL. Ask the provider.")
            return str(super().read_text(source, *args, **keywords))

    root = _root(profile, access)
    if "conformsTo" not in root:
        return None
    return Client.open(profile.url, stac_io=GuardedRequests(max_retries=None))


def _root(profile: CatalogueProfile, access: CatalogueRequests) -> dict[str, Any]:
    import json

    try:
        root = json.loads(access.text(profile.url))
    except ValueError as error:
        raise StoreError(f"{profile.url} gives no JSON; expected a STAC catalogue. Check its address.") from error
    if not isinstance(root, dict):
        raise StoreError(f"{profile.url} gives no STAC catalogue. Check its address.")
    return root


def _with(href: str, parameters: Mapping[str, Any] | None) -> str:
    from urllib.parse import urlencode

    if not parameters:
        return href
    return f"{href}{'&' if '?' in href else '?'}{urlencode({key: _flat(value) for key, value in parameters.items()})}"


def _flat(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _searched(client: Any, known: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    from pystac_client.exceptions import APIError

    try:
        yield from client.search(**known, method="POST").items_as_dicts()
    except APIError as error:
        raise StoreError(f"The catalogue fails: {str(error)[:200]}. Try again later.") from error


def _static(profile: CatalogueProfile, access: CatalogueRequests) -> Iterator[dict[str, Any]]:
    """All items of a static catalogue, by its links."""
    import json
    from urllib.parse import urljoin

    waiting, seen = [profile.url], set[str]()
    while waiting:
        url = waiting.pop()
        if url in seen or len(seen) > MOST_SCENES:
            continue
        seen.add(url)
        try:
            found = json.loads(access.text(url))
        except ValueError as error:
            raise StoreError(
                f"{url[:160]} gives no JSON; expected a part of a STAC catalogue. Ask the provider."
            ) from error
        if found.get("type") == "Feature":
            for asset in found.get("assets", {}).values():
                asset["href"] = urljoin(url, str(asset.get("href", "")))
            yield found
        links = [link for link in found.get("links", []) if link.get("rel") in ("child", "item")]
        waiting += [urljoin(url, str(link.get("href", ""))) for link in links]


def _matches(item: Mapping[str, Any], area: Area, period: tuple[int, int], clouds_below: float | None) -> bool:
    properties = item.get("properties") or {}
    moment = properties.get("datetime") or properties.get("start_datetime")
    if moment is None or not period[0] <= to_ns(str(moment)) < period[1]:
        return False
    clouds = properties.get(_CLOUDS)
    if clouds_below is not None and clouds is not None and not float(clouds) / 100 < clouds_below:
        return False
    box = item.get("bbox")
    bounds = (
        tuple(map(float, box))[:4]
        if box and len(box) == 4
        else bounds_of(item["geometry"])
        if item.get("geometry")
        else None
    )
    if bounds is None or bounds[0] > bounds[2]:  # across the antimeridian: the server's answer stands
        return True
    return area.covered_by(bounds) > 0  # type: ignore[arg-type] # four numbers
