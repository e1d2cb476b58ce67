"""Options of a Delta table in an object store."""

import os

from enstorage.errors import InvalidInputError
from enstorage.places.location import Location
from enstorage.places.masking import masked

_ENDPOINTS = ("endpoint_url", "endpoint", "aws_endpoint_url_s3", "aws_endpoint_url", "aws_endpoint")


def storage_options(location: Location) -> dict[str, str]:
    """The options of a place, with those without which several writers or a plain endpoint would not work.

    Raises:
        InvalidInputError: the endpoint has no scheme.
    """
    options = dict(location.options)
    given = {name.lower().removeprefix("aws_") for name in (*options, *os.environ)}
    if location.scheme in ("s3", "s3a"):
        # A commit is a file that must not exist yet. Without this, one of two writers that commit at once could overwrite
        # the commit of the other.
        if not given & {"conditional_put", "s3_locking_provider"}:
            options["conditional_put"] = "etag"
        addresses = {name.lower(): value for name, value in (*os.environ.items(), *options.items())}
        endpoint = next((addresses[name] for name in _ENDPOINTS if name in addresses), "")
        if endpoint and not endpoint.startswith(("http://", "https://")):
            raise InvalidInputError(
                f"The endpoint of {location} is {_shown(endpoint)!r}; expected one such as https://host:9000. Add http:// or https://."
            )
        if endpoint.startswith("http://"):
            options.setdefault("allow_http", "true")
    return options


def _shown(endpoint: str) -> str:
    return masked(f"https://{endpoint}").removeprefix("https://")
