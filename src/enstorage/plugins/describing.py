"""Descriptions of the parts of a kind, for forms."""

import re
from dataclasses import fields
from inspect import getdoc
from types import NoneType
from typing import Any, get_args

from enstorage.parameters.described import Described
from enstorage.plugins.kind import Kind
from enstorage.plugins.loading import usable

_TYPES = {bool: "true or false", int: "whole number", float: "number", str: "text"}


def described(kind: Kind) -> list[dict[str, Any]]:
    """The parts of a kind that can be loaded, by name.

    Returns:
        For each `name`, `help` (the first line of its documentation) and `parameters`, each with `name`, `type` (as fields
        of `enstorage.fields` have it), `required`, `default`, `help` and `label`.
    """
    parts, _ = usable(kind)
    return [
        {"name": name, "help": (getdoc(part) or "").partition("\n")[0], "parameters": parameters_of(part)}
        for name, part in sorted(parts.items())
    ]


def parameters_of(part: Any) -> list[dict[str, Any]]:
    """The parameters of a class, as fields of a form; see `described`. None for a class that describes none."""
    if not (isinstance(part, type) and issubclass(part, Described)):
        return []
    defaults, texts = part.defaults(), _documented(part)
    return [
        {
            "name": field.name,
            "type": _type(field.type),
            "required": field.name not in defaults,
            "default": defaults.get(field.name),
            "help": texts.get(field.name, ""),
            "label": field.name.replace("_", " "),
            "choices": None,
            "entity": None,
        }
        for field in fields(part)  # type: ignore[arg-type] # subclasses are dataclasses
        if field.compare
    ]


def _type(annotation: Any) -> str:
    kinds = {each for each in (get_args(annotation) or (annotation,)) if each is not NoneType}
    if kinds == {int, float}:
        return "number"
    return _TYPES.get(kinds.pop(), "JSON") if len(kinds) == 1 else "JSON"


def _documented(part: type) -> dict[str, str]:
    """The text about each parameter in the documentation of a class and of those that it is made of."""
    found: dict[str, str] = {}
    for kind in reversed(part.__mro__):
        for name, text in re.findall(r"^    (\w+): ((?:.+\n?)(?:^ {8}.+\n?)*)", getdoc(kind) or "", re.MULTILINE):
            found[name] = " ".join(text.split())
    return found
