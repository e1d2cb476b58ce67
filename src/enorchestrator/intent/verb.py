"""`IntentVerb`: what a sentence can ask for; packages add verbs by the group `enstorage.intents`."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from enorchestrator.intent.clauses import Checked, Span, Times, Words
from enorchestrator.intent.plan import IntentPlan
from enstorage import Connector
from enstorage.plugins import Kind

VERBS = Kind("enstorage.intents", "verb of intents", ("enorchestrator.intent.verb.IntentVerb",))


class IntentVerb(Checked):
    """The syntax tree of a sentence: a verb with its clauses. A field that is None was not said.

    A subclass has fields for its clauses, and:

    Attributes:
        grammar: a rule of the name of the entry point, in the notation of lark, and the terminals that it needs; the rule
            `forecast: _FORECAST name? (horizon | times)*` may name those of `grammar.lark`. The name of a rule within it is
            that of the field.
        clauses: the value of each rule of its own, from the words of the sentence.
        examples: a sentence in each language, by its code.
    """

    grammar: ClassVar[str]
    clauses: ClassVar[Mapping[str, Callable[[Words], Any]]] = {}
    examples: ClassVar[Mapping[str, str]]

    name: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    times: Times | None = None
    within: Span | None = None
    notify: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    urgent: bool = False

    @abstractmethod
    def fill(self, plan: IntentPlan, store: Connector) -> None:
        """Fill a plan: requirements, constraints, behaviour, profile and pipeline; or questions and conflicts.

        The clauses of this class are planned already. Nothing may be stored.
        """
