"""`CatalogueProfile`: where a catalogue is, and how it wants to be asked."""

import os
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from enstorage.errors import InvalidInputError
from enstorage.places.masking import looks_like_url, masked
from enstorage.places.web import shown_url

#: Hosts of catalogues, beside those of the profiles, that a URL may lead to: `stac.example.org, 127.0.0.1:8080`.
HOSTS_VARIABLE = "ENSTORAGE_CATALOGUE_HOSTS"


@dataclass(frozen=True, slots=True)
class CatalogueProfile:
    """A catalogue.

    Attributes:
        url: of its STAC API, or of the root of a static catalogue.
        collection: that is searched unless another one is asked for.
        hosts: names of further hosts with its files, such as `zipper.example.org`; one with a dot in front stands for
            all hosts below it.
        token_url: where a user name and a password are exchanged for a token; None for a catalogue that needs none.
        client: name of the client, for the token.
        requests_per_second: the rate that the catalogue allows.
        longest_wait_seconds: all waiting of one request together, such as after 429; longer is an error that passes.
        timeout_seconds: without a byte, after which a request has failed.
        provider: of eodag by which it is searched; "" for a STAC catalogue.
    """

    url: str
    collection: str = "sentinel-2-l2a"
    hosts: tuple[str, ...] = ()
    token_url: str | None = None
    client: str = ""
    requests_per_second: float = 5.0
    longest_wait_seconds: float = 120.0
    timeout_seconds: float = 60.0
    provider: str = ""

    @property
    def home(self) -> str:
        """The host of the catalogue, with its port if it has one."""
        return urlsplit(self.url).netloc.lower()

    @property
    def place_of_hosts(self) -> str:
        """The place to which a host is added, for messages."""
        return HOSTS_VARIABLE if self.provider else "the profile"

    def knows(self, host: str) -> bool:
        """True for a host with a port, if it has one, to which requests may go."""
        token_host = urlsplit(self.token_url).netloc.lower() if self.token_url else ""
        own = (self.home, token_host, *self.hosts)
        return any(host == each or (each.startswith(".") and host.endswith(each)) for each in own if each)

    def check(self, url: str) -> None:
        """Refuse an address to which no request may go.

        Raises:
            InvalidInputError: it is on another host, or is not read by https although the catalogue is.
        """
        try:
            parts, home = urlsplit(url), urlsplit(self.url)
            _ = parts.port
        except ValueError:
            raise no_url(self.home) from None
        host = parts.netloc.lower()
        is_plain = parts.scheme == "http" and home.scheme == "http"
        if (parts.scheme != "https" and not is_plain) or "@" in host or not self.knows(host):
            raise InvalidInputError(
                f"{shown_url(url)} is on no host of the catalogue {self.home}; expected one of "
                f"{', '.join((self.home, *self.hosts))}. Add the host to {self.place_of_hosts} if you trust it."
            )


def no_url(host: str) -> InvalidInputError:
    """The error of an answer that leads to what is no URL."""
    return InvalidInputError(
        f"The catalogue {host} leads to what is no URL. Expected one on its hosts. Ask the provider."
    )


#: Written from the documentation of the catalogues; tested on recorded answers, not against the live servers.
PROFILES = MappingProxyType(
    {
        "copernicus": CatalogueProfile(
            "https://stac.dataspace.copernicus.eu/v1",
            hosts=(
                "zipper.dataspace.copernicus.eu",
                "download.dataspace.copernicus.eu",
                "catalogue.dataspace.copernicus.eu",
            ),
            token_url="https://identity.dataspace.copernicus.eu/auth/realms/CDSE/protocol/openid-connect/token",  # noqa: S106
            client="cdse-public",
            requests_per_second=4.0,
        ),
        "earth-search": CatalogueProfile(
            "https://earth-search.aws.element84.com/v1",
            hosts=(
                "sentinel-cogs.s3.us-west-2.amazonaws.com",
                "e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",
            ),
        ),
    }
)


def profile_of(catalogue: "str | CatalogueProfile") -> CatalogueProfile:
    """The profile of a name, or of a URL whose host is allowed by `ENSTORAGE_CATALOGUE_HOSTS`.

    Raises:
        InvalidInputError: there is no such profile, or the host is not allowed.
    """
    if isinstance(catalogue, CatalogueProfile):
        return catalogue
    if catalogue in PROFILES:
        return PROFILES[catalogue]
    allowed = allowed_hosts()
    try:
        parts = urlsplit(catalogue) if isinstance(catalogue, str) else urlsplit("")
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or parts.netloc.lower() not in allowed:
        raise InvalidInputError(
            f"The catalogue {_shown(catalogue)[:80]!r} is not known; expected {', '.join(PROFILES)}, or a URL whose host "
            "is named in "
            f"{HOSTS_VARIABLE}. Add the host there where enstorage starts.",
            field="catalogue",
        )
    return CatalogueProfile(catalogue, hosts=allowed)


def _shown(catalogue: object) -> str:
    text = str(catalogue)
    return masked(text) if looks_like_url(text) else text


def allowed_hosts() -> tuple[str, ...]:
    """The hosts that `ENSTORAGE_CATALOGUE_HOSTS` names."""
    return tuple({each.strip().lower() for each in os.environ.get(HOSTS_VARIABLE, "").split(",") if each.strip()})
