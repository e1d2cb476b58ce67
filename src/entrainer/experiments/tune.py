"""`tune`: searches for good networks and settings with Optuna, many trials as one compiled program."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from enstorage import DataSet, Model, Research, plugins
from enstorage.adapter.samples import partly_measured
from enstorage.entity._known import known_parts_trained_on, note_training
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, listening
from entrainer.compiled.group import Chunk
from entrainer.compiled.outcome import Stop
from entrainer.fitting.fit import fit
from entrainer.networks.specification import NetworkSpec
from entrainer.settings.training import Training

if TYPE_CHECKING:
    import optuna

FACT = "trial"
_RUNNING, _COMPLETE, _PRUNED, _FAILED = "running", "complete", "pruned", "failed"


@dataclass(frozen=True)
class Proposal:
    """The network and the training of a trial.

    Attributes:
        network: The specification.
        data_set: With valid rows, which judge.
        training: The settings; all trials of a study have the same loss.
    """

    network: NetworkSpec
    data_set: DataSet
    training: Training


@dataclass(frozen=True)
class Tuning:
    """The result of a search.

    Attributes:
        study: All trials as Optuna's study; its values are losses on the valid rows.
        models: The model of each trial, in the order of their numbers.
    """

    study: "optuna.Study"
    models: list[Model]

    @property
    def best(self) -> Model:
        """The model with the lowest loss on its valid rows.

        Raises:
            InvalidInputError: no trial was completed.
        """
        facts = [(model.meta(FACT), model) for model in self.models]
        done = [(fact["value"], model) for fact, model in facts if fact["state"] == _COMPLETE]
        if not done:
            raise InvalidInputError(
                "No trial was completed: each was pruned or diverged. Try others, or without a pruner."
            )
        return min(done, key=lambda pair: float(pair[0]))[1]


def tune(
    research: Research,
    propose: "Callable[[optuna.Trial], Proposal]",
    trials: int,
    *,
    name: str = "tuning",
    at_once: int = 12,
    seed: int = 0,
    sampler: "optuna.samplers.BaseSampler | None" = None,
    pruner: "optuna.pruners.BasePruner | None" = None,
    progress: bool | Progress = True,
) -> Tuning:
    """Search for the network and the settings with the lowest loss on valid rows.

    Each trial is a model of the research, stored with all that `fit` stores and the fact `trial`: study, number,
    parameters, state and value. Trials of one architecture are trained as one compiled program. A study is kept in the
    store alone: after a kill, Ctrl-C or a progress function that asks to stop, the same call continues with the trials
    that are missing. Valid rows choose, so they count as trained on; test rows play no part.

    Args:
        research: whose models the trials become.
        propose: takes Optuna's trial, draws values such as `trial.suggest_float("rate", 1e-4, 1e-1, log=True)`, and returns
            the Proposal to train.
        trials: how many in all, with those that are stored already.
        name: of the study; models of the research that belong to it are its trials.
        at_once: how many are proposed and trained together.
        seed: of the sampler, and of initial weights, shuffling and dropout, the same for every trial.
        sampler: Optuna's; by default TPE.
        pruner: Optuna's, called every few epochs; by default no trial is pruned.
        progress: show a bar, or a function, see `enstorage.Progress`; counted in trials.

    Raises:
        CancelledError: the progress function asked to stop; finished trials are kept.
        InvalidInputError: a proposal is not a `Proposal`, has no valid rows, or has another loss than earlier trials; or
            as `fit`.
        MissingLibraryError: Optuna is not installed.
    """
    optuna = _load_optuna()
    for label, value in (("trials", trials), ("at_once", at_once)):
        if type(value) is not int or value < 1:
            raise InvalidInputError(f"{label} is {value!r}; expected an integer of at least 1.")
    with listening(progress) as report:
        while True:
            known = _known(research, name)
            running = [each for each in known if each.is_running]
            done = min(len(known) - len(running), trials)
            report("Trying", done, trials)
            study = _study(optuna, known, seed, sampler, pruner)
            if not running and len(known) >= trials:
                return Tuning(study, [each.model for each in known])
            if not running:
                asked = [study.ask() for _ in range(min(at_once, trials - len(known)))]
                running = _store(research, name, [(trial, propose(trial)) for trial in asked], known)
            _run(optuna, running, study, seed, report.within(done, min(done + len(running), trials), trials))


class _Known(NamedTuple):
    """A trial in the store: its model and the fact `trial`."""

    model: Model
    fact: dict[str, Any]

    @property
    def is_running(self) -> bool:
        """True until it has ended; also after its process was killed."""
        return bool(self.fact["state"] == _RUNNING)


def _store(
    research: Research, name: str, proposals: "Sequence[tuple[optuna.Trial, Proposal]]", before: Sequence[_Known]
) -> list[_Known]:
    """Store the proposals in one transaction, so that a study can continue after a kill."""
    from optuna.distributions import distribution_to_json

    for _, proposal in proposals:
        if not isinstance(proposal, Proposal):
            raise InvalidInputError(
                f"propose gave {proposal!r:.80}; expected a Proposal(network=…, data_set=…, training=…)."
            )
        if not _has_valid_rows(proposal.data_set):
            raise InvalidInputError(
                f"{proposal.data_set} has no valid rows with a target that was measured, and test rows choose nothing. "
                "Prepare the data with a valid_part."
            )
    losses = {proposal.training.loss for _, proposal in proposals}
    losses |= {each.fact["training"]["loss"] for each in before}
    if len(losses) > 1:
        raise InvalidInputError(
            f"The trials have the losses {', '.join(sorted(losses))}, which cannot be compared. Propose one for all."
        )
    stored = []
    with research.connector.transaction():
        for number, (trial, proposal) in enumerate(proposals, start=len(before)):
            model = research.create_model(f"{name} {number}", proposal.network)
            model.data_set(proposal.data_set)
            fact = {
                "study": name,
                "number": number,
                "parameters": trial.params,
                "distributions": {
                    key: json.loads(distribution_to_json(each)) for key, each in trial.distributions.items()
                },
                "training": proposal.training.to_json(),
                "state": _RUNNING,
                "value": None,
            }
            model.meta(FACT, fact)
            stored.append(_Known(model, fact))
    return stored


def _run(optuna: Any, running: list[_Known], study: "optuna.Study", seed: int, report: Listener) -> None:
    """Train models that were proposed and keep their values."""
    trainings = [Training.from_json(each.fact["training"]) for each in running]
    trials = {each.model.id: _Running(optuna, study, each.fact) for each in running}

    def prune(group: Sequence[Model], chunk: Chunk) -> Collection[int]:
        return [
            number
            for number, model in enumerate(group)
            if chunk.stopped[number] is None and trials[model.id].is_pruned(chunk, number)
        ]

    try:
        fit([each.model for each in running], trainings, seeds=seed, monitor=prune, progress=report)
    finally:  # after an interrupt too: some may have ended
        for each in running:
            if each.model.meta("stopped", default=str(Stop.INTERRUPTED)) != str(Stop.INTERRUPTED):
                _end(each)


def _end(trial: _Known) -> None:
    """Store the result of a trial whose training has ended."""
    model, fact = trial
    stopped, value = model.meta("stopped"), model.meta("valid_loss")
    state = {str(Stop.PRUNED): _PRUNED, str(Stop.DIVERGED): _FAILED}.get(stopped, _COMPLETE)
    finite = value if np.isfinite(value) else None
    with model.connector.transaction():
        is_known = known_parts_trained_on(model) is not None
        note_training(model, ["train", "valid"], from_scratch=is_known)
        model.meta(FACT, fact | {"state": state, "value": finite})


class _Running:
    """Asks the pruner of a study about a model that is being trained."""

    def __init__(self, optuna: Any, study: "optuna.Study", fact: dict[str, Any]) -> None:
        frozen = _frozen(optuna, fact, {}, running=True)
        study.add_trial(frozen)
        self._trial = optuna.Trial(study, study.get_trials(deepcopy=False)[-1]._trial_id)
        self._steps = 0

    def is_pruned(self, chunk: Chunk, number: int) -> bool:
        """Report the epochs since the last chunk to the pruner; True if it stops the model."""
        for loss in chunk.valid_loss[number]:
            self._steps += 1
            if np.isfinite(loss):
                self._trial.report(float(loss), self._steps)
        return bool(self._trial.should_prune())


def _study(
    library: Any,
    known: Sequence[_Known],
    seed: int,
    sampler: "optuna.samplers.BaseSampler | None",
    pruner: "optuna.pruners.BasePruner | None",
) -> "optuna.Study":
    """The study with the finished trials in the store."""
    # Another seed for each batch, or the first proposals of all would be the same.
    chosen = sampler or library.samplers.TPESampler(seed=seed + len(known))
    study: optuna.Study = library.create_study(sampler=chosen, pruner=pruner or library.pruners.NopPruner())
    for each in known:
        if not each.is_running:
            curve, judged = each.model.curves(), {}
            if "valid_loss" in curve.columns:
                judged = dict(curve.select("step", "valid_loss").drop_nulls().drop_nans().rows())
            study.add_trial(_frozen(library, each.fact, judged, running=False))
    return study


def _frozen(
    library: Any, fact: dict[str, Any], judged: dict[int, float], *, running: bool
) -> "optuna.trial.FrozenTrial":
    from optuna.distributions import json_to_distribution

    states = library.trial.TrialState
    state = states.RUNNING if running else states[{_COMPLETE: "COMPLETE", _PRUNED: "PRUNED"}.get(fact["state"], "FAIL")]
    frozen: optuna.trial.FrozenTrial = library.trial.create_trial(
        state=state,
        value=fact["value"] if state is states.COMPLETE else None,
        params=fact["parameters"],
        distributions={key: json_to_distribution(json.dumps(each)) for key, each in fact["distributions"].items()},
        intermediate_values=judged,
    )
    return frozen


def _has_valid_rows(data_set: DataSet) -> bool:
    """True if valid rows can choose: a target of one was measured. All values of samples from arrays are."""
    if Part.VALID not in data_set.parts():
        return False
    return data_set.data_preparation_id is None or bool(partly_measured(data_set.arrays(Part.VALID.label)[2]).any())


def _known(research: Research, name: str) -> list[_Known]:
    """The trials of a study, by their numbers."""
    found = [_Known(model, model.meta(FACT, default={})) for model in research.models()]
    mine = [each for each in found if each.fact.get("study") == name]
    return sorted(mine, key=lambda each: int(each.fact["number"]))


def _load_optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise plugins.missing(error, "Tuning", extra="train") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
