"""The arguments of work on one stored ensemble."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from enorchestrator.work.kind import Arguments, EnsembleId
from enstorage import Connector

if TYPE_CHECKING:
    from enstorage import Ensemble


class EnsembleArguments(Arguments):
    """An ensemble."""

    ensemble: Annotated[EnsembleId, Field(description="Id of the ensemble.")]

    def subject(self) -> str:
        """Its id."""
        return str(self.ensemble)


def ensemble_of(arguments: EnsembleArguments, connector: Connector) -> "Ensemble":
    """The ensemble that is worked on.

    Raises:
        NotFoundError: it is not stored.
    """
    from enstorage import Ensemble

    return Ensemble.get(arguments.ensemble, connector=connector)


def check_ensemble(arguments: EnsembleArguments, connector: Connector) -> None:
    """Raise an error for an ensemble that is not stored."""
    ensemble_of(arguments, connector)
