"""Rules between the columns of a record and between records; rules of a single column are in its facts."""

import re
from collections.abc import Callable
from typing import Any

from enstorage import plugins
from enstorage.adapter.base import adapter_from_json
from enstorage.bundle.contents.closure import Kind
from enstorage.bundle.contents.relations import Rows
from enstorage.calendars.calendar import Calendar
from enstorage.entity import (
    DataCsv,
    DataPreparation,
    DataSet,
    DataSnapshot,
    DataSource,
    Ensemble,
    EnsembleItem,
    Forecast,
    Model,
    ModelCurve,
    PanelMember,
    Project,
    Research,
    Scene,
    SceneBand,
)
from enstorage.entity._arrays import array_adapter
from enstorage.entity._inputs import check_adapter
from enstorage.entity.columns import facts_of
from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.formats.base import FORMATS
from enstorage.instant import MAX_NS, MIN_NS, not_years
from enstorage.objects.base import is_hash
from enstorage.preparation.split import PARTS, check_part, check_parts
from enstorage.preparation.transform import FittedTransform, Transform


def check_rows(rows: Rows) -> None:
    """Refuse records that no store would have made.

    Raises:
        InvalidInputError: the message names the first one that was found.
    """
    for entity, records in rows.items():
        check = _CHECKS.get(entity, _no_more)
        for row in records.values():
            try:
                _columns(entity, row.values)
                check(row.values, rows)
            except EnstorageError as error:
                raise InvalidInputError(f"{row}: {error}") from error
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InvalidInputError(f"{row} is not as its entity makes it: {error!r:.100}.") from error


def _check(holds: object, fact: str) -> None:
    if not holds:
        raise InvalidInputError(fact)


def _columns(entity: Kind, values: dict[str, Any]) -> None:
    """Check each column by itself, by its facts."""
    for name, known in facts_of(entity).items():
        value = values.get(name)
        if value is None:
            continue
        if known.is_time:
            _check(MIN_NS <= value <= MAX_NS, f"the {name} {value} cannot be kept.")
        if known.canonical is not None:
            _check(known.canonical(value) == value, f"its {name} is {value!r:.60}.")


def _no_more(_values: dict[str, Any], _rows: Rows) -> None:
    """Nothing holds for its records beside the facts of their columns."""


def _parent(values: dict[str, Any], name: str, entity: Kind, rows: Rows) -> dict[str, Any] | None:
    """The values of the record that a foreign key refers to; None where it refers to none."""
    id = values[name]
    return None if id is None else rows[entity][id].values


def _period(values: dict[str, Any]) -> None:
    start, end = values["time_from"], values["time_to"]
    _check(start is None or end is None or start < end, "its period is empty.")


def _project(values: dict[str, Any], _rows: Rows) -> None:
    one = (values["data_source_id"] is None) != (values["panel_id"] is None)
    _check(one, "it is not over one data source or one panel.")


def _panel_member(values: dict[str, Any], _rows: Rows) -> None:
    _check(values["key"], "its key is empty.")


def _scene(values: dict[str, Any], _rows: Rows) -> None:
    west, south, east, north = (values[bound] for bound in ("west", "south", "east", "north"))
    _check(-180 <= west <= east <= 180 and -90 <= south <= north <= 90, "its bounds are not on the Earth.")
    _check(values["cloud_share"] is None or 0 <= values["cloud_share"] <= 1, "its cloud share is not 0 to 1.")
    _check(values["version"] >= 1, "its version is below 1.")


def _scene_band(values: dict[str, Any], _rows: Rows) -> None:
    _check(is_hash(values["source_sha256"]), "the hash of its file is none.")
    _check(values["bytes"] >= 0, "its size is below 0.")


def _data_source(values: dict[str, Any], _rows: Rows) -> None:
    _period(values)
    calendar = _calendar(values)
    for time in (values["time_from"], values["time_to"]):
        not_years([] if time is None or (calendar and calendar.is_counter) else time)


def _calendar(values: dict[str, Any]) -> Calendar | None:
    """The calendar of a source or a snapshot; an anchor may be none of its interval."""
    others = {"time_zone": values["time_zone"], "anchor": values["anchor"], **(values["dates"] or {})}
    return None if values["time_interval"] is None else Calendar.parse(values["time_interval"], **others)


def _data_snapshot(values: dict[str, Any], _rows: Rows) -> None:
    _period(values)
    _calendar(values)
    _check(0 <= values["empty_rows"] <= values["rows"], "it has more empty rows than rows.")


def _data_preparation(values: dict[str, Any], _rows: Rows) -> None:
    transform, state = values["transform_method"], values["state"]
    train, valid, test = (values[f"{part}_part"] for part in PARTS)
    check_parts(train, valid, test, values["split"], values["seed"])
    fitted = FittedTransform.from_json(state["transform"])
    asked = [name for name, _ in Transform.parse(transform).steps]
    _check([step.name for step in fitted.steps] == asked, "the fitted transform is another than the transform.")
    _check(type(state["leaks"]) is bool, "its state does not say whether it leaks.")
    _check(
        "fitted_on" not in state or (type(state["fitted_on"]) is int and state["fitted_on"] > 0),
        "its state says a wrong number of rows that it was fitted on.",
    )


def _data_set(values: dict[str, Any], _rows: Rows) -> None:
    recipe = values["adapter"]
    if values["data_preparation_id"] is None:
        shapes = [recipe["X"], recipe["y"]]
        if recipe["name"] != "arrays":
            array_adapter(recipe)
        _check(all(type(size) is int and size >= 0 for shape in shapes for size in shape), "its shapes are no numbers.")
    else:
        check_adapter(adapter_from_json(recipe))
    _counts(values["lost"])


def _research(values: dict[str, Any], rows: Rows) -> None:
    preparation = _parent(values, "data_preparation_id", DataPreparation, rows)
    if preparation is not None:
        snapshot, project = rows[DataSnapshot][preparation["data_snapshot_id"]], rows[Project][values["project_id"]]
        same = project.values["data_source_id"] in (None, snapshot.values["data_source_id"])
        _check(same, "its preparation is of another data source than its project.")


def _model(values: dict[str, Any], rows: Rows) -> None:
    data_set = _parent(values, "data_set_id", DataSet, rows)
    if data_set is not None:
        research = rows[Research][values["research_id"]].values
        same = data_set["data_preparation_id"] in (None, research["data_preparation_id"])
        _check(same, "its data set is of another preparation than its research.")
    _object(values)
    size = values["object_bytes"]
    _check((size is None) == (values["object_sha256"] is None), "its object has no size.")


def _object(values: dict[str, Any]) -> None:
    form = values["object_format"]
    _check((form is None) == (values["object_sha256"] is None), "its object has no format.")
    known = plugins.names(FORMATS)
    _check(
        form is None or form in known,
        f"its object has the format {form!r}; expected {', '.join(known)}. Install the plug-in that brings the format.",
    )


def _model_curve(values: dict[str, Any], _rows: Rows) -> None:
    _check(ModelCurve(data=values["data"]).table().height == values["rows"], "it has another number of rows.")


def _forecast(values: dict[str, Any], _rows: Rows) -> None:
    _check((values["model_id"] is None) != (values["ensemble_id"] is None), "it is not of one model or one ensemble.")


def _ensemble(values: dict[str, Any], _rows: Rows) -> None:
    _object(values)
    result = values["result"]
    _check((result is None) == (values["data_csv_id"] is None), "it has a table without a result, or the reverse.")
    if result is not None:
        _result(result)


def _result(result: dict[str, Any]) -> None:
    names = list(result["alignment"]["lost"])
    _counts(result["alignment"]["lost"])
    _counts(result["test_rows_trained_on"])
    _check(result["test_rows_trained_on"].keys() <= set(names), "its result is of other members.")
    counts = [result["alignment"]["common"], result["alignment"].get("not_measured", 0)]
    _check(all(type(count) is int for count in counts), "its alignment has no number of rows.")
    _check(type(result["mark"]) is str and type(result["leaks"]) is bool, "its result has no mark.")
    for part, measured in result["metrics"].items():
        check_part(part)
        _check(list(measured["members"]) == names, "its errors are not those of its members.")
        for errors in (*measured["members"].values(), measured["ensemble"]):
            _check(type(errors["rmse"]) is float, "its errors are no numbers.")
    if "diagnosis" in result:
        _diagnosis(result["diagnosis"], names)


def _diagnosis(found: dict[str, Any], names: list[str]) -> None:
    suggestion = found["suggestion"]
    tables = [part[key] for part in found["parts"].values() for key in ("errors", "leave_one_out")]
    _check(found["members"] == names, "its diagnosis is of other members.")
    _check(all(table is None or list(table) == names for table in tables), "its diagnosis is of other members.")
    _check({*suggestion["drop"], *suggestion["changes"]} <= set(names), "its diagnosis suggests other members.")


def _ensemble_item(values: dict[str, Any], rows: Rows) -> None:
    model_id, member_id = values["model_id"], values["member_id"]
    _check((model_id is None) != (member_id is None), "it is not of one model or one ensemble.")
    if member_id is None:
        owner = rows[Research][rows[Model][model_id].values["research_id"]].values
    else:
        owner = rows[Ensemble][member_id].values
        _check(member_id < values["ensemble_id"], "its member was made after the ensemble.")
    ensemble = rows[Ensemble][values["ensemble_id"]].values
    _check(owner["project_id"] == ensemble["project_id"], "its member is of another project than its ensemble.")
    _check(values["position"] >= 0, "its position is below 0.")


def _data_csv(values: dict[str, Any], _rows: Rows) -> None:
    _check(min(values["rows"], values["bytes"]) >= 0, "its size is below 0.")
    kept = values["local_ids"]
    if kept is not None:
        _check(
            {"data_source", "model"} <= kept.keys() <= {"data_source", "model", "ensemble"},
            "its local ids are not of sources, models and ensembles.",
        )
        for there, here in ((there, here) for ids in kept.values() for there, here in ids.items()):
            _check(re.fullmatch("[1-9][0-9]{0,18}", there) and type(here) is int, "its local ids are no ids.")


def _counts(counts: dict[str, Any]) -> None:
    _check(all(type(count) is int for count in counts.values()), "its counts are not integers.")


_CHECKS: dict[Kind, Callable[[dict[str, Any], Rows], None]] = {
    DataCsv: _data_csv,
    Project: _project,
    DataSource: _data_source,
    PanelMember: _panel_member,
    Scene: _scene,
    SceneBand: _scene_band,
    DataSnapshot: _data_snapshot,
    DataPreparation: _data_preparation,
    DataSet: _data_set,
    Research: _research,
    Model: _model,
    ModelCurve: _model_curve,
    Forecast: _forecast,
    Ensemble: _ensemble,
    EnsembleItem: _ensemble_item,
}
