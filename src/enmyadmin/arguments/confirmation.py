"""The question before something is deleted for good."""

import sys
from typing import Annotated

import typer

from enmyadmin.output import confirm
from enstorage.errors import InvalidInputError

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def ask_before(action: str, *, yes: bool) -> None:
    """Ask whether to do something.

    Args:
        action: in the imperative, such as `delete model 1 (wave) for good`.
        yes: true if it was answered on the command line.

    Raises:
        Abort: the answer is no.
        InvalidInputError: nobody can be asked.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise InvalidInputError(f"This would {action}. Nobody can be asked here; add --yes.")
    confirm(f"{action[0].upper()}{action[1:]}?")
