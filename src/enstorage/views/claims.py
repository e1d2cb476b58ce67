"""Claims that the mark of an ensemble rests on: what people said of its members, and the store does not know itself."""

from typing import TYPE_CHECKING

from enstorage.entity._known import TRAINED_ON, known_parts_trained_on, made_here
from enstorage.entity.ensemble_members import models_of
from enstorage.entity.forecast import OUT_OF_FOLD, Forecast
from enstorage.entity.model import Model

if TYPE_CHECKING:
    from enstorage.entity.ensemble import Ensemble

_SHOWN = 5


def claims(ensemble: "Ensemble") -> dict[str, list[str]]:
    """See `Ensemble.claims`."""
    items = ensemble.items()
    labels, out_of_fold = ensemble.labels(items), ensemble.rendered_result(items).fit_on == OUT_OF_FOLD
    found: dict[str, list[str]] = {}
    for item, member in zip(items, ensemble.members(), strict=True):
        if item.dropped is not None:
            continue
        # Out-of-fold forecasts of a layer are made of those of the models in it.
        own = [claim for model in models_of([member]) for claim in _of_model(model, out_of_fold=out_of_fold)]
        if not isinstance(member, Model):
            own += [claim for each in claims(member).values() for claim in each]
        if own:
            found[labels[item.id]] = list(dict.fromkeys(own))
    return found


def claims_of(entity: "Ensemble | Model") -> dict[str, list[str]]:
    """The claims that the errors of an ensemble or of a model rest on, by the names of the models."""
    if not isinstance(entity, Model):
        return claims(entity)
    own = _of_model(entity, out_of_fold=False)
    return {entity.name: own} if own else {}


def _of_model(model: Model, *, out_of_fold: bool) -> list[str]:
    parts = {each.part for each in Forecast.of(model)} - (set() if out_of_fold else {OUT_OF_FOLD})
    claimed = [TRAINED_ON] if known_parts_trained_on(model) is None else []
    return claimed + [f"forecasts: {part}" for part in sorted(parts - made_here(model))]


def in_words(claimed: dict[str, list[str]]) -> str:
    """The claims as a sentence."""
    return f"The mark is claimed: it rests on {_of_whom(claimed)}, which was not done here."


def of_errors(claimed: dict[str, list[str]]) -> str:
    """The claims as a sentence about errors."""
    return f"The errors are claimed: they rest on {_of_whom(claimed)}, which was not done here."


def _of_whom(claimed: dict[str, list[str]]) -> str:
    members = [f"{name} ({', '.join(own)})" for name, own in list(claimed.items())[:_SHOWN]]
    more = f" and {len(claimed) - _SHOWN} more" if len(claimed) > _SHOWN else ""
    return f"what was said of {', '.join(members)}{more}"
