"""The members of an ensemble: their display names, their models and the classes that they forecast."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from enstorage.entity.ensemble_item import item_key
from enstorage.entity.ensemble_search import EnsembleSearch
from enstorage.entity.model import Model
from enstorage.entity.research import Research
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble
    from enstorage.entity.project import Project


def member_names(members: "Sequence[Model | Ensemble]") -> list[str]:
    """The names of members; equal names are made different by their ids."""
    return distinct(
        (member.name, str(member.id) if isinstance(member, Model) else f"ensemble {member.id}") for member in members
    )


def distinct(names: Iterable[tuple[str, str]]) -> list[str]:
    """Names, with the id added to equal ones: `lag 5 (3)`, `lag 5 (ensemble 7)`."""
    given = list(names)
    labels = [name for name, _ in given]
    while len(counts := Counter(labels)) < len(labels):
        labels = [
            label if counts[label] == 1 else f"{label} ({ending})"
            for label, (_, ending) in zip(labels, given, strict=True)
        ]
    return labels


def candidate_names(search: EnsembleSearch, ensemble: "Ensemble") -> list[str]:
    """The current names of the candidates; for those that are no longer stored, the name at the time of the search."""
    project_id, layer = ensemble.project_id, type(ensemble)
    models = select(Model.id, Model.name).join(Research, Model.research_id == Research.id)
    layers = select(layer.id, layer.name).where(layer.project_id == project_id)
    with ensemble.connector.database.reading() as session:
        named = {
            item_key(id, None): (name, str(id))
            for id, name in session.execute(models.where(Research.project_id == project_id))
        }
        named |= {item_key(None, id): (name, f"ensemble {id}") for id, name in session.execute(layers)}
    if not named:
        ensemble.connector.database.confirm_empty(models, layers)
    return distinct(
        named.get(each.key or "", (each.name, f"candidate {index}")) for index, each in enumerate(search.candidates)
    )


def models_of(members: "Iterable[Model | Ensemble]") -> list[Model]:
    """The models among the members and inside their ensembles, each once, in the order of the members."""
    every = (model for member in members for model in ([member] if isinstance(member, Model) else member.models()))
    return list({model.id: model for model in every}.values())


def classes_of(members: "Iterable[Model | Ensemble]") -> int | None:
    """Number of classes whose probabilities the members forecast; None if they forecast values.

    Raises:
        InvalidInputError: some forecast classes and others values, or different numbers of classes.
    """
    by_set: dict[int, Model] = {}  # each set is read once: those of images are large
    for model in models_of(members):
        if model.data_set_id is not None:
            by_set.setdefault(model.data_set_id, model)
    found: dict[int | None, Model] = {}
    for model in by_set.values():
        found.setdefault(model.data_set().classes, model)
    if len(found) > 1:
        shown = ", ".join(
            f"{model} forecasts {f'{classes} classes' if classes else 'values'}" for classes, model in found.items()
        )
        raise InvalidInputError(
            f"Members of an ensemble must all forecast values or the same classes: {shown}. Leave out those that differ."
        )
    return next(iter(found), None)


def checked_members(
    project: "Project", members: "Sequence[Model | Ensemble]", layer: "type[Ensemble]"
) -> "list[Model | Ensemble]":
    """The members of a new ensemble of a project, saved.

    Raises:
        InvalidInputError: one is neither a model nor an ensemble, is of another project, or is given twice.
    """
    for member in members:
        if not isinstance(member, Model | layer):
            raise InvalidInputError(
                f"{member!r:.80} is not a Model; expected models or ensembles, such as Model.get_list([3, 4, 5])."
            )
        owner = member.research.project_id if isinstance(member, Model) else member.project_id
        if owner != project.id:
            raise InvalidInputError(
                f"{member} belongs to project {owner}; the members of an ensemble must belong to its project, {project}. "
                "Choose others, or make the ensemble in the other project."
            )
    saved = [member._saved() for member in members]
    repeated = [member for index, member in enumerate(saved) if member in saved[:index]]
    if repeated:
        raise InvalidInputError(f"{', '.join(map(str, repeated))} was given twice; expected each member once.")
    return saved
