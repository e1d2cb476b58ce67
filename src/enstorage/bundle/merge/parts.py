"""Parts of records that are here already: what is missing is added, what is there is never written over.

Parts have no origin. They are known by what they are parts of and by their key: a fact by its model and its name, a
forecast by its model and its part, an item by its ensemble and its member, an input by its data set and its preparation, a
source or a scene of a panel by both, a band by its scene and its name.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.bundle.contents.closure import Kind, chunks, foreign_keys
from enstorage.bundle.contents.rows import Row, by_owner
from enstorage.bundle.file.read import Bundle
from enstorage.bundle.merge.plan import Plan
from enstorage.entity import (
    ENTITIES,
    DataSetInput,
    Ensemble,
    EnsembleItem,
    Forecast,
    Model,
    ModelCurve,
    ModelMeta,
    PanelMember,
    PanelScene,
    SceneBand,
)
from enstorage.entity.model_curve import joined, packed
from enstorage.errors import InvalidInputError

#: By which columns the parts of one whole differ.
_KEYS: dict[Kind, tuple[str, ...]] = {
    ModelMeta: ("key",),
    Forecast: ("part",),
    EnsembleItem: ("model_id", "member_id"),
    DataSetInput: ("data_preparation_id",),
    PanelMember: ("data_source_id",),
    PanelScene: ("scene_id",),
    SceneBand: ("name",),
}

# Before the names of curves that are here already; no name of a curve begins so.
_KEPT = "\x00"


def plan_parts(session: Session, plan: Plan, bundle: Bundle) -> None:
    """Add to the plan which parts are made; those of what is made are made too."""
    filled = {(row.entity, row.id): values for row, _, values in plan.filled}
    for entity in ENTITIES:
        if not entity._part_of:
            continue
        old: list[tuple[Row, Kind, int]] = []
        for row in bundle.rows[entity].values():
            whole, id = _whole(row)
            if id in plan.here[whole]:
                old.append((row, whole, plan.here[whole][id]))
            else:
                plan.made[entity].append(row)
        if entity is ModelCurve:
            _plan_curves(session, plan, [row for row, _, _ in old])
            continue
        known = _known(session, entity, old)
        for row, whole, id in old:
            if (whole, id, _key(plan, row)) in known:
                plan.known[entity] += 1
            elif entity in (ModelMeta, PanelMember, PanelScene) or (
                entity is Forecast and _goes_with(plan, row, filled)
            ):
                if entity is PanelMember:
                    _refuse_taken_key(session, row, id)
                plan.made[entity].append(row)
            else:
                plan.left[entity] += 1
    _fill_items(session, plan, bundle)


def _whole(row: Row) -> tuple[Kind, int]:
    """The entity that a row is a part of, and its id in the bundle."""
    keys = foreign_keys(row.entity)
    ((whole, id),) = [(keys[name], row.values[name]) for name in row.entity._part_of if row.values[name] is not None]
    return whole, id


def _key(plan: Plan, row: Row) -> tuple[Any, ...]:
    keys = foreign_keys(row.entity)
    return tuple(
        plan.here[keys[name]].get(value)
        if name in keys and (value := row.values[name]) is not None
        else row.values[name]
        for name in _KEYS.get(row.entity, ())
    )


def member_here(plan: Plan, item: Row) -> tuple[Any, ...]:
    """The ids of a member here, as a model and as an ensemble, one of which is None; both for one that is not here."""
    return _key(plan, item)


def _known(session: Session, entity: Kind, old: Iterable[tuple[Row, Kind, int]]) -> set[tuple[Kind, int, Any]]:
    """The parts that are here: what they are parts of, its id and their keys."""
    wholes: dict[Kind, set[int]] = defaultdict(set)
    for _, whole, id in old:
        wholes[whole].add(id)
    known: set[tuple[Kind, int, Any]] = set()
    for name, whole in foreign_keys(entity).items():
        if name in entity._part_of and entity in _KEYS:
            columns = entity.__table__.columns
            for chunk in chunks(wholes[whole]):
                query = select(columns[name], *(columns[key] for key in _KEYS[entity])).where(columns[name].in_(chunk))
                known |= {(whole, id, tuple(key)) for id, *key in session.execute(query)}
    return known


def _refuse_taken_key(session: Session, row: Row, panel_id: int) -> None:
    """Refuse a source that comes to a panel here under a key that another source has here."""
    key = row.values["key"]
    query = select(PanelMember.data_source_id).where(PanelMember.panel_id == panel_id, PanelMember.key == key)
    taken = session.scalar(query)
    if taken is not None:
        raise InvalidInputError(
            f"{row} of the bundle has the key {key!r}, which data source {taken} has in Panel({panel_id}) of this store: "
            "both went on after the last bundle. Nothing was changed. Give that source another key, or import into an empty "
            "store."
        )


def _goes_with(plan: Plan, row: Row, filled: dict[tuple[Kind, int], dict[str, Any]]) -> bool:
    """True if a forecast may be added: an ensemble's if it was rendered now, a model's if its object made it."""
    if row.values["ensemble_id"] is not None:
        return (Ensemble, row.values["ensemble_id"]) in filled
    model_id = row.values["model_id"]
    kept = plan.kept[Model][model_id]["object_sha256"]
    return bool(filled.get((Model, model_id), {}).get("object_sha256", kept) == row.values["object_sha256"])


def _fill_items(session: Session, plan: Plan, bundle: Bundle) -> None:
    """The items of an ensemble that is filled get their properties."""
    items = by_owner(bundle.rows[EnsembleItem].values(), "ensemble_id")
    for row, ensemble_id, _ in list(plan.filled):
        if row.entity is Ensemble:
            query = select(EnsembleItem.model_id, EnsembleItem.member_id, EnsembleItem.id)
            kept = session.execute(query.where(EnsembleItem.ensemble_id == ensemble_id))
            here = {(model_id, member_id): id for model_id, member_id, id in kept}
            for item in items[row.id]:
                values = {"properties": item.values["properties"]}
                plan.filled.append((item, here[member_here(plan, item)], values))


def _plan_curves(session: Session, plan: Plan, rows: list[Row]) -> None:
    """The values of curves at steps where a model has none here become one stretch more."""
    for model_id, stretches in by_owner(rows, "model_id").items():
        query = select(ModelCurve).where(ModelCurve.model_id == plan.here[Model][model_id]).order_by(ModelCurve.id)
        kept = joined(curve.table() for curve in session.scalars(query))
        given = joined(ModelCurve(data=row.values["data"]).table() for row in stretches)
        missing = _without(given, kept)
        if missing.height:
            latest = stretches[-1]
            plan.made[ModelCurve].append(Row(ModelCurve, latest.id, latest.values | packed(missing.to_arrow())))
        else:
            plan.known[ModelCurve] += len(stretches)


def _without(given: Any, kept: Any) -> Any:
    """The curves `given` without the values for which there is one in `kept`."""
    import polars as pl

    values = [name for name in given.columns if name != "step"]
    both = [name for name in values if name in kept.columns]
    beside = given.join(kept.select("step", pl.col(both).name.prefix(_KEPT)), on="step", how="left")
    free = [pl.when(pl.col(_KEPT + name).is_null()).then(pl.col(name)).alias(name) for name in both]
    left = beside.with_columns(free).select(given.columns)
    return left.filter(pl.any_horizontal(pl.col(values).is_not_null()))
