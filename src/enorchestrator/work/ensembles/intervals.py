"""The arguments about prediction intervals."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

Level = Annotated[float, Field(gt=0, lt=1)]


class IntervalArguments(BaseModel):
    """The levels and the ends of intervals."""

    levels: Annotated[tuple[Level, ...], Field(max_length=20, description="Of the intervals, such as 0.95.")] = (
        0.8,
        0.95,
    )
    side: Annotated[Literal["both", "lower", "upper"], Field(description="The ends of the intervals.")] = "both"
    floor: Annotated[
        float | Literal["found"] | None,
        Field(description="Value that no end is below; null for none; found: 0 for a series never below 0."),
    ] = "found"
