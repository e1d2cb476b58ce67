"""Training an ensemble again on the present data: the same recipe, new snapshots."""

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from enorchestrator.builder.tuning import is_tunable, tuned
from enstorage import DataPreparation, DataSet, DataSnapshot, DataSource, Ensemble, Model, Project
from enstorage.adapter.base import adapter_from_json
from enstorage.entity._rows import SnapshotEnds
from enstorage.errors import CancelledError, EnstorageError, InvalidInputError
from enstorage.progress import Listener

if TYPE_CHECKING:
    from entrainer import Training

_LOG = logging.getLogger("enorchestrator")
#: A training whose loss is no number is tried once more, by steps so much smaller.
_SMALLER = 0.1

Parts = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Retraining:
    """The recipe of a training: by default that of before, on all rows that there are now.

    Attributes:
        parts: train, valid and test part of the new preparations; None: as before.
        recent: use at most so many rows of each source, the latest; None: all.
        choose: select method and members on out-of-fold rows, see `endirector.form`.
        trials: of each member that is trained by epochs, networks and settings to try, the present ones among them.
        space: the values to try, see `entrainer.tune`; None: around the present ones.
    """

    parts: Parts | None = None
    recent: int | None = None
    choose: bool = False
    trials: int = 0
    space: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        for name, least in (("recent", 1), ("trials", 0)):
            value = getattr(self, name)
            if value is not None and (type(value) is not int or value < least):
                raise InvalidInputError(
                    f"{name} is {value!r}; expected an integer of at least {least}. Correct it, or leave it out.",
                    field=name,
                )
        if self.space is not None and not self.trials:
            raise InvalidInputError(
                "space says what to try, and trials is 0; expected a number of trials. Give trials, such as 12.",
                field="trials",
            )


BEFORE = Retraining()


@dataclass(frozen=True, slots=True)
class Retrained:
    """An ensemble that was trained again.

    Attributes:
        ensemble: the new one, rendered.
        remarks: sentences on what was replaced.
        tuned: sentences on the settings that were chosen.
    """

    ensemble: Ensemble
    remarks: tuple[str, ...]
    tuned: tuple[str, ...]


def retrained(ensemble: Ensemble, project: Project, report: Listener, recipe: Retraining = BEFORE) -> Retrained:
    """Train the members of an ensemble on the present data, and combine them as before, or as is best now.

    A member whose loss is no number is trained once more by smaller steps; where that fails too, a naive model takes its
    place.

    Args:
        ensemble: a rendered one.
        project: where the new records are made, in whichever store: that of the ensemble, or a copy of it.
        report: of the progress.
        recipe: of the training.

    Raises:
        InvalidInputError: a member cannot be trained here, such as one that was made elsewhere; or trials are asked for, and
            no member is trained by epochs, or there are no valid rows.
    """
    import endirector
    import entrainer

    old = [each for each in ensemble.models() if each.data_set_id is not None]
    foreign = [each.name for each in ensemble.models() if each.network is None]
    if foreign or len(old) < len(ensemble.models()) or any(item.member_id for item in ensemble.items()):
        raise InvalidInputError(
            f"{ensemble} cannot be trained again here: {', '.join(foreign) or 'a member'} has no network and data set of "
            "its own. Register an ensemble of models that were trained by entrainer.fit."
        )
    preparations = _prepared_again(old, project, recipe)
    if recipe.trials:
        _check_trials(old, preparations)
    made: list[_Member] = []
    for done, model in enumerate(old):
        report(f"Train {model.name}", done, len(old))
        made.append(_trained(model, project, preparations, recipe, report.within(done, done + 1, len(old))))
    models = [each.model for each in made]
    told = tuple(each.remark for each in made if each.remark), tuple(each.tuned for each in made if each.tuned)
    if recipe.choose:
        formed = endirector.form(project, models, name=ensemble.name, progress=report)
        return Retrained(formed, *told)
    if ensemble.fit_on == "out_of_fold" or (ensemble.rendered_result().fit_on == "out_of_fold"):
        for model in models:
            entrainer.backtest([model], _training(model), seeds=_seed(model), progress=report)
    combined = project.create_ensemble(
        ensemble.method,
        ensemble.metamodel,
        models,
        fit_on=ensemble.fit_on,
        name=ensemble.name,
        parameters=ensemble.parameters,
    )
    return Retrained(endirector.Conductor(combined).render(progress=report), *told)


def _check_trials(models: Sequence[Model], preparations: Mapping[str, DataPreparation]) -> None:
    if not any(map(is_tunable, models)):
        raise InvalidInputError(
            "No member is trained by epochs, so there is nothing to try. Renew without trials, or with choose.",
            field="trials",
        )
    if any(not each.valid_part for each in preparations.values()):
        raise InvalidInputError(
            "Trials are judged on valid rows, and the preparations have none. Give parts, such as (0.75, 0.15, 0.1).",
            field="parts",
        )


def _prepared_again(models: Sequence[Model], project: Project, recipe: Retraining) -> dict[str, DataPreparation]:
    """By the table of a former preparation the same on a snapshot of present points; one snapshot for each source."""
    sources = _sources(project)
    snapshots: dict[str, Any] = {}
    found: dict[str, DataPreparation] = {}
    for model in models:
        for old in model.data_set().preparations():
            key = old.data_csv.sha256
            if key in found:
                continue
            name = old.data_snapshot.data_source.name
            if name not in snapshots:
                snapshots[name] = DataSnapshot.take(
                    sources[name], "to train again", ends=SnapshotEnds(latest=recipe.recent)
                )
            shares = recipe.parts or (old.train_part, old.valid_part, old.test_part)
            found[key] = snapshots[name].create_preparation(
                old.clean_method, old.transform_method, *shares, split=old.split, seed=old.seed, name=old.name
            )
    return found


def _sources(project: Project) -> dict[str, DataSource]:
    return {each.name: each for each in DataSource.get_list(project.source_ids(), connector=project.connector)}


@dataclass(frozen=True, slots=True)
class _Member:
    model: Model
    remark: str = ""
    tuned: str = ""


def _trained(
    old: Model, project: Project, preparations: dict[str, DataPreparation], recipe: Retraining, report: Listener
) -> _Member:
    from entrainer.local import Naive

    prepared = [preparations[each.data_csv.sha256] for each in old.data_set().preparations()]
    adapter: Any = adapter_from_json(old.data_set().adapter)
    data_set = prepared[0].create_set(adapter) if len(prepared) == 1 else DataSet.from_preparations(prepared, adapter)
    research = project.create_research(f"{old.research.name}, again", prepared[0])
    training, seed, remark = _training(old), _seed(old), ""
    if recipe.trials and is_tunable(old):
        found = tuned(old, training, research, data_set, recipe.trials, recipe.space, seed, report)
        if found is not None:
            return _Member(found.model, tuned=found.sentence)
        remark = f"No trial of {old.name} was completed; it keeps its settings."
    for network, own in ((old.network, training), (old.network, _gentler(training)), (Naive(), None)):
        model = research.create_model(old.name, network)
        model.data_set(data_set)
        reason = _fitted(model, own, seed, report)
        if not reason:
            return _Member(model, remark)
        remark = f"{old.name} was replaced: {reason}"
        _LOG.warning("%s", remark)
    raise InvalidInputError(f"{old} cannot be trained on the present data: {remark} Look at the data.")


def _fitted(model: Model, training: "Training | None", seed: int, report: Listener) -> str:
    """Train a model; gives the reason where that did not succeed."""
    import entrainer

    try:
        entrainer.fit(model, training, seeds=seed, progress=report)
    except CancelledError:
        raise
    except EnstorageError as error:
        return str(error)
    loss = model.meta("loss", default=0.0)
    return "" if isinstance(loss, int | float) and math.isfinite(loss) else "its loss is no number."


def _training(model: Model) -> "Training | None":
    from entrainer import Training

    kept = model.meta("training", default=None)
    try:
        return None if kept is None else Training.from_json(kept)
    except EnstorageError:  # of another program
        return None


def _gentler(training: "Training | None") -> "Training":
    from entrainer import Training

    own = Training() if training is None else training
    return replace(own, learning_rate=own.learning_rate * _SMALLER if own.learning_rate else 1e-4)


def _seed(model: Model) -> int:
    return int(model.meta("seed", default=0) or 0)
