"""`WebhookSink`: a website that is given the rows."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.places.connections import check_connection
from enstorage.places.web import Website
from enstorage.settings import wait_seconds
from enstorage.sinks.base import Delivery, Sink

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class WebhookSink(Sink):
    """A website that is sent the rows as JSON: `{"key": …, "name": …, "rows": [{…}, …]}`.

    The header `Idempotency-Key` has the key of the delivery, by which the website knows what it has had.

    Attributes:
        connection: name of the website, see `enstorage.places.web.Website`.
        path: below its address.
    """

    name: ClassVar[str] = "webhook"

    connection: str
    path: str = ""

    def __post_init__(self) -> None:
        check_connection(self.connection)
        if not isinstance(self.path, str):
            raise InvalidInputError(f"WebhookSink: path is {self.path!r:.60}; expected a text.", field="path")

    @property
    def target(self) -> str:
        """See `Sink.target`."""
        return f"{self.connection}: {self.path.partition('?')[0]}"

    def write(self, rows: "pl.DataFrame", delivery: Delivery) -> None:
        """See `Sink.write`."""
        head = json.dumps({"key": delivery.key, "name": delivery.name})[:-1]
        body = f'{head}, "rows": {rows.write_json()}}}'.encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.key}
        Website(self.connection, wait_seconds=wait_seconds()).post(self.path, body, headers)
