"""Stretches: many points of the curves of a model in one row. Short ones are merged, long ones divided."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from sqlalchemy import Select, bindparam, case, func, insert, select
from sqlalchemy.orm import Session

from enstorage.entity._record import Record, now
from enstorage.entity.model_curve import ModelCurve, Points, joined, packed
from enstorage.errors import CorruptError

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

# Short stretches of one model's curves that are merged into one.
_MANY_STRETCHES = 64
# Steps of a stretch that is not merged any more.
_LONG_STRETCH = 20_000
# Of the values in one row. MariaDB refuses statements of over 16 MB, in which bytes may take twice their space.
_MOST_BYTES = 4 * 2**20


def count_short(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """Number of stored short stretches of curves of each model, which may be 0; models deleted meanwhile are left out."""
    wanted, found = sorted(ids), dict[int, int]()
    for start in range(0, len(wanted), 500):
        given = {"ids": wanted[start : start + 500], "long": _LONG_STRETCH}
        for id, count in session.connection().execute(_counting(), given):
            found[id] = count
    return found


@cache  # building the statement takes longer than running it
def _counting() -> Select[int, int]:
    model, curve = Record.metadata.tables["model"], Record.metadata.tables["model_curve"]
    short = func.count(case((curve.c.rows < bindparam("long"), curve.c.id)))
    counted = select(model.c.id, short).join_from(model, curve, isouter=True).group_by(model.c.id)
    return counted.where(model.c.id.in_(bindparam("ids", expanding=True)))


def write_points(session: Session, points: Mapping[int, list[Points]], kept: Mapping[int, int]) -> None:
    """Write points by model id; `kept` is what `count_short` gives for the models."""
    moment = now()
    rows = []
    for model_id, logged in points.items():
        stretch = _table(logged)
        if kept[model_id] >= _MANY_STRETCHES:
            stretch = _merged(session, model_id, stretch)
        same = {"model_id": model_id, "description": "", "tags": {}, "created_at": moment, "updated_at": moment}
        rows += [same | packed(part) for part in _parts(stretch)]
    if rows:
        session.connection().execute(insert(Record.metadata.tables["model_curve"]), rows)


def _table(logged: list[Points]) -> "pa.Table":
    """Column `step` and one for each curve, in the order in which they were logged."""
    import pyarrow as pa

    tables = []
    for names, same in groupby(logged, key=lambda points: points.values.keys()):
        group = list(same)
        columns = {"step": _column([points.step for points in group], np.int64)}
        columns |= {name: _column([points.values[name] for points in group], np.float64) for name in names}
        tables.append(pa.table(columns))
    return pa.concat_tables(tables, promote_options="default")


def _column(parts: Sequence[Any], kind: type) -> "pa.Array":
    """One column of numbers and arrays; masked values are null."""
    import pyarrow as pa

    if not any(issubclass(each, np.ndarray) for each in set(map(type, parts))):
        return pa.array(np.array(parts, dtype=kind))
    arrays = [np.atleast_1d(part) for part in parts]
    # Each is converted alone: NumPy makes doubles of signed and unsigned integers together.
    whole = np.concatenate([np.asarray(each, dtype=kind) for each in arrays])
    mask = np.concatenate([np.ma.getmaskarray(each) for each in arrays])
    return pa.array(whole, mask=mask)


def _merged(session: Session, model_id: int, latest: "pa.Table") -> "pa.Table":
    """The short stretches that were stored last for a model and the latest one, merged; the stored ones are deleted."""
    import polars as pl

    of_model = ModelCurve.model_id == model_id
    long = select(func.max(ModelCurve.id)).where(of_model, ModelCurve.rows >= _LONG_STRETCH).scalar_subquery()
    query = select(ModelCurve).where(of_model, ModelCurve.id > func.coalesce(long, 0)).order_by(ModelCurve.id)
    kept = session.scalars(query).all()
    try:
        whole = joined([*(each.table() for each in kept), cast("pl.DataFrame", pl.from_arrow(latest))])
    except (CorruptError, pl.exceptions.PolarsError):  # reading the curves says so; the others are written meanwhile
        return latest
    for each in kept:
        session.delete(each)
    session.flush()
    return whole.to_arrow()


def _parts(stretch: "pa.Table") -> "list[pa.Table]":
    """The stretch in parts that every database takes."""
    rows = max(1, _MOST_BYTES // (8 * stretch.num_columns))
    return [stretch.slice(start, rows) for start in range(0, stretch.num_rows, rows)]
