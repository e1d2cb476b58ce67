"""URLs of databases: which are known and how they are read."""

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from enstorage.errors import InvalidInputError, NotSupportedError
from enstorage.places.masking import HIDDEN, is_name, masked

#: The driver that is taken where a URL names none.
_DRIVERS = {
    "sqlite": "sqlite",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_FORMS = "sqlite:///folder/enstorage.sqlite, mysql://…, mariadb://… or postgresql://user:password@host:port/database"


class DatabaseUrl(URL):
    """A URL of SQLAlchemy that is printed without its user, its password and its options."""

    __slots__ = ()

    def render_as_string(self, hide_password: bool = True) -> str:
        """The URL as text; as `masked` shows it unless the password is asked for."""
        if not hide_password:
            return super().render_as_string(hide_password=False)
        try:
            return masked(super().render_as_string(hide_password=False))
        except UnicodeEncodeError:  # an option holds half of a surrogate pair, which has no percent form
            return f"{self.drivername}://{HIDDEN}"

    def __repr__(self) -> str:
        return self.render_as_string()

    def __str__(self) -> str:
        return self.render_as_string()


def parse_url(url: str) -> DatabaseUrl:
    """The URL of a database that is supported, with its driver.

    Raises:
        InvalidInputError: it is not a URL, or names no database on its server.
        NotSupportedError: it names another kind of database.
    """
    wrong = InvalidInputError(
        f"{masked(url)!r} is not a database URL. Expected {_FORMS}. In user and password write special characters "
        "in percent form: @ as %40, / as %2F, : as %3A."
    )
    try:
        parsed = DatabaseUrl(*make_url(url))
    except (ArgumentError, ValueError):
        raise wrong from None  # without the cause: its text holds what stood in place of the port
    kind = parsed.drivername.partition("+")[0]
    if kind not in _DRIVERS:
        raise NotSupportedError(f"The database of {masked(url)!r} is not supported; known are {_FORMS}.")
    if kind != "sqlite" and "@" in (str(parsed.database) if parsed.username else url):
        raise wrong  # a part of the password was taken for the host
    if not all(map(is_name, parsed.query)):
        raise InvalidInputError(
            f"{masked(url)!r} has an option whose name no driver knows. Expected {_FORMS}, options as ?name=value. Correct "
            "or remove the option."
        )
    if kind == "sqlite" and (parsed.host or parsed.username or parsed.password):
        raise InvalidInputError(
            f"{masked(url)!r} names a server, and SQLite has none. Expected {_FORMS}. Write three slashes before the path."
        )
    if kind != "sqlite" and not parsed.database:
        raise InvalidInputError(f"{masked(url)!r} names no database on its server. Expected {_FORMS}.")
    return parsed if "+" in parsed.drivername else DatabaseUrl(*parsed.set(drivername=_DRIVERS[kind]))


def is_in_memory(url: URL) -> bool:
    """True for a database that ends with the process."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
