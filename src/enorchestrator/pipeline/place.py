"""`place_of`: the line of a pipeline's text that a message is about."""

import yaml

from enorchestrator.pipeline.definition import PlainLoader


def place_of(text: str, field: str | None) -> int | None:
    """The line, from 1, of a field in a text of YAML or JSON; that of the deepest part of its path that is there.

    Args:
        text: of the pipeline.
        field: place of an error, such as `steps.form.with.models`; names may have dots.

    Returns:
        The line at which reading fails, for a text that cannot be read; None for a field that is not there at all.
    """
    try:
        node = yaml.compose(text, Loader=PlainLoader)
    except yaml.MarkedYAMLError as error:
        return None if error.problem_mark is None else int(error.problem_mark.line) + 1
    except (yaml.YAMLError, RecursionError):
        return None
    line = None
    rest = field or ""
    while rest and node is not None:
        key, value = _part(node, rest)
        if value is None:
            break
        line = int((value if key is None else key).start_mark.line) + 1
        name = "" if key is None else str(key.value)
        rest = rest[len(name) + 1 :] if key is not None else rest.partition(".")[2]
        node = value
    return line


def _part(node: yaml.Node, path: str) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The key and the value of the part of a node that a path begins with; the key is None for an item of a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if path == key.value or path.startswith(f"{key.value}."):
                return key, value
    if isinstance(node, yaml.SequenceNode):
        number = path.partition(".")[0]
        if number.isdecimal() and int(number) < len(node.value):
            return None, node.value[int(number)]
    return None, None
