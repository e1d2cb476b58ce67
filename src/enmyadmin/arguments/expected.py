"""Options of every command that checks values."""

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from enstorage.sources.expected import ExpectedValues

_PANEL = "Values that are expected"


def _option(help: str) -> "typer.models.OptionInfo":
    found: typer.models.OptionInfo = typer.Option(help=help, show_default=False, rich_help_panel=_PANEL)
    return found


@dataclass(frozen=True)
class ExpectedOptions:
    """The fields of `enstorage.sources.ExpectedValues` as options of a command."""

    minimum: Annotated[float | None, _option("The least value.")] = None
    maximum: Annotated[float | None, _option("The largest value.")] = None
    fewest_values: Annotated[int | None, _option("Number of values at least.")] = None
    most_missing: Annotated[float | None, _option("Share of empty buckets between the values, 0 to 1.")] = None
    most_gaps: Annotated[int | None, _option("Number of these buckets.")] = None
    longest_gap: Annotated[int | None, _option("Number of these buckets in a row.")] = None
    longest_run: Annotated[int | None, _option("Number of equal values in a row.")] = None
    is_even: Annotated[
        bool, typer.Option("--even", help="Each point stands alone at the start of a bucket.", rich_help_panel=_PANEL)
    ] = False

    def values(self) -> "ExpectedValues":
        """The same for the store."""
        from enstorage.sources import ExpectedValues

        return ExpectedValues(**asdict(self))
