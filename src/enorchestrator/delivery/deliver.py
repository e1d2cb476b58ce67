"""`deliver`: gives a table to a sink, once for each content."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.ledger import SinkDelivery
from enstorage.sinks import Delivery, Sink

if TYPE_CHECKING:
    import polars as pl

_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of `deliver`.

    Attributes:
        key: of the content and the sink.
        target: the place, for people.
        rows: number of rows.
        is_new: false where the place had this content already.
    """

    key: str
    target: str
    rows: int
    is_new: bool


def deliver(
    rows: "pl.DataFrame", sink: Sink, name: str = "forecast", *, connector: Connector | None = None
) -> Delivered:
    """Give rows to a sink, unless they are what it was given last.

    The delivery is noted before and after. A process that is killed between the two leaves it open, and it is made again
    with the same key, by which the place tells that it had it, see `enstorage.sinks.Sink`.

    Args:
        rows: one or more.
        sink: see `enstorage.sinks`.
        name: of the table, for people.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: there are no rows, or the sink refuses them; nothing was delivered.
        StoreError: the place cannot be reached or failed; this may pass.
    """
    store = connector or Connector.current()
    if not rows.height:
        raise InvalidInputError("There are no rows to deliver; expected one or more. See the step that made them.")
    recipe = json.dumps(sink.to_json(), sort_keys=True)
    key = hashlib.sha256(f"{recipe}\n{rows.write_csv()}".encode()).hexdigest()
    target = sink.target[:_LONGEST_NAME]
    with store.transaction() as session:
        if _given_last(session, sink.name, target) == key:
            return Delivered(key, target, rows.height, is_new=False)
        noted = _found(session, key) or SinkDelivery(key=key, sink=sink.name, target=target, rows=rows.height)
        noted.delivered_at, noted.updated_at = None, datetime.now(UTC)
        session.add(noted)
    sink.write(rows, Delivery(key, name))
    with store.transaction() as session:
        session.execute(update(SinkDelivery).where(SinkDelivery.key == key).values(delivered_at=datetime.now(UTC)))
    return Delivered(key, target, rows.height, is_new=True)


def _found(session: Session, key: str) -> SinkDelivery | None:
    return session.scalars(select(SinkDelivery).where(SinkDelivery.key == key)).one_or_none()


def _given_last(session: Session, sink: str, target: str) -> str | None:
    """The key of what a place was given last; None where that is not known, as after a kill."""
    wanted = select(SinkDelivery).where(SinkDelivery.sink == sink, SinkDelivery.target == target)
    last = session.scalars(wanted.order_by(SinkDelivery.updated_at.desc(), SinkDelivery.id.desc()).limit(1)).first()
    return None if last is None or last.delivered_at is None else last.key
