"""Training an ensemble again on the present data: the same recipe, new snapshots."""

import logging
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from enstorage import DataPreparation, DataSet, DataSource, Ensemble, Model, Project
from enstorage.adapter.base import adapter_from_json
from enstorage.errors import CancelledError, EnstorageError, InvalidInputError
from enstorage.progress import Listener

if TYPE_CHECKING:
    from entrainer import Training

_LOG = logging.getLogger("enorchestrator")
#: A training whose loss is no number is tried once more, by steps so much smaller.
_SMALLER = 0.1

Parts = tuple[float, float, float]


def retrained(
    ensemble: Ensemble, project: Project, report: Listener, *, parts: Parts | None = None, choose: bool = False
) -> tuple[Ensemble, tuple[str, ...]]:
    """Train the members of an ensemble on the present data, and combine them as before, or as is best now.

    A member whose loss is no number is trained once more by smaller steps; where that fails too, a naive model takes its
    place.

    Args:
        ensemble: a rendered one.
        project: where the new records are made, in whichever store: that of the ensemble, or a copy of it.
        report: of the progress.
        parts: of the new preparations; by default as before.
        choose: select method and members on out-of-fold rows, see `endirector.form`.

    Returns:
        The new ensemble, and remarks on what was replaced.

    Raises:
        InvalidInputError: a member cannot be trained here, such as one that was made elsewhere.
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
    preparations = _prepared_again(old, project, parts)
    models, remarks = [], []
    for done, model in enumerate(old):
        report(f"Train {model.name}", done, len(old))
        made, remark = _trained(model, project, preparations, report.within(done, done + 1, len(old)))
        models.append(made)
        remarks += [remark] if remark else []
    if choose:
        formed = endirector.form(project, models, name=ensemble.name, progress=report)
        return formed, tuple(remarks)
    if ensemble.fit_on == "out_of_fold" or (ensemble.rendered_result().fit_on == "out_of_fold"):
        for model in models:
            entrainer.backtest([model], _training(model), seeds=_seed(model), progress=report)
    made_again = project.create_ensemble(
        ensemble.method,
        ensemble.metamodel,
        models,
        fit_on=ensemble.fit_on,
        name=ensemble.name,
        parameters=ensemble.parameters,
    )
    return endirector.Conductor(made_again).render(progress=report), tuple(remarks)


def _prepared_again(models: Sequence[Model], project: Project, parts: Parts | None) -> dict[str, DataPreparation]:
    """By the table of a former preparation the same on a snapshot of all present points; one snapshot for each source."""
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
                snapshots[name] = sources[name].create_snapshot("to train again")
            shares = parts or (old.train_part, old.valid_part, old.test_part)
            found[key] = snapshots[name].create_preparation(
                old.clean_method, old.transform_method, *shares, split=old.split, seed=old.seed, name=old.name
            )
    return found


def _sources(project: Project) -> dict[str, DataSource]:
    return {each.name: each for each in DataSource.get_list(project.source_ids(), connector=project.connector)}


def _trained(
    old: Model, project: Project, preparations: dict[str, DataPreparation], report: Listener
) -> tuple[Model, str]:
    from entrainer.local import Naive

    prepared = [preparations[each.data_csv.sha256] for each in old.data_set().preparations()]
    adapter: Any = adapter_from_json(old.data_set().adapter)
    data_set = prepared[0].create_set(adapter) if len(prepared) == 1 else DataSet.from_preparations(prepared, adapter)
    research = project.create_research(f"{old.research.name}, again", prepared[0])
    training, seed, remark = _training(old), _seed(old), ""
    for network, own in ((old.network, training), (old.network, _gentler(training)), (Naive(), None)):
        model = research.create_model(old.name, network)
        model.data_set(data_set)
        reason = _fitted(model, own, seed, report)
        if not reason:
            return model, remark
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
