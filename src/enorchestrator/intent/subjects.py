"""Records that a sentence names."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

from enorchestrator.intent.plan import IntentPlan
from enstorage import DataSource, Ensemble, Panel, Project
from enstorage.terminal import printable

_MOST_SHOWN = 5


Named = TypeVar("Named", bound=DataSource | Panel | Project | Ensemble)


def subject(plan: IntentPlan, name: str | None, kinds: str, known: Sequence[Named]) -> Named | None:
    """The record of a name; without one, or with several, a question is added to the plan.

    Args:
        plan: takes the question.
        name: as the sentence has it; None if it has none.
        kinds: such as "source or panel".
        known: the records that it may be.
    """
    names = [each.name for each in known]
    if name is None:
        plan.questions.append(f"Of which {kinds}? There {_listed(names)}. Name it in quotation marks.")
        return None
    found = [each for each in known if each.name == name]
    found = found or [each for each in known if each.name.casefold() == name.casefold()]
    if len(found) == 1:
        return found[0]
    asked = f"Which {kinds} is meant by {printable(name)}?"
    if found:
        ids = ", ".join(str(each.id) for each in found)
        plan.questions.append(f"{asked} There are {len(found)} of this name, with the ids {ids}. Rename all but one.")
        return None
    near = get_close_matches(name, names, n=_MOST_SHOWN, cutoff=0.5)
    plan.questions.append(f"{asked} There is none of this name; there {_listed(near or names)}.")
    return None


def _listed(names: Sequence[str]) -> str:
    if not names:
        return "is none at all"
    shown = ", ".join(printable(each) for each in names[:_MOST_SHOWN])
    rest = f" and {len(names) - _MOST_SHOWN} others" if len(names) > _MOST_SHOWN else ""
    return f"{'is' if len(names) == 1 else 'are'} {shown}{rest}"
