"""`Port`: the type of an argument or an output of work, by which steps are joined."""

from dataclasses import dataclass
from typing import Any, Self

#: Of what is no entity.
PLAIN_TYPES = ("integer", "number", "string", "boolean", "object", "file", "any")
ENTITY_TYPES = (
    *("data_source", "panel", "data_snapshot", "data_preparation", "data_set"),
    *("project", "research", "model", "ensemble"),
)


@dataclass(frozen=True, slots=True)
class Port:
    """A type of values.

    Attributes:
        type: the table of an entity, whose ids are the values; or one of `PLAIN_TYPES`.
        many: true for lists.
    """

    type: str
    many: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The port of its text, such as `model` or `model[]`.

        Raises:
            ValueError: it has no known type.
        """
        found = cls(text.removesuffix("[]"), text.endswith("[]"))
        if found.type not in (*ENTITY_TYPES, *PLAIN_TYPES):
            raise ValueError(text)
        return found

    @classmethod
    def of_schema(cls, schema: dict[str, Any]) -> Self:
        """The port of an argument by its JSON Schema, in which entities are told by `entity`."""
        options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
        lists = [each for each in options if each.get("type") == "array"]
        if lists and len(options) == 1:
            return cls(cls.of_schema(lists[0].get("items", {})).type, many=True)
        if len(options) > 1:
            return cls("any")
        (option,) = options
        if "$ref" in option:
            return cls("file" if option["$ref"].endswith("/StoredFile") else "object")
        found = option.get("entity") or schema.get("entity") or option.get("type", "any")
        return cls(found if found in (*ENTITY_TYPES, *PLAIN_TYPES) else "any")

    @property
    def item(self) -> "Port":
        """The type of one of its values."""
        return Port(self.type)

    def fits(self, wanted: "Port") -> bool:
        """True if its values can be given where another type is wanted."""
        same = self.type == wanted.type or "any" in (self.type, wanted.type)
        return (same or (self.type, wanted.type) == ("integer", "number")) and (
            self.many == wanted.many or "any" in (self.type, wanted.type)
        )

    def __str__(self) -> str:
        return self.type + "[]" * self.many

    def value(self, output: Any) -> Any:
        """The value of an output: the id of an entity that is told with its name, a file as uploads give it."""
        if self.many and isinstance(output, list):
            return [self.item.value(each) for each in output]
        if isinstance(output, dict):
            if self.type in ENTITY_TYPES:
                return output.get("id")
            if self.type == "file":
                return {"object": output["object"], "name": output["name"]}
        return output
