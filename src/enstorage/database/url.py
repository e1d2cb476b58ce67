"""URLs of databases: which are known and how they are read."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.places.masking import masked

#: The driver that is taken where a URL names none.
_DRIVERS = {
    "sqlite": "sqlite",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_FORMS = "sqlite:///folder/enstorage.sqlite, mysql://…, mariadb://… or postgresql://user:password@host:port/database"


def parse_url(url: str) -> URL:
    """The URL of a database that is supported, with its driver.

    Raises:
        InvalidInputError: it is not a URL, or names no database on its server.
        NotSupportedError: it names another kind of database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidInputError(
            f"{masked(url)!r} is not a database URL. Expected {_FORMS}. In user and password write special characters "
            "in percent form: @ as %40, / as %2F, : as %3A."
        ) from error
    kind = parsed.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise NotSupportedError(f"The database {kind!r} is not supported; known are {_FORMS}.")
    if kind != "sqlite" and not parsed.database:
        raise InvalidInputError(f"{masked(url)!r} names no database on its server. Expected {_FORMS}.")
    return parsed if "+" in parsed.drivername else parsed.set(drivername=_DRIVERS[kind])


def is_in_memory(url: URL) -> bool:
    """True for a database that ends with the process."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
