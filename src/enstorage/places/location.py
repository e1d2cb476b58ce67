"""`Location`: the URL of a store that is reached over a network, taken apart."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from enstorage.errors import InvalidInputError
from enstorage.places.masking import is_name, is_well_formed, masked, scrubbed, shown_cause

_COLOUR = re.compile(r"\x1b\[[0-9;]*m|↳")
# Servers of S3 answer in XML; its code says what is wrong.
_XML = re.compile(r"<\?xml.*?(?:<Code>(.*?)</Code>.*|$)", re.DOTALL)
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, repr=False)
class Location:
    """The place of a store, and the options of its driver: `s3://bucket/prefix?endpoint_url=…`.

    Printed, it shows the place alone, without credentials and without options.

    Attributes:
        url: the place, without the options.
        options: the query of the URL, in percent form as everywhere in URLs.
    """

    url: str
    options: dict[str, str]
    _given: str = field(default="", compare=False)

    @classmethod
    def parse(cls, url: str) -> "Location":
        """Take a URL apart.

        Raises:
            InvalidInputError: it names no place, nobody knows where its credentials end, or an option has no value.
        """
        place, _, query = url.partition("?")
        scheme, slashes, path = place.partition("://")
        known = scheme if slashes and is_name(scheme) else "s3"
        if not path.strip("/"):
            raise InvalidInputError(
                f"{masked(url)!r} names no place; expected a URL such as {known}://bucket/folder. Add the place."
            )
        if "@" in url and not is_well_formed(url):
            raise InvalidInputError(
                f"{masked(url)!r} has an @ where none can be; expected a URL such as {known}://user:password@host/folder. "
                "Write special characters in percent form (@ as %40, / as %2F)."
            )
        options = {}
        for entry in filter(None, query.split("&")):
            name, equals, value = entry.partition("=")
            if not (name and equals):
                raise InvalidInputError(
                    f"An option of {masked(url)!r} has no value; expected options such as ?anon=true at the "
                    "end. Write each as name=value, special characters in percent form (& as %26)."
                )
            # Not unquote_plus: keys are made of base64, where + is a digit.
            options[unquote(name)] = unquote(value)
        return cls(place.rstrip("/"), options, url)

    @property
    def scheme(self) -> str:
        """The scheme of the URL, which stands in front of `://`."""
        return self.url.partition("://")[0]

    def message_of(self, error: BaseException) -> str:
        """The message of a driver's error, in one line, without secrets."""
        text = " ".join(_XML.sub(r"\1", _COLOUR.sub("", str(error))).split()) or type(error).__name__
        return scrubbed(text, self._given)[:_LONGEST_REASON].rstrip(". ")

    def cause_of(self, error: BaseException) -> BaseException | None:
        """The error of a driver as the cause of one of ours, or None if it holds a secret."""
        return shown_cause(error, self._given)

    def __str__(self) -> str:
        # Of the URL as given: what its options hold may show that its place is a secret.
        return masked(self._given or self.url).partition("?")[0]

    def __repr__(self) -> str:
        return f"Location({str(self)!r})"
