"""Covariates past the end of the data: tables of values that are known ahead, and who forecasts the others."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from enmyadmin.arguments.records import find_record
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage import Project
    from enstorage.connector import Connector

_NAIVE, _ENSEMBLE = "naive", "ensemble:"


def read_known(files: "list[str] | None", project: "Project") -> dict[str, Any]:
    """Values that are known ahead, by the names of covariates: a pair of times and values, or the path of a table of one.

    Args:
        files: paths of tables with a column of each covariate, or `NAME=FILE`.
        project: of the model; times without an offset are local to the time zone of its data source.

    Raises:
        InvalidInputError: a file is no table, or two give the same covariate.
    """
    from enstorage.sources.tables import TableOptions, read_table
    from enstorage.sources.tables.options import clock_of_tables

    source = project.data_source
    options = TableOptions.of({} if source is None else clock_of_tables(source.clock))
    found: dict[str, Any] = {}
    for given in files or ():
        name, _, path = given.rpartition("=")
        own = {name: Path(path)} if name and not Path(given).exists() else read_table(Path(given), options).by_series()
        twice = [each for each in own if each in found]
        if twice:
            raise InvalidInputError(f"--known gives {', '.join(map(repr, twice))} twice; expected each covariate once.")
        found |= own
    return found


def find_others(given: "list[str] | None", connector: "Connector") -> dict[str, Any]:
    """The forecasters of covariates, by their names, from `NAME=MODEL`, `NAME=ensemble:ID` and `NAME=naive`.

    Raises:
        InvalidInputError: one is not written so.
        NotFoundError: there is no such model or ensemble.
    """
    from enstorage import Ensemble, Model

    found: dict[str, Any] = {}
    for each in given or ():
        name, is_given, other = each.rpartition("=")
        if not (is_given and name and other):
            raise InvalidInputError(f"--other is written NAME=MODEL, such as Temperature=naive; received {each!r}.")
        if other == _NAIVE:
            found[name] = other
        elif other.startswith(_ENSEMBLE):
            found[name] = find_record(Ensemble, other.removeprefix(_ENSEMBLE), connector)
        else:
            found[name] = find_record(Model, other, connector)
    return found
