"""Bounds of values as arguments of work."""

from typing import Annotated

from pydantic import BaseModel, Field

from enstorage.sources.expected import ExpectedValues

_Count = Annotated[int | None, Field(ge=0)]


class ExpectedArguments(BaseModel):
    """Bounds of the values of a series; what is null is not looked at."""

    minimum: Annotated[float | None, Field(description="The least value that is expected.")] = None
    maximum: Annotated[float | None, Field(description="The largest value that is expected.")] = None
    fewest_values: Annotated[_Count, Field(description="Number of values at least.")] = None
    most_missing: Annotated[
        float | None, Field(ge=0, le=1, description="Share of empty buckets between the first and the last value.")
    ] = None
    most_gaps: Annotated[_Count, Field(description="Empty buckets between the first and the last value.")] = None
    longest_gap: Annotated[_Count, Field(description="Such buckets one after the other.")] = None
    longest_run: Annotated[_Count, Field(description="Equal values one after the other.")] = None
    is_even: Annotated[bool, Field(description="Each point stands alone at the start of a bucket.")] = False

    def expected(self) -> ExpectedValues:
        """The same for the store."""
        return ExpectedValues.from_json({key: getattr(self, key) for key in ExpectedArguments.model_fields})
