"""`Plan`: what an import changes."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from enstorage.bundle.contents.closure import Kind
from enstorage.bundle.contents.rows import Row
from enstorage.bundle.file.read import Bundle, hashes_of
from enstorage.entity import DataCsv

#: The values of a record that is here, by the name of the column.
Kept = Mapping[str, Any]


@dataclass(slots=True)
class Plan:
    """The changes that an import will make.

    Attributes:
        store: the uuid of the store here.
        here: the ids here of the records that are known, by entity and by their ids in the bundle; made ones are added.
        kept: the stored values of these.
        made: the records to make.
        filled: the known records whose empty columns are filled in: the row, its id here and the new values.
        trashed: time when a new record goes into the trash, since a record that it needs is in the trash here.
        left: number of parts left out, because their record differs in this store.
        stale: entity and id of records that were imported and were deleted since.
    """

    store: str
    here: dict[Kind, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    kept: dict[Kind, dict[int, Kept]] = field(default_factory=lambda: defaultdict(dict))
    made: dict[Kind, list[Row]] = field(default_factory=lambda: defaultdict(list))
    filled: list[tuple[Row, int, dict[str, Any]]] = field(default_factory=list)
    trashed: dict[tuple[Kind, int], datetime] = field(default_factory=dict)
    known: Counter[Kind] = field(default_factory=Counter)
    left: Counter[Kind] = field(default_factory=Counter)
    stale: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to do."""
        return not any(self.made.values()) and not self.filled

    def tables(self, bundle: Bundle) -> list[Row]:
        """The `DataCsv` that come with what is made and filled."""
        owned = [row.values.get("data_csv_id") for rows in self.made.values() for row in rows]
        owned += [row.values["data_csv_id"] for row, _, values in self.filled if "data_csv_id" in values]
        return [bundle.rows[DataCsv][id] for id in owned if id is not None]

    def hashes(self, bundle: Bundle) -> set[str]:
        """The objects that have to be here before the records are."""
        needing = [row for rows in self.made.values() for row in rows] + [row for row, _, _ in self.filled]
        return {sha256 for row in [*needing, *self.tables(bundle)] for sha256 in hashes_of(row)}


def origin_of(row: Row, bundle: Bundle) -> tuple[str, int]:
    """The store in which a record was made first, and its id there."""
    return row.origin or (bundle.manifest.store, row.id)
