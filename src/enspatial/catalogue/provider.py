"""`EodagProvider`: a provider that the library eodag searches; what it finds is checked by `search_catalogue`."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from enspatial.area import Area
from enspatial.catalogue.guard import bounded
from enspatial.catalogue.profile import CatalogueProfile, allowed_hosts
from enstorage.errors import EnstorageError, InvalidInputError, MissingLibraryError, StoreError
from enstorage.instant import to_iso

PREFIX = "eodag:"
#: As eodag names the collection of all its providers.
_COLLECTION = "S2_MSI_L2A"
_BASELINE = "s2:processing_baseline"
#: eodag takes a page with fewer items than asked for as the last one, so more than a server gives would lose the rest.
_PAGE = 20
_PLAIN_HOST = re.compile(r"https?://([a-z0-9.-]+(:\d+)?)(?=[/?]|$)")
_BUSY = (408, 425, 429)


class EodagProvider:
    """A provider that eodag knows, by its own configuration or by a file or variables of its user.

    eodag asks the hosts of that configuration for items, also after a redirect, and takes answers of a bounded size. A
    filter by clouds is never sent. Files are read by `CatalogueRequests`, to which eodag gives the credentials alone.

    Args:
        name: of the provider, such as `planetary_computer`.

    Raises:
        InvalidInputError: eodag has no such provider, or no credentials for it, or it is none that is searched by a URL, or
            its configuration cannot be read.
        MissingLibraryError: eodag is not installed.
    """

    def __init__(self, name: str) -> None:
        try:
            from eodag import EODataAccessGateway
            from eodag.config import EODAGSettings
            from eodag.utils.exceptions import EodagError
            from yaml import YAMLError
        except ImportError as error:
            raise MissingLibraryError(
                f"The catalogue {PREFIX}{name} needs the library {error.name!r}, which is not installed. "
                'Install it with: pip install "enstorage[eodag]"'
            ) from error
        logger = logging.getLogger("eodag")
        if not logger.handlers:  # its tracebacks are told below in one sentence
            logger.addHandler(logging.NullHandler())
        self._name = name
        try:
            # Without an address of further collections, the provider itself is asked for those that eodag does not know.
            settings = EODAGSettings(providers_whitelist=[name], ext_collections_cfg_uri="")
            self._gateway: Any = EODataAccessGateway(settings=settings)
        except (EodagError, YAMLError, OSError, ValueError) as error:
            raise InvalidInputError(
                f"The configuration of eodag cannot be read ({type(error).__name__}). Expected YAML with providers. Correct "
                "its file and variables.",
                field="catalogue",
            ) from None
        self._hosts: frozenset[str] = frozenset()
        self._plugin: Any = None
        self._credentials: Any = None
        self.profile = self._profile()

    def _profile(self) -> CatalogueProfile:
        if self._name not in self._gateway.providers:
            reason = self._gateway.providers.pruned_providers_reasons.get(self._name, {}).get("reason")
            raise InvalidInputError(
                f"The provider {self._name!r:.80} of eodag cannot be used: {reason or 'eodag does not know it'}. Expected "
                "one of its configuration, with credentials if it wants some. Name both in the configuration of eodag where "
                "enstorage starts.",
                field="catalogue",
            )
        config = vars(self._gateway.providers[self._name].config)
        url = getattr(config.get("search"), "api_endpoint", None)
        if not url:
            raise InvalidInputError(
                f"The provider {self._name} of eodag is not searched by a URL; expected one that is. Take another.",
                field="catalogue",
            )
        # Of its own, eodag would wait as long as a server asks, without a limit.
        self._gateway.update_providers_config(dict_conf={self._name: {"search": {"retry_total": 0}}})
        sections = (vars(each) for each in config.values() if hasattr(each, "type"))
        self._hosts = frozenset(host for section in sections for host in _hosts(section.values()))
        hosts = (*sorted(self._hosts), *allowed_hosts())
        return CatalogueProfile(url, collection=_COLLECTION, hosts=hosts, provider=self._name)

    def items(self, area: Area, period: tuple[int, int], collection: str) -> Iterator[dict[str, Any]]:
        """The items of an area and a period (ns) as STAC JSON; perhaps some that do not match.

        Raises:
            InvalidInputError: the search or the credentials are refused, or the collection has no item at all.
            StoreError: the provider failed, or gave fewer items than it has; this may pass.
        """
        start, end = (to_iso(each) for each in period)
        is_empty = True
        for box in area.parts:
            for product in self._found(collection, start=start, end=end, geom=list(box)):
                is_empty = False
                self._plugin = self._plugin or product.downloader_auth
                with self._told():
                    item = _item(product)
                yield item
        if is_empty and not next(self._found(collection), None):  # eodag takes a collection that nobody has as empty
            raise InvalidInputError(
                f"The provider {self._name} of eodag gives no item of the collection {collection!r:.80} at all; expected "
                "some, of whatever area and period. Correct the collection.",
                field="collection",
            )

    def _found(self, collection: str, **conditions: Any) -> Iterator[Any]:
        """The products of all pages."""
        with self._told():  # errors would be an empty answer, and another provider's answer is not wanted
            page = self._gateway.search(
                provider=self._name,
                collection=collection,
                limit=_PAGE,
                count=True,
                raise_errors=True,
                validate=False,  # it asks for a description of all parameters that many servers lack
                **conditions,
            )
        page.raise_errors = True
        told, count = page.number_matched, len(page)
        yield from list(page)
        pages = page.next_page(update=False)
        while True:
            with self._told():
                following = next(pages, None)
            if following is None:
                break
            count += len(following)
            yield from following
        if told is not None and count < told:
            raise StoreError(
                f"The provider {self._name} of eodag gave {count} items; expected the {told} that it announced. Try again "
                "later, or take a shorter period."
            )

    def signed(self, url: str, *, renew: bool = False) -> tuple[str, Mapping[str, str]]:
        """The address of a file and the headers of its request with the credentials that eodag has for it.

        Args:
            url: on a known host.
            renew: do not use credentials again that were taken before.

        Raises:
            InvalidInputError: eodag gets no credentials.
        """
        if self._plugin is None or not self._has_credentials_for(url):
            return url, {}
        from requests import Request

        with self._told():
            if self._credentials is None or renew:
                self._credentials = self._plugin.authenticate()
            if not callable(self._credentials):  # of S3
                return url, {}
            request = self._credentials(Request("GET", url).prepare())
        return str(request.url), dict(request.headers)

    def _has_credentials_for(self, url: str) -> bool:
        pattern = getattr(self._plugin.config, "matching_url", None)
        return bool(re.match(pattern, url)) if pattern else urlsplit(url).netloc.lower() in self._hosts

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of eodag as ours, without its texts, which may have addresses with credentials."""
        from eodag.utils import exceptions as foreign
        from requests import RequestException

        try:
            with bounded(self.profile.check):
                yield
        except EnstorageError:  # of `bounded`
            raise
        except (foreign.AuthenticationError, foreign.MisconfiguredError) as error:
            raise self._refused(type(error).__name__) from None
        except foreign.RequestError as error:
            status = error.status_code
            if status in (401, 403):
                raise self._refused(f"status {status}") from None
            if isinstance(error, foreign.ValidationError) or (status and 400 <= status < 500 and status not in _BUSY):
                raise InvalidInputError(
                    f"The provider {self._name} of eodag refuses the search ({type(error).__name__}, status {status}). "
                    "Expected a search that it knows. Correct the collection, the area and the period."
                ) from None
            raise StoreError(
                f"The provider {self._name} of eodag fails ({type(error).__name__}, status {status}). Expected an answer. "
                "Try again later."
            ) from None
        except foreign.EodagError as error:
            raise InvalidInputError(
                f"eodag refuses the search of {self._name} ({type(error).__name__}). Expected a provider and a collection "
                "that it knows. Correct both.",
                field="catalogue",
            ) from None
        except (RequestException, LookupError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"The provider {self._name} gives nothing that eodag can read ({type(error).__name__}). Expected a "
                "collection of STAC items. Try again later."
            ) from None

    def _refused(self, what: str) -> InvalidInputError:
        return InvalidInputError(
            f"The credentials that eodag has for {self._name} are missing or refused ({what}). Expected some that may be "
            "used there. Correct them in the configuration of eodag.",
            field="catalogue",
        )


def _hosts(values: Any) -> Iterator[str]:
    """The hosts of addresses among the values; those with patterns are none."""
    for value in values:
        if isinstance(value, str) and (found := _PLAIN_HOST.match(value.lower())):
            yield found[1]


def _item(product: Any) -> dict[str, Any]:
    """A product as a STAC item, with its baseline as the provider wrote it: eodag reads 05.10 as a number."""
    item: dict[str, Any] = product.as_dict()
    baseline = item["properties"].get(_BASELINE)
    if isinstance(baseline, int | float):
        item["properties"][_BASELINE] = f"{baseline:05.2f}"
    return item
