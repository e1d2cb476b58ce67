"""Sentences to syntax trees, by lark; or by a language model, which may give the same tree and nothing else."""

import json
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Tree, UnexpectedInput
from pydantic import ValidationError

from enorchestrator.intent.clauses import CLAUSES
from enorchestrator.intent.verb import VERBS, IntentVerb
from enstorage.errors import InvalidInputError
from enstorage.plugins import usable
from enstorage.terminal import printable

#: Gives the JSON of a syntax tree, from a sentence and the JSON Schema of the trees by verb.
LanguageModel = Callable[[str, dict[str, Any]], str]
LONGEST_SENTENCE = 1_000
#: What may begin at a place, by the terminals that the grammar expects there.
_POSSIBLE = {
    "QUOTED": "a name in quotation marks",
    "INT": "11 years ahead",
    "METRIC": "RMSE below 20",
    "PERCENT": "80 % intervals",
    "_EXPECT": "expect values between 0 and 300",
    "NO_GAPS": "no gaps",
    "_EVERY": "every january",
    "_NOTIFY": "notify ops",
    "CHANNEL": "the name of a channel",
    "_WITHIN": "within 10 minutes",
    "UNIT": "a unit such as days",
    "_BELOW": "below",
    "URGENT": "urgently",
}


def parse(sentence: str, model: LanguageModel | None = None) -> tuple[IntentVerb, list[str]]:
    """Read a sentence.

    Args:
        sentence: in English or Russian.
        model: a language model, asked first. A tree that it gives is used if it is one and the names in it stand in the
            sentence; else the grammar reads the sentence.

    Returns:
        The tree, and remarks.

    Raises:
        InvalidInputError: nobody can read it; the message tells the place, and what may stand there. `field` is `sentence`.
    """
    text = " ".join(str(sentence).split())
    if not 0 < len(text) <= LONGEST_SENTENCE:
        raise InvalidInputError(
            f"The sentence has {len(text)} characters; expected 1 to {LONGEST_SENTENCE}, such as {_example()}.",
            field="sentence",
        )
    remarks: list[str] = []
    if model is not None:
        try:
            return _from_model(text, model), remarks
        except Exception as error:  # noqa: BLE001 - a language model is no part of the product: whatever it does, the grammar reads
            remarks.append(f"The language model was not understood, and the grammar read the sentence: {_shown(error)}")
    return _from_grammar(text), remarks


def verbs() -> dict[str, type[IntentVerb]]:
    """The verbs that are installed, by name."""
    return usable(VERBS)[0]


@lru_cache(maxsize=1)
def _parser() -> Lark:
    known = verbs()
    shared = files("enorchestrator.intent").joinpath("grammar.lark").read_text(encoding="utf-8")
    rules = "\n".join(each.grammar for each in known.values())
    start = f"start: {' | '.join(known)}\n"
    return Lark(start + shared + "\n" + rules, parser="lalr", lexer="contextual", maybe_placeholders=False)


def _from_grammar(text: str) -> IntentVerb:
    try:
        (found,) = _parser().parse(text).children
    except UnexpectedInput as error:
        raise _unread(text, error) from None
    assert isinstance(found, Tree)  # noqa: S101 - each verb has a rule
    verb = verbs()[str(found.data)]
    values: dict[str, Any] = {}
    for clause in found.children:
        if not isinstance(clause, Tree):
            continue
        name = str(clause.data)
        if name in values:
            raise InvalidInputError(
                f"The sentence says {_words(clause)!r} where it has said that before; expected it once. Leave one out.",
                field="sentence",
            )
        values[name] = (verb.clauses.get(name) or CLAUSES[name])([str(each) for each in _tokens(clause)])
    return _checked(verb, values)


def _from_model(text: str, model: LanguageModel) -> IntentVerb:
    known = verbs()
    schema = {name: each.model_json_schema() for name, each in known.items()}
    answer = json.loads(model(text, schema))
    if not isinstance(answer, dict) or answer.keys() != {"verb", "intent"} or answer["verb"] not in known:
        raise InvalidInputError(f"expected verb and intent, received {_shown(answer)}.")
    found = _checked(known[answer["verb"]], answer["intent"])
    invented = [
        each for each in _said(found.model_dump(exclude_unset=True, include={"name", "notify"})) if each not in text
    ]
    if invented:
        raise InvalidInputError(f"{_shown(invented[0])} does not stand in the sentence.")
    return found


def _said(value: Any) -> list[str]:
    """The texts of a tree."""
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _said(each)]
    return [] if value is None else [str(value)]


def _checked(verb: type[IntentVerb], values: Any) -> IntentVerb:
    try:
        return verb.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = " ".join(map(str, first["loc"]))
        raise InvalidInputError(
            f"The sentence cannot be used: {place}: {first['msg']}; received {_shown(first['input'])}. Correct it.",
            field="sentence",
        ) from None


def _unread(text: str, error: UnexpectedInput) -> InvalidInputError:
    expected = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    )
    possible = [words for name, words in _POSSIBLE.items() if name in expected]
    place = getattr(error, "pos_in_stream", None)
    token = getattr(error, "token", None)
    is_end = token is not None and token.type == "$END"
    if is_end or place is None or place >= len(text):
        fact = f"The sentence ends after {text[-30:]!r}"
    elif not [*_parser().lex(text[:place])]:
        words = ", ".join(each.examples["en"] for each in verbs().values())
        return InvalidInputError(
            f"The sentence begins with {_shown(text[:30])}, which is none of the things that can be asked for. Say such as: "
            f"{words}",
            field="sentence",
        )
    else:
        fact = f"The sentence cannot be read from {text[place : place + 30]!r} on"
    expectation = " or ".join(possible) or "a number or another word"
    return InvalidInputError(f"{fact}; expected {expectation}. Say it again so.", field="sentence")


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [*tree.scan_values(lambda each: isinstance(each, Token))]


def _words(tree: Tree[Token]) -> str:
    return " ".join(map(str, _tokens(tree)))


def _example() -> str:
    return next(iter(verbs().values())).examples["en"]


def _shown(value: Any) -> str:
    return printable(str(value))[:200]
