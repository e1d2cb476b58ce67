"""The interface of a sink, which takes a table of forecasts."""

import io
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enstorage import plugins
from enstorage.errors import InvalidInputError
from enstorage.parameters.recipe import Recipe
from enstorage.plugins import Kind

if TYPE_CHECKING:
    import polars as pl

SINKS = Kind("enstorage.sinks", "sink", ("enstorage.sinks.Sink",), is_named=True)
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Delivery:
    """One content for one sink.

    Attributes:
        key: the same for the same content and sink, 64 hexadecimal digits.
        name: of the table, for people.
    """

    key: str
    name: str


class Sink(Recipe):
    """Takes a table, such as forecasts, and keeps it in a place outside of the store.

    A sink is a frozen dataclass. Its fields are its parameters: JSON values that are stored, so they have no secrets; a
    place with a password is the name of a connection. Subclasses are registered as entry points `enstorage.sinks` under
    their `name`.

    Promises that every sink keeps, checked by `enstorage.testing.SinkContract`:

    - It takes all rows or none; a process that is killed leaves no part of them where readers look.
    - The same delivery again leaves what one left, as far as the place can tell: rows are replaced by their key, a file is
      replaced whole, a website is given the same key. So a delivery whose end was not noted is made again.
    - Sinks are pickled and sent to other processes.

    A sink raises `InvalidInputError` if the parameters or the rows do not fit (retrying does not help), and `StoreError` if
    the place cannot be reached or failed (retrying may help). No message shows a secret.
    """

    @property
    @abstractmethod
    def target(self) -> str:
        """The place, for people, without secrets; the same for the same place."""

    @abstractmethod
    def write(self, rows: "pl.DataFrame", delivery: Delivery) -> None:
        """Take the rows.

        Args:
            rows: one or more; columns of numbers and texts.
            delivery: their key and name.

        Raises:
            InvalidInputError: the parameters or the rows do not fit.
            StoreError: the place cannot be reached, or failed.
        """

    def files(self) -> list[Path]:
        """The files of this machine that `write` writes; [] for a sink of another place."""
        return []


def sink_from_json(recipe: Mapping[str, Any]) -> Sink:
    """The sink of a stored recipe, found by its registered name.

    Raises:
        InvalidInputError: no such sink is registered, or a parameter is unknown, missing or out of range.
        PluginError: the package that registers the sink cannot be loaded.
    """
    sink: Sink = plugins.load(SINKS, recipe.get("name")).from_json(recipe)
    return sink


def path_of(path: str, delivery: Delivery) -> str:
    """A path with the beginning of the key of a delivery in place of `{key}`."""
    return path.replace("{key}", delivery.key[:_SHORT])


def content_of(rows: "pl.DataFrame", path: str) -> bytes:
    """The rows as a file: Parquet where the path ends so, else CSV."""
    if not path.endswith((".parquet", ".pq")):
        return rows.write_csv().encode()
    file = io.BytesIO()
    rows.write_parquet(file)
    return file.getvalue()


def check_ending(path: str) -> None:
    """Refuse a path of another form of files.

    Raises:
        InvalidInputError: it is one.
    """
    if not path.endswith((".csv", ".parquet", ".pq")):
        raise InvalidInputError(
            f"path is {path!r:.80}; expected one that ends in .csv, .parquet or .pq. Correct it.", field="path"
        )
