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


def renamed(result: dict[str, Any], members: Sequence[tuple[str, str]]) -> dict[str, Any]:
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

    def by_new_name(given: Mapping[str, Any]) -> dict[str, Any]:
        return {new[name]: value for name, value in given.items()}

    diagnosis = {"diagnosis": _diagnosis(result["diagnosis"], new)} if "diagnosis" in result else {}
    return {
        **result,
        **diagnosis,
        "alignment": {**result["alignment"], "lost": by_new_name(lost)},
        "test_rows_trained_on": by_new_name(result["test_rows_trained_on"]),
        "metrics": {
            part: {**measured, "members": by_new_name(measured["members"])}
            for part, measured in result["metrics"].items()
        },
    }


def _diagnosis(found: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    """What `endirector.diagnose` found, with the new names."""

    def by_new_name(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        return None if given is None else {new[name]: value for name, value in given.items()}

    suggestion = found["suggestion"]
    return {
        **found,
        "members": [new[name] for name in found["members"]],
        "parts": {
            part: {
                **told,
                "errors": by_new_name(told["errors"]),
                "leave_one_out": by_new_name(told["leave_one_out"]),
            }
            for part, told in found["parts"].items()
        },
        "suggestion": {
            **suggestion,
            "drop": [new[name] for name in suggestion["drop"]],
            "changes": by_new_name(suggestion["changes"]),
        },
    }
