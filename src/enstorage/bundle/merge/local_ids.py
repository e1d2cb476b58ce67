"""Ids inside of records: those of the store that a bundle was made in become those of this one."""

from collections.abc import Mapping, Sequence
from typing import Any

from enstorage.entity.ensemble_item import item_key
from enstorage.entity.ensemble_result import EnsembleResult
from enstorage.entity.ensemble_search import EnsembleSearch

#: The id here of a source (`data_source`), a model (`model`) or an ensemble (`ensemble`) of the bundle, by its id there.
Here = Mapping[str, Mapping[int, int]]


def local_ids(
    named: Mapping[str, set[int]], kept: Mapping[str, Mapping[str, int]] | None, here: Here
) -> dict[str, dict[str, int]] | None:
    """The `DataCsv.local_ids` of a table here.

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


def local_result(result: Mapping[str, Any], items: Mapping[int, int]) -> dict[str, Any]:
    """The result of an ensemble, with the ids that the items of its members have here.

    Args:
        result: `Ensemble.result` in the bundle, of this or of an earlier version.
        items: the ids here of the items of members that were not dropped, by their ids in the bundle, in their order.
    """
    return EnsembleResult.from_json(result, list(items)).to_json(lambda item: str(items[item]))


def local_search(formed: Mapping[str, Any], members: Sequence[str], here: Here) -> dict[str, Any]:
    """`Ensemble.formed`, with the keys that the candidates have here; None for one that is not in the bundle.

    Args:
        formed: in the bundle, of this or of an earlier version.
        members: keys in the bundle of the members, in their order; see `EnsembleItem.key`.
        here: the ids of this store.
    """
    keys = {item_key(there, None): item_key(id, None) for there, id in here["model"].items()}
    keys |= {item_key(None, there): item_key(None, id) for there, id in here["ensemble"].items()}
    return EnsembleSearch.from_json(formed, members).with_keys(keys).to_json()
