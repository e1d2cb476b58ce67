"""The kind `forecast`: forecasts the times after the data of a model or an ensemble."""

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from enorchestrator.work.ensembles.intervals import IntervalArguments
from enorchestrator.work.kind import Arguments, EnsembleId, ModelId, Partial, WorkKind
from enorchestrator.work.stored_file import kept
from enstorage import Connector
from enstorage.progress import Progress

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

#: Rows of the result; its file has all.
_MOST_ROWS = 5_000


class ForecastArguments(IntervalArguments, Arguments):
    """A model or an ensemble, and the steps that it forecasts."""

    model: Annotated[ModelId | None, Field(description="Id of the model; or an ensemble is given.")] = None
    ensemble: Annotated[EnsembleId | None, Field(description="Id of the ensemble; or a model is given.")] = None
    horizon: Annotated[int, Field(ge=1, le=100_000, description="Number of steps.")]
    time_from: Annotated[
        str | None, Field(max_length=100, description="The first time to forecast; by default right after the data.")
    ] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.model is None) == (self.ensemble is None):
            raise ValueError("expected either a model or an ensemble")
        return self

    def subject(self) -> str:
        """The entity and its id."""
        return f"of ensemble {self.ensemble}" if self.model is None else f"of model {self.model}"


def _entity(arguments: ForecastArguments, connector: Connector) -> "Model | Ensemble":
    from enstorage import Ensemble, Model

    if arguments.model is not None:
        return Model.get(arguments.model, connector=connector)
    assert arguments.ensemble is not None  # noqa: S101 - one of both is there
    return Ensemble.get(arguments.ensemble, connector=connector)


def _check(arguments: ForecastArguments, connector: Connector) -> None:
    _entity(arguments, connector)


def _forecast(
    arguments: ForecastArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    import endirector
    import entrainer
    from enstorage import Model
    from enstorage.exchange.readable_forecasts import readable_forecasts

    entity = _entity(arguments, connector)
    steps = (arguments.horizon, arguments.time_from)
    if isinstance(entity, Model):
        table = entrainer.forecast(entity, *steps, levels=arguments.levels, side=arguments.side, floor=arguments.floor)
    else:
        table = endirector.forecast(
            entity, *steps, levels=arguments.levels, side=arguments.side, floor=arguments.floor, progress=progress
        )
    readable = readable_forecasts(table, connector)
    return {
        "rows": readable.head(_MOST_ROWS).to_dicts(),
        "count": readable.height,
        "file": kept(readable.write_csv().encode(), f"forecast of {entity.name}.csv", "text/csv", connector),
    }


FORECAST = WorkKind(
    "forecast", "infer", "ensemble", "Forecast", ForecastArguments, _forecast, _check, outputs={"file": "file"}
)
