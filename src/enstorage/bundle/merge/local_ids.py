"""What records say about ids, said in the ids of this store."""

from collections.abc import Mapping, Sequence
from typing import Any

#: The id here of a source (`data_source`), a model (`model`) or an ensemble (`ensemble`) of the bundle, by its id there.
Here = Mapping[str, Mapping[int, int]]


def local_ids(
    named: Mapping[str, set[int]], kept: Mapping[str, Mapping[str, int]] | None, here: Here
) -> dict[str, dict[str, int]] | None:
    """What `DataCsv.local_ids` of a table is here.

    Args:
        named: the ids that its bytes name.
        kept: its `local_ids` in the store that the bundle was made in; None where the bytes name the ids of that store.
        here: the ids of this store.

    Returns:
        The ids here by those in the bytes; None where none differs.
    """
    ids = {
        entity: {str(id): here[entity][id if kept is None else kept[entity][str(id)]] for id in sorted(each)}
        for entity, each in named.items()
    }
    return ids if any(there != str(id) for each in ids.values() for there, id in each.items()) else None


def renamed(result: dict[str, Any], members: Sequence[tuple[str, str]]) -> Any:
    """The result of an ensemble, with members that are called the same told apart by their ids here.

    Args:
        result: of an `Ensemble`, with a name for each member, such as `lag 5 (3)` where two are called `lag 5`.
        members: what tells each member apart there and here, such as `3` or `ensemble 5`, in the order of the names.
    """
    lost = result["alignment"]["lost"]
    bare = [
        name.removesuffix(ending) if name.endswith(ending := f" ({there})") else None
        for name, (there, _) in zip(lost, members, strict=True)
    ]
    new = {
        name: f"{base} ({here})" if base is not None and bare.count(base) > 1 else name
        for name, base, (_, here) in zip(lost, bare, members, strict=True)
    }
    return _with_names(result, {old: name for old, name in new.items() if old != name})


def _with_names(value: Any, new: Mapping[str, str]) -> Any:
    """The same with other names, wherever they stand: as keys, in lists, or alone."""
    if isinstance(value, Mapping):
        return {new.get(key, key): _with_names(each, new) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_names(each, new) for each in value]
    return new.get(value, value) if isinstance(value, str) else value
