"""`step`: makes a kind of work of a Python function. Its signature tells the types of its arguments and outputs."""

import inspect
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from pydantic import Field, create_model

from enorchestrator.work.building import BUILDER
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector
from enstorage.entity import ENTITIES
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress
from enstorage.terminal import printable

#: Names the modules whose steps may be executed, separated by commas.
MODULES_VARIABLE = "ENSTORAGE_STEP_MODULES"
#: Of a function that does not return a mapping.
RESULT = "result"
_PLAIN = {int: "integer", float: "number", str: "string", bool: "boolean", dict: "object"}
#: Parameters that get these things, not a value of the step.
_GIVEN = {"connector": Connector, "progress": Progress, "partial": Partial}


class PythonStep:
    """A function that pipelines may execute; it can be called as before.

    Attributes:
        kind: its kind of work, named `module:function`.
    """

    def __init__(self, function: Callable[..., Any], title: str, action: str) -> None:
        self._function, self.__doc__ = function, function.__doc__
        hints = get_type_hints(function, include_extras=True)
        returned = hints.pop("return", Any)
        parameters = inspect.signature(function).parameters
        self._given = [name for name in parameters if name in _GIVEN]
        #: The entity that each argument has, and true for a list of them.
        self._entities = {name: _entity(hints.get(name, Any)) for name in parameters if name not in _GIVEN}
        fields: dict[str, Any] = {
            name: (
                _field_type(hints.get(name, Any)),
                ... if parameters[name].default is inspect.Parameter.empty else parameters[name].default,
            )
            for name in self._entities
        }
        place = f"{function.__module__}:{function.__qualname__}"
        arguments = create_model(f"ArgumentsOf{function.__name__}", __base__=Arguments, **fields)
        self.kind = WorkKind(
            place, action, "store", title or place, arguments, self._call, outputs={RESULT: type_of_hint(returned)}
        )

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function itself; in the function of a pipeline, add the step to that."""
        if (builder := BUILDER.get()) is not None:
            bound = inspect.signature(self._function).bind(*arguments, **named)
            return builder(self.kind.name, bound.arguments)
        return self._function(*arguments, **named)

    def _call(
        self, arguments: Arguments, connector: Connector, progress: Progress, partial: Partial
    ) -> Mapping[str, Any]:
        given = {"connector": connector, "progress": progress, "partial": partial}
        values = {name: given[name] for name in self._given}
        for name, (entity, many) in self._entities.items():
            value = getattr(arguments, name)
            if entity is not None and value is not None:
                found = entity.get_list(value if many else [value], connector=connector)
                value = found if many else found[0]
            values[name] = value
        return {RESULT: _told(self._function(**values))}


def step(
    function: Callable[..., Any] | None = None, *, title: str = "", action: str = "run"
) -> "PythonStep | Callable[[Callable[..., Any]], PythonStep]":
    """Make a step of a function of a module.

    Pipelines name it `module:function`. Entities, such as `model: Model`, are given as ids and loaded; parameters called
    `connector`, `progress` and `partial` get the store and the functions that take progress and intermediate results.

    Args:
        function: of which a step is made.
        title: of its runs; by default its place.
        action: what a user has to be allowed to do.
    """
    if function is None:
        return lambda given: PythonStep(given, title, action)
    return PythonStep(function, title, action)


def find_step(name: str) -> WorkKind:
    """The kind of the step with the name `module:function`.

    Raises:
        InvalidInputError: its module may not be executed, cannot be imported, or has no such step.
    """
    module, _, function = name.partition(":")
    allowed = [each.strip() for each in os.environ.get(MODULES_VARIABLE, "").split(",") if each.strip()]
    if module not in allowed:
        raise InvalidInputError(
            f"The module {printable(module)[:60]} of the step is none whose code may be executed; allowed are "
            f"{', '.join(allowed) or 'none'}. Name it in {MODULES_VARIABLE} where the server and the dispatcher start.",
            field="kind",
        )
    try:
        found = getattr(import_module(module), function, None)
    except ImportError as error:
        raise InvalidInputError(f"The module {module} cannot be imported: {error}. Correct it.", field="kind") from None
    if not isinstance(found, PythonStep):
        raise InvalidInputError(
            f"The module {module} has no step {printable(function)[:60]}. Put @step above a function of that name.",
            field="kind",
        )
    return found.kind


def _entity(hint: Any) -> tuple[Any, bool]:
    """The entity of a type hint, and true for a list of it; (None, False) for others."""
    options = [each for each in get_args(hint) if each is not type(None)] if _is_union(hint) else [hint]
    if len(options) != 1:
        return None, False
    (option,) = options
    many = get_origin(option) is list
    found = get_args(option)[0] if many else option
    return (found, many) if found in ENTITIES else (None, False)


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, UnionType)


def _field_type(hint: Any) -> Any:
    entity, many = _entity(hint)
    if entity is None:
        return hint
    id_type: Any = Annotated[int, Field(ge=1, strict=True, json_schema_extra={"entity": entity.__tablename__})]
    found = list[id_type] if many else id_type
    return found | None if _is_union(hint) else found


def type_of_hint(hint: Any) -> str:
    """The type of a port for a type hint, such as `model[]` for `list[Model]`; "any" for what has none."""
    entity, many = _entity(hint)
    if entity is not None:
        return f"{entity.__tablename__}[]" if many else str(entity.__tablename__)
    if get_origin(hint) is list:
        return f"{type_of_hint(get_args(hint)[0])}[]"
    return _PLAIN.get(get_origin(hint) or hint, "any")


def _told(value: Any) -> Any:
    """A returned value as JSON: entities by id and name."""
    if isinstance(value, tuple(ENTITIES)):
        return {name: getattr(value, name, None) for name in ("id", "name")}
    if isinstance(value, list | tuple):
        return [_told(each) for each in value]
    return value
