"""`MonitorSettings`: when the monitor raises an alert."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from enorchestrator.registry.json_settings import read_settings


class MonitorSettings(BaseModel):
    """Settings of the monitor.

    Attributes:
        windows: an alert is raised by so many windows in a row.
        rows: of a window of inputs; None: by the season, such as 28 days, 7 days of hours, 12 months.
        false_alarm: probability that a window without change exceeds a limit.
        truths: rows of a window of truths.
        verdicts: targets that people judged, of a window of verdicts.
        tolerance: by which share the error may exceed that at the release, however clear that is.
        patience: a source is stale when so many buckets should have come and did not.
        most_retrainings: the loop retrains so often within `within_days`; then people are asked.
        within_days: see there.
        seed: of what is simulated for the limits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    windows: Annotated[int, Field(ge=1, le=100)] = 2
    rows: Annotated[int | None, Field(ge=8, le=10_000)] = None
    false_alarm: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    truths: Annotated[int, Field(ge=3, le=10_000)] = 8
    verdicts: Annotated[int, Field(ge=1, le=10_000)] = 8
    tolerance: Annotated[float, Field(ge=0, le=100)] = 0.2
    patience: Annotated[float, Field(gt=0, le=10_000)] = 3.0
    most_retrainings: Annotated[int, Field(ge=0, le=1_000)] = 2
    within_days: Annotated[float, Field(gt=0, le=10_000)] = 30.0
    seed: int = 0

    @classmethod
    def read(cls, value: Any) -> "MonitorSettings":
        """The settings of some JSON.

        Raises:
            InvalidInputError: it has none; `field` is "settings".
        """
        return read_settings(cls, value, "settings")
