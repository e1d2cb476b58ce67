"""Rules between records: references lead to records, unique columns are unique, each table has one owner."""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from sqlalchemy import UniqueConstraint

from enstorage.bundle.contents.closure import Kind, foreign_keys
from enstorage.bundle.contents.rows import Row, by_owner
from enstorage.entity import (
    DataCsv,
    DataPreparation,
    DataSet,
    DataSetInput,
    DataSnapshot,
    Ensemble,
    EnsembleItem,
    Forecast,
    Model,
    PanelMember,
    Project,
    Research,
)
from enstorage.entity.ensemble_result import EnsembleResult
from enstorage.entity.ensemble_search import EnsembleSearch
from enstorage.errors import InvalidInputError

Rows = dict[Kind, dict[int, Row]]


def check_references(rows: Rows) -> None:
    """Refuse a foreign key that leads out of the bundle.

    Raises:
        InvalidInputError: there is one.
    """
    for entity, records in rows.items():
        for name, parent in foreign_keys(entity).items():
            for row in records.values():
                id = row.values[name]
                if id is not None and id not in rows.get(parent, {}):
                    raise InvalidInputError(
                        f"{row} refers by {name} to {parent.__name__}({id}), which is not in the bundle."
                    )


def check_uniqueness(rows: Rows) -> None:
    """Refuse records that a database would not keep beside each other, or that would be taken for each other.

    Raises:
        InvalidInputError: there are such.
    """
    for entity, records in rows.items():
        _once(((row.origin, row) for row in records.values() if row.origin), "have one origin")
        for constraint in entity.__table__.constraints:  # type: ignore[attr-defined]
            if isinstance(constraint, UniqueConstraint):
                keys = [column.key for column in constraint.columns]
                same = f"have the same {' and '.join(keys)}"
                found = [(tuple(row.values[key] for key in keys), row) for row in records.values()]
                _once(((key, row) for key, row in found if None not in key), same)  # as databases have it
    owner = ("model_id", "ensemble_id", "part")
    forecasts = rows.get(Forecast, {}).values()
    _once(((tuple(row.values[key] for key in owner), row) for row in forecasts), "are of one owner and one part")


def owners(rows: Rows) -> dict[int, Row]:
    """The record that owns each table, by the id of the `DataCsv`.

    Raises:
        InvalidInputError: a table has no owner or several.
    """
    found: dict[int, Row] = {}
    for records in rows.values():
        for row in records.values():
            id = row.values.get("data_csv_id")
            if id is not None and id in found:
                raise InvalidInputError(f"{found[id]} and {row} own the same table.")
            if id is not None:
                found[id] = row
    for id, row in rows.get(DataCsv, {}).items():
        if id not in found:
            raise InvalidInputError(f"{row} is owned by nothing.")
    return found


def sources_of_sets(rows: Rows) -> dict[int, set[int]]:
    """The data sources of the preparations of each data set of several, by the id of the set."""
    found: dict[int, set[int]] = defaultdict(set)
    for row in rows.get(DataSetInput, {}).values():
        preparation = rows[DataPreparation][row.values["data_preparation_id"]]
        snapshot = rows[DataSnapshot][preparation.values["data_snapshot_id"]]
        found[row.values["data_set_id"]].add(snapshot.values["data_source_id"])
    return found


def check_inputs(rows: Rows) -> None:
    """Refuse a data set of several preparations whose places are not 0, 1, …, or which has not the one that was asked.

    Raises:
        InvalidInputError: there is one.
    """
    inputs = by_owner(rows.get(DataSetInput, {}).values(), "data_set_id")
    for id, each in inputs.items():
        places = sorted(row.values["position"] for row in each)
        if places != list(range(len(each))):
            raise InvalidInputError(f"The preparations of DataSet({id}) have the places {str(places)[:60]}.")
        asked = rows[DataSet][id].values["data_preparation_id"]
        if asked not in {row.values["data_preparation_id"] for row in each}:
            raise InvalidInputError(f"DataSet({id}) is of preparation {asked}, which is not among its preparations.")


def check_panels(rows: Rows) -> None:
    """Refuse data of sources that the panel of its project does not have.

    Raises:
        InvalidInputError: there is such.
    """
    panels: dict[int, set[int]] = defaultdict(set)
    for member in rows.get(PanelMember, {}).values():
        panels[member.values["panel_id"]].add(member.values["data_source_id"])
    pooled = sources_of_sets(rows)
    for row in rows.get(Research, {}).values():
        known = _sources_of_panel(rows, row, panels)
        preparation_id = row.values["data_preparation_id"]
        if known is not None and preparation_id is not None:
            snapshot = rows[DataSnapshot][rows[DataPreparation][preparation_id].values["data_snapshot_id"]]
            if snapshot.values["data_source_id"] not in known:
                raise InvalidInputError(
                    f"{row} has a preparation of a data source that the panel of its project has not."
                )
    for row in rows.get(Model, {}).values():
        known = _sources_of_panel(rows, rows[Research][row.values["research_id"]], panels)
        set_id = row.values["data_set_id"]
        if known is None or set_id is None:
            continue
        data_set = rows[DataSet][set_id].values
        is_pooled = "series" in rows[DataCsv][data_set["data_csv_id"]].values["columns"]
        if data_set["data_preparation_id"] is None or (is_pooled and not pooled[set_id] <= known):
            raise InvalidInputError(f"{row} has samples of a data source that the panel of its project has not.")


def _sources_of_panel(rows: Rows, research: Row, panels: dict[int, set[int]]) -> set[int] | None:
    """The sources of the panel that the project of a research is over; None where it is over one source."""
    panel_id = rows[Project][research.values["project_id"]].values["panel_id"]
    return None if panel_id is None else panels[panel_id]


def check_members(rows: Rows) -> None:
    """Refuse an ensemble whose result is of more or fewer members than it has.

    Raises:
        InvalidInputError: there is one.
    """
    items = by_owner(rows.get(EnsembleItem, {}).values(), "ensemble_id")
    for row in rows.get(Ensemble, {}).values():
        living = [item for item in items[row.id] if "dropped" not in item.values["properties"]]
        living.sort(key=lambda item: item.values["position"])
        try:
            if row.values["result"] is not None:
                EnsembleResult.from_json(row.values["result"], [item.id for item in living]).to_json()
            if row.values["formed"] is not None:
                EnsembleSearch.from_json(row.values["formed"], []).to_json()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise InvalidInputError(f"{row} has other members than its result: {error!r:.100}.") from error


def _once(keys: Iterable[tuple[Hashable, Row]], fact: str) -> None:
    seen: dict[Hashable, Row] = {}
    for key, row in keys:
        if key in seen:
            raise InvalidInputError(f"{seen[key]} and {row} {fact}.")
        seen[key] = row
