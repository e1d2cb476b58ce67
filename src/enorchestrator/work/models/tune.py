"""The kind `tune`: searches for the network and settings with the lowest error."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, DataSetId, Partial, ResearchId, WorkKind
from enorchestrator.work.models.training import PARTS, Settings, read_training
from enstorage import Connector
from enstorage.progress import Progress

if TYPE_CHECKING:
    import optuna

    from entrainer import Proposal
    from entrainer.experiments.search_space import SearchSpace

#: Trials of the partial result, the best first.
_MOST_TRIALS = 50


class TuneArguments(Arguments):
    """A research, and the networks and trainings to try."""

    research: Annotated[ResearchId, Field(description="Id of the research of the models.")]
    data_sets: Annotated[
        list[DataSetId],
        Field(min_length=1, max_length=100, description="Ids of data sets with valid rows; several are tried."),
    ]
    network: Annotated[
        dict[str, Any], Field(description='The network with its fixed parameters, such as {"name": "lstm"}.')
    ]
    training: Settings
    space: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="By network.PARAMETER or training.PARAMETER a list of values, or a range {low, high, log}.",
        ),
    ]
    trials: Annotated[
        int, Field(ge=1, le=100_000, description="Number of trials in all, with those stored already.")
    ] = 20
    name: Annotated[
        str, Field(min_length=1, max_length=255, description="Of the study; an existing one is continued.")
    ] = "tuning"
    at_once: Annotated[int, Field(ge=1, le=1000, description="Number of trials that are trained together.")] = 12
    seed: int = 0

    def subject(self) -> str:
        """The name of the study."""
        return f"{self.name} of research {self.research}"


def _space(arguments: TuneArguments, connector: Connector) -> "SearchSpace":
    from enstorage import DataSet
    from entrainer.experiments.search_space import SearchSpace

    sets = {f"{each.id} {each.name}": each for each in DataSet.get_list(arguments.data_sets, connector=connector)}
    return SearchSpace(arguments.network, arguments.training, sets, arguments.space)


def _check(arguments: TuneArguments, connector: Connector) -> None:
    from enstorage import Research

    Research.get(arguments.research, connector=connector)
    read_training(arguments.training)
    _space(arguments, connector)


def _tune(arguments: TuneArguments, connector: Connector, progress: Progress, partial: Partial) -> dict[str, Any]:
    import entrainer
    from enstorage import Research

    space = _space(arguments, connector)

    def propose(trial: "optuna.Trial") -> "Proposal":
        partial("trials", {"trials": _best(trial.study)})
        return space(trial)

    tuning = entrainer.tune(
        Research.get(arguments.research, connector=connector),
        propose,
        arguments.trials,
        name=arguments.name,
        at_once=arguments.at_once,
        seed=arguments.seed,
        progress=progress,
    )
    trials = _best(tuning.study)
    best = tuning.best if any(each["loss"] is not None for each in trials) else None
    return {
        "study": arguments.name,
        "best": None if best is None else {"id": best.id, "name": best.name},
        "trials": trials,
    }


def _best(study: "optuna.Study") -> list[dict[str, Any]]:
    """The trials with a loss, the best first, then the others."""
    trials = [
        {
            "number": each.number,
            "state": each.state.name.lower(),
            "loss": each.value if each.values else None,
            "parameters": each.params,
        }
        for each in study.get_trials(deepcopy=False)
    ]
    return sorted(trials, key=lambda each: (each["loss"] is None, each["loss"] or 0.0))[:_MOST_TRIALS]


TUNE = WorkKind(
    "tune", "train", "research", "Tune", TuneArguments, _tune, _check, parts=PARTS, outputs={"best": "model"}
)
