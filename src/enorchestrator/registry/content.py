"""The content of a version: the hash of all that determines its forecasts, its parameters, its inputs, its errors."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from enstorage import Connector
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from enstorage import Ensemble, Model

#: Facts of the training of a model that a version shows.
_FACTS = ("training", "seed", "epochs", "seconds", "versions")
_INPUTS = ("data_source", "data_snapshot", "data_preparation", "data_set")


def entity_of(kind: str, id: int, connector: Connector) -> "Ensemble | Model":
    """The ensemble or model of a version.

    Raises:
        InvalidInputError: there is no such kind.
        NotFoundError: it is not stored.
    """
    from enstorage import Ensemble, Model

    kinds: dict[str, type[Ensemble] | type[Model]] = {"ensemble": Ensemble, "model": Model}
    if kind not in kinds:
        raise InvalidInputError(
            f"A version is of {kind!r:.40}; expected ensemble or model. Correct it.", field="entity"
        )
    return kinds[kind].get(id, connector=connector)


def fingerprint(entity: "Ensemble | Model") -> str:
    """SHA-256 of everything that determines the forecasts of an ensemble or a model, and of its stored forecasts.

    Names do not enter it, nor do diagnosis and intervals. A copy that came by a bundle has the same one.
    """
    return hashlib.sha256(json.dumps(_content(entity), sort_keys=True).encode()).hexdigest()


def parameters_of(entity: "Ensemble | Model") -> dict[str, Any]:
    """The way in which it was made: of an ensemble the method and its members, of a model the network and its training."""
    from enstorage import Model

    if isinstance(entity, Model):
        facts = entity.metas()
        return {"network": entity.network, **{name: facts[name] for name in _FACTS if name in facts}}
    members = [
        {"entity": type(each).__name__.lower(), "id": each.id, "name": each.name, **parameters_of(each)}
        for each in entity.members()
    ]
    return {
        "method": entity.method,
        "metamodel": entity.metamodel,
        "parameters": entity.parameters,
        "fit_on": entity.fit_on,
        "members": members,
    }


def inputs_of(entity: "Ensemble | Model") -> list[dict[str, Any]]:
    """The records that it was made from, each with its id and, where it has a table, the hash of that."""
    found = []
    for record in entity.lineage().records:
        if record.__tablename__ in _INPUTS:
            table = getattr(record, "data_csv", None)
            about = {"entity": record.__tablename__, "id": record.id, "name": getattr(record, "name", None)}
            found.append(about | ({} if table is None else {"sha256": table.sha256}))
    return found


def metrics_of(entity: "Ensemble | Model") -> dict[str, dict[str, float]]:
    """Errors by part in source units; those of a model are measured now, from its stored forecasts."""
    from enstorage import Model

    if not isinstance(entity, Model):
        return {part: dict(own.ensemble) for part, own in entity.rendered_result().metrics.items()}
    from endirector.rendering.metrics import errors
    from enorchestrator.registry.rows import rows_of

    rows = rows_of(entity)
    return {
        part: errors(own["truth"].to_numpy(), own["forecast"].to_numpy()) | {"rows": own.height}
        for (part,), own in rows.group_by("part", maintain_order=True)
    }


def checked_content(
    entity: "Ensemble | Model", given: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], list[dict[str, Any]], dict[str, Any]]:
    """The parameters, inputs and errors of what is to be registered.

    Args:
        entity: the ensemble or model.
        given: parameters that people add; they count as known.

    Raises:
        InvalidInputError: some are lacking; `field` names which.
    """
    parameters = parameters_of(entity) | ({"given": dict(given)} if given else {})
    if not given and not _has_parameters(parameters):
        raise _lacking(entity, "parameters", "how it was made", "network and training, as `entrainer.fit` records them")
    inputs = inputs_of(entity)
    if not any(each["entity"] in ("data_set", "data_preparation") for each in inputs):
        raise _lacking(entity, "inputs", "the data it was made from", "a data set: model.data_set(created_data_set)")
    try:
        metrics = metrics_of(entity)
    except NotFoundError:
        metrics = {}
    if not metrics.get("test", {}).get("rows"):
        raise _lacking(entity, "metrics", "errors on test rows", "rendering, or forecasts of the test part")
    return parameters, inputs, metrics


def check_bytes(entity: "Ensemble | Model", connector: Connector) -> None:
    """Read the bytes of every object and table that the content names; each is compared with its hash.

    Raises:
        CorruptError: some are missing or damaged.
    """
    for sha256 in sorted(set(_hashes(_content(entity)))):
        connector.objects.get(sha256)


def _has_parameters(parameters: dict[str, Any]) -> bool:
    if "members" in parameters:
        return all(map(_has_parameters, parameters["members"]))
    return parameters.get("network") is not None or "training" in parameters


def _lacking(entity: object, field: str, what: str, expected: str) -> InvalidInputError:
    return InvalidInputError(
        f"{entity} cannot be registered: it is not known {what}. Expected {expected}. Add that first.", field=field
    )


def _content(entity: "Ensemble | Model") -> dict[str, Any]:
    from enstorage import Forecast, Model

    if isinstance(entity, Model):
        data_set = None if entity.data_set_id is None else entity.data_set()
        forecasts = {each.part: each.data_csv.sha256 for each in Forecast.of(entity)}
        prepared = [] if data_set is None else [each.data_csv.sha256 for each in data_set.preparations()]
        return {
            "network": entity.network,
            "object": entity.object_sha256,
            "adapter": None if data_set is None else data_set.adapter,
            "prepared": prepared,
            # The forecasts of an object can be made again; where there is none, they are all that there is.
            "forecasts": forecasts if entity.object_sha256 is None else None,
        }
    result = entity.rendered_result()
    members = []
    for item, member in zip(entity.items(), entity.members(), strict=True):
        own = item.rendered_result()
        fitted = {"weight": own.weight, "by_step": own.step_weights, "by_quantile": own.quantile_weights}
        members.append({"content": _content(member), "dropped": own.dropped is not None, **_with_text_keys(fitted)})
    if entity.data_csv_id is None:
        raise CorruptError(f"{entity} has a result and no table. Run `enstorage check`, or render it again.")
    return {
        "method": entity.method,
        "metamodel": entity.metamodel,
        "parameters": entity.parameters,
        "intercept": result.intercept,
        "object": entity.object_sha256,
        "table": entity.data_csv.sha256,
        "members": members,
    }


def _with_text_keys(value: Any) -> Any:
    """The same with the keys of JSON, which sort_keys compares."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(part) for key, part in value.items()}
    return value


def _hashes(content: Any) -> Iterator[str]:
    """The hashes of objects in the content."""
    for name, value in content.items():
        if name in ("object", "table") and value is not None:
            yield value
        elif name == "prepared":
            yield from value
        elif name == "forecasts" and value is not None:
            yield from value.values()
        elif name == "members":
            for each in value:
                yield from _hashes(each["content"])
