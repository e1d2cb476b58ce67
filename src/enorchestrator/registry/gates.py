"""`Gates`: what a version has to fulfil before it may be promoted."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from enorchestrator.registry.json_settings import read_settings
from enstorage.metrics.catalogue import METRICS, OF_POINTS
from enstorage.metrics.metric import Better

#: Metrics of single rows and means of them, which groups and comparisons need.
ROW_METRICS = ("mse", "rmse", "mae")
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Floor(BaseModel):
    """A limit that the worst group of test rows has to keep, however good the mean is.

    Attributes:
        by: "season" (month, weekday, hour or the like, by the interval), "series", or the name of a tag of data sources,
            such as "region".
        metric: of `ROW_METRICS`.
        limit: the largest error of any group, in source units.
        rows: groups with fewer rows are not judged.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Annotated[str, Field(min_length=1, max_length=255)]
    metric: Literal["mse", "rmse", "mae"] = "mae"
    limit: _Positive
    rows: Annotated[int, Field(ge=1)] = 5


class Gates(BaseModel):
    """The conditions of a promotion; empty gates only ask that it was evaluated.

    Attributes:
        limits: by the name of a metric the largest error on test rows (the smallest value, where higher is better).
        floors: limits for the worst group.
        challenge: what is asked of it beside the version in production, on test rows of both: "better" (significantly),
            "not_worse" (not significantly), or "none".
        metric: of `ROW_METRICS`, for the comparison.
        significance: level of the test, two-sided.
        regression: by which share the error may be larger than that of production on the test rows that production had been
            judged by; None: it is not asked.
        latency_seconds: longest time of a forecast of `horizon` steps.
        memory_mb: largest memory of such a forecast.
        horizon: steps of that forecast.
        claims: errors that rest on claims, such as uploaded forecasts: "told", or "refused".
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limits: Annotated[dict[str, _Positive], Field(max_length=20)] = {}
    floors: Annotated[tuple[Floor, ...], Field(max_length=20)] = ()
    challenge: Literal["better", "not_worse", "none"] = "not_worse"
    metric: Literal["mse", "rmse", "mae"] = "mae"
    significance: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    regression: Annotated[float, Field(ge=0)] | None = 0.1
    latency_seconds: _Positive | None = None
    memory_mb: _Positive | None = None
    horizon: Annotated[int, Field(ge=1, le=100_000)] = 1
    claims: Literal["told", "refused"] = "told"

    @model_validator(mode="after")
    def _known_metrics(self) -> Self:
        unknown = sorted(set(self.limits) - set(OF_POINTS) - {"accuracy", "log_loss"})
        if unknown:
            raise ValueError(f"there is no metric {unknown[0]!r}; expected one of {', '.join(OF_POINTS)}")
        return self

    @classmethod
    def read(cls, value: Any) -> "Gates":
        """The gates of some JSON.

        Raises:
            InvalidInputError: it has none; `field` names the place.
        """
        return read_settings(cls, value, "gates")

    def to_json(self) -> dict[str, Any]:
        """The same as JSON, with every field."""
        return self.model_dump(mode="json")


def keeps(metric: str, value: float, limit: float) -> bool:
    """True if the value of a metric is on the good side of its limit; NaN never is."""
    return value >= limit if METRICS[metric].better is Better.HIGHER else value <= limit
