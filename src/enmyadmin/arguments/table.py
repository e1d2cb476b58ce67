"""Options of every command that reads a table: separator, columns, dates and the like."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from enstorage.errors import InvalidInputError

#: Flags with other names than the parameters of the library.
_OTHER_FLAGS = {"time_interval": "interval"}
_OF_IMPORT = " of import-csv"
#: The way to a file that needs no options.
_FILE_FOR_NONE = "import the file with them, and give the file that export-csv writes of what was imported"
_PANEL = "Form of the table, where it is not found"


def _option(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help, show_default=False, rich_help_panel=_PANEL)


@dataclass(frozen=True)
class TableArguments:
    """The fields of `enstorage.sources.TableOptions` as options of a command."""

    series_column: Annotated[
        str | None, _option("Column with the keys of the series, in a long table.", "--series-column", "--series")
    ] = None
    time_column: Annotated[
        list[str] | None,
        _option("Column with the times; twice for a date and a time of day.", "--time-column", "--time"),
    ] = None
    value_column: Annotated[
        list[str] | None,
        _option("Column with the values; as often as needed in a wide table.", "--value-column", "--value"),
    ] = None
    separator: Annotated[str | None, _option("comma, semicolon, tab, pipe, blank or the character.")] = None
    decimal: Annotated[str | None, _option("Decimal character: . or ,")] = None
    thousands: Annotated[str | None, _option("Character between groups of three digits: , . ' or a blank.")] = None
    encoding: Annotated[str | None, _option("Encoding of a text, such as utf-16 or latin-1.")] = None
    date_order: Annotated[str | None, _option("day-first or month-first, for dates such as 02/03/2024.")] = None
    date_format: Annotated[str | None, _option("Format of all times, such as %Y%m%d.")] = None
    time_unit: Annotated[
        str | None, _option("Unit of times that are numbers: s, ms, us or ns since 1970; excel, jd, mjd, year or step.")
    ] = None
    time_zone: Annotated[str | None, _option("Zone of times without offset, such as Europe/London; else UTC.")] = None
    leave_out: Annotated[list[str] | None, _option("A column to leave out; repeatable.")] = None
    missing: Annotated[list[str] | None, _option("A further text for a missing value, such as -999; repeatable.")] = (
        None
    )
    sheet: Annotated[str | None, _option("Sheet of an Excel file; the first one by default.")] = None
    snap: Annotated[str | None, _option("Interval, such as 1h: times that jitter are moved to its nearest start.")] = (
        None
    )
    duplicates: Annotated[
        str, typer.Option(help="Value of a repeated time: refuse, mean, sum, first or last.", rich_help_panel=_PANEL)
    ] = "refuse"
    skip_bad_rows: Annotated[
        bool,
        typer.Option(
            "--skip-bad-rows",
            help="Leave bad rows out and list them, instead of refusing the table.",
            rich_help_panel=_PANEL,
        ),
    ] = False

    def given(self) -> dict[str, Any]:
        """The options that were given, by their names in the library."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def refuse(self, where: str) -> None:
        """Refuse options that would be ignored.

        Args:
            where: takes no option for the form of a file: `--update`.

        Raises:
            InvalidInputError: one was given.
        """
        standard = type(self)().given()
        given = [_as_flag(name, value) for name, value in self.given().items() if value != standard.get(name)]
        if given:
            raise InvalidInputError(f"{where} takes no {' and no '.join(given)}: {_FILE_FOR_NONE}.")


@contextmanager
def named_as_flags() -> Iterator[None]:
    """Messages that are made within, or in a command with this decorator, name the form of a table as its options."""
    from enstorage.parameters.naming import named_by

    with named_by(_as_flag):
        yield


@contextmanager
def without_table_options(where: str) -> Iterator[None]:
    """Messages about tables that are made within name the options of import-csv, and the way to a file that needs none.

    Args:
        where: takes the file, and no option for its form: `--csv`.

    Raises:
        InvalidInputError: instead of one whose message names such an option.
    """
    from enstorage.parameters.naming import named_by

    with named_by(lambda name, value: _as_flag(name, value) + _OF_IMPORT):
        try:
            yield
        except InvalidInputError as error:
            if _OF_IMPORT not in str(error):
                raise
            raise InvalidInputError(
                f"{error} {where} takes no such options: {_FILE_FOR_NONE}.",
                field=error.field,
            ) from error


def _as_flag(name: str, value: Any) -> str:
    flag = f"--{_OTHER_FLAGS.get(name, name).replace('_', '-')}"
    return flag if value is None or value is True else f"{flag} {value}"
