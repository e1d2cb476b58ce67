"""Settings from JSON, with one message for what cannot be used."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from enstorage.errors import InvalidInputError
from enstorage.terminal import printable

Model = TypeVar("Model", bound=BaseModel)


def read_settings(kind: type[Model], value: Any, field: str) -> Model:
    """The settings of some JSON.

    Args:
        kind: their class.
        value: the JSON.
        field: the place of the value, for the message.

    Raises:
        InvalidInputError: it has none; its `field` is the place.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (field, *first["loc"])))
        raise InvalidInputError(
            f"{printable(place)} cannot be used: {first['msg']}; received {printable(repr(first['input']))[:60]}. "
            f"Expected an object with {', '.join(kind.model_fields)}. Correct it.",
            field=field,
        ) from None
