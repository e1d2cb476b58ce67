"""The arguments of work on a registered model."""

from typing import Annotated

from pydantic import Field

from enorchestrator.registry.find import find_version
from enorchestrator.work.kind import Arguments
from enstorage import Connector

RegisteredName = Annotated[str, Field(min_length=1, max_length=255, description="Of the registered model.")]


class VersionArguments(Arguments):
    """A version of a registered model."""

    name: RegisteredName
    version: Annotated[int | str, Field(description="Its number, or an alias.")] = "challenger"

    def subject(self) -> str:
        """The name and the version."""
        return f"{self.name} {self.version}"


def check_version(arguments: VersionArguments, connector: Connector) -> None:
    """Raise an error for a number that there is not; an alias may be given later."""
    if isinstance(arguments.version, int):
        find_version(arguments.name, arguments.version, connector=connector)
