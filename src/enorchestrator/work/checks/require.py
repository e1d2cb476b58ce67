"""The kind `require`: fails where a number that another step gives is out of its bounds."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress


class RequireArguments(Arguments):
    """A number with its bounds."""

    value: Annotated[
        float | None, Field(description="The number, such as ${forecast.error}; null is out of all bounds.")
    ]
    name: Annotated[str, Field(max_length=255, description="Of the number, for messages.")] = "The value"
    at_least: Annotated[float | None, Field(description="The smallest number that will do.")] = None
    at_most: Annotated[float | None, Field(description="The largest number that will do.")] = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> Self:
        if self.at_least is None and self.at_most is None:
            raise ValueError("give at_least, at_most or both")
        return self

    def subject(self) -> str:
        """The name of the number."""
        return self.name


def _require(
    arguments: RequireArguments,
    connector: Connector,  # noqa: ARG001 - as every kind is called
    progress: Progress,  # noqa: ARG001
    _partial: Partial,
) -> dict[str, Any]:
    value, least, most = arguments.value, arguments.at_least, arguments.at_most
    bounds = " and ".join(
        f"{words} {bound:g}" for words, bound in (("at least", least), ("at most", most)) if bound is not None
    )
    if value is None:
        raise InvalidInputError(
            f"{arguments.name} has no value; expected {bounds}. See the step that should have given it."
        )
    if (least is not None and value < least) or (most is not None and value > most) or value != value:  # noqa: PLR0124 - NaN
        raise InvalidInputError(
            f"{arguments.name} is {value:.6g}; expected {bounds}. What was made is kept for comparison."
        )
    return {"value": value}


REQUIRE = WorkKind(
    "require", "read", "project", "Require a value", RequireArguments, _require, outputs={"value": "number"}
)
"""The kind."""
