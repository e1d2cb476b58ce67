"""The commands `create …`: one for each entity, by options or from JSON, through `enstorage.create`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.given import read_named, read_object, without_none
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.records import described, entity_class, find_record
from enmyadmin.commands.preparing import PreparationOptions
from enmyadmin.output import Json, print_json, print_line
from enstorage.errors import EnstorageError, InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record

Name = Annotated[str | None, typer.Argument(help="Its name.", metavar="NAME", show_default=False)]
Project = Annotated[str | None, typer.Option(help="Id or name of the project.", show_default=False)]
Preparation = Annotated[str | None, typer.Option(help="Id of the preparation.", show_default=False)]


@dataclass(frozen=True)
class CreateOptions:
    """The options that all commands `create …` have in common."""

    description: Annotated[str | None, typer.Option(help="Free text.", show_default=False)] = None
    given: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="All of it as a JSON object, a file, or - for standard input; options replace its values.",
            metavar="JSON",
            show_default=False,
        ),
    ] = None
    store: Store = None
    as_json: Json = False


def data_source(
    name: Name = None,
    interval: Annotated[
        str | None, typer.Option(help="Such as 1y, 1mo, 1d, 15m; for events none.", show_default=False)
    ] = None,
    aggregate: Annotated[
        str | None, typer.Option(help="Such as mean, sum, last, count; mean by default.", show_default=False)
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of the values.", show_default=False)] = None,
    time_zone: Annotated[
        str | None,
        typer.Option(help="Such as Europe/London, whose days are meant; UTC by default.", show_default=False),
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(help="Local start of one bucket, such as 2022-03-01 for quarters from March.", show_default=False),
    ] = None,
    time_from: Annotated[str | None, typer.Option(help="Start of the period of snapshots.", show_default=False)] = None,
    time_to: Annotated[str | None, typer.Option(help="End of that period, not part of it.", show_default=False)] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a data source without points.

    Example: enstorage create data-source Load --interval 1h --unit MW
    """
    options = {"name": name, "time_interval": interval, "aggregate": aggregate, "unit": unit}
    clock = {"time_zone": time_zone, "anchor": anchor, "time_from": time_from, "time_to": time_to}
    _create("data_source", {**options, **clock}, common)


def project(
    name: Name = None,
    source: Annotated[str | None, typer.Option(help="Id or name of its data source.", show_default=False)] = None,
    panel: Annotated[
        str | None, typer.Option(help="Id or name of its panel, instead of a source.", show_default=False)
    ] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a project over a data source or a panel.

    Example: enstorage create project "Load of tomorrow" --source Load
    """
    _create("project", {"name": name, "data_source_id": source, "panel_id": panel}, common)


def panel(
    name: Name = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="KEY=SOURCE, a source by id or name with its key; repeat it for each.", show_default=False),
    ] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a panel: a named set of sources with a key for each.

    Example: enstorage create panel Rivers --source upper=1 --source lower=2
    """
    from enstorage import DataSource

    pairs = [each.partition("=") for each in source or []]
    if wrong := [key for key, equals, which in pairs if not (key and equals and which)]:
        raise InvalidInputError(f"--source is KEY=SOURCE, such as upper=1; received {wrong[0]!r}.")
    connector = open_store(common.store)
    sources = {key: find_record(DataSource, which, connector) for key, _, which in pairs}
    with connector.transaction():
        record = _record("panel", {"name": name}, common, connector)
        record.add_all(sources)
    _print_created(record, common)


def preparation(
    snapshot: Annotated[str | None, typer.Option(help="Id of the snapshot.", show_default=False)] = None,
    *,
    preparing: PreparationOptions,
    common: CreateOptions,
) -> None:
    """Create a preparation: clean, transform and split a snapshot.

    Example: enstorage create preparation --snapshot 1 --clean linear --transform minmax
    """
    _create("data_preparation", {"data_snapshot_id": snapshot, **asdict(preparing)}, common)


def data_set(
    name: Name = None,
    preparation: Annotated[
        list[str] | None,
        typer.Option(help="Id of the preparation; repeat it for samples of several series.", show_default=False),
    ] = None,
    lag: Annotated[
        int | None, typer.Option(help="Of windows: number of values that a model gets.", show_default=False)
    ] = None,
    offset: Annotated[
        int | None, typer.Option(help="Of windows: distance of the first target, in steps.", show_default=False)
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="Of windows: number of targets.", show_default=False)] = None,
    step: Annotated[int | None, typer.Option(help="Of windows: keep each n-th target.", show_default=False)] = None,
    adapter: Annotated[
        str | None,
        typer.Option(help="Another adapter: its name, or a JSON object.", metavar="JSON", show_default=False),
    ] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a data set: samples for models.

    Samples are windows of values, or come from another adapter.

    Example: enstorage create data-set --preparation 1 --lag 7
    """
    window = without_none({"lag": lag, "offset": offset, "horizon": horizon, "step": step})
    recipe = read_named(adapter, "--adapter")
    if window:
        recipe = {"name": "window", **(recipe or {}), **window}
    several = preparation if preparation and len(preparation) > 1 else None
    one = preparation[0] if preparation and not several else None
    inputs = {"data_preparation_id": one, "data_preparation_ids": several}
    options = {"name": name, "adapter": recipe, **inputs}
    _create("data_set", options, common)


def research(
    name: Name = None,
    project: Project = None,
    preparation: Preparation = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a research for models of one preparation.

    Example: enstorage create research LSTM --project 1
    """
    options = {"name": name, "project_id": project, "data_preparation_id": preparation}
    _create("research", options, common)


def model(
    name: Name = None,
    research: Annotated[str | None, typer.Option(help="Id or name of its research.", show_default=False)] = None,
    data_set: Annotated[str | None, typer.Option(help="Id or name of its data set.", show_default=False)] = None,
    network: Annotated[
        str | None,
        typer.Option(
            help="The name of a network, such as lstm, or a JSON object with its parameters.",
            metavar="JSON",
            show_default=False,
        ),
    ] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create a model for `enstorage fit` to train.

    Example: enstorage create model "lag 7" --research LSTM --data-set 2 --network paper-lstm
    """
    options = {
        "name": name,
        "research_id": research,
        "data_set_id": data_set,
        "network": read_named(network, "--network"),
    }
    _create("model", options, common)


def ensemble(
    name: Name = None,
    project: Project = None,
    method: Annotated[
        str | None, typer.Option(help="Such as voting, weighted_voting, blending, stacking.", show_default=False)
    ] = None,
    metamodel: Annotated[
        str | None, typer.Option(help="Class name of an estimator, such as Ridge.", show_default=False)
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Id or name of a member; repeat it for each.", show_default=False)
    ] = None,
    member: Annotated[
        list[str] | None,
        typer.Option("--ensemble", help="Id or name of an ensemble as member; repeat it.", show_default=False),
    ] = None,
    fit_on: Annotated[str | None, typer.Option(help="train, valid or out_of_fold.", show_default=False)] = None,
    parameters: Annotated[
        str | None, typer.Option(help="Of the method, as a JSON object.", metavar="JSON", show_default=False)
    ] = None,
    *,
    common: CreateOptions,
) -> None:
    """Create an ensemble for `enstorage render` to build.

    Example: enstorage create ensemble --project 1 --method blending --metamodel Ridge --model 1 --model 2
    """
    options = {
        "name": name,
        "project_id": project,
        "method": method,
        "metamodel": metamodel,
        "model_ids": model,
        "ensemble_ids": member,
        "fit_on": fit_on,
        "parameters": read_object(parameters, "--parameters") if parameters else None,
    }
    _create("ensemble", options, common)


#: The options of fields that are called otherwise in JSON.
_OPTIONS = {
    "data_source_id": "--source",
    "data_snapshot_id": "--snapshot",
    "data_preparation_id": "--preparation",
    "data_set_id": "--data-set",
    "project_id": "--project",
    "research_id": "--research",
    "model_ids": "--model",
    "ensemble_ids": "--ensemble",
    "name": "NAME",
    "adapter": "--lag or --adapter",
}


def _create(kind: str, options: Mapping[str, Any], common: CreateOptions) -> None:
    _print_created(_record(kind, options, common, open_store(common.store)), common)


def _print_created(record: "Record", common: CreateOptions) -> None:
    print_json(record.as_dictionary()) if common.as_json else print_line(f"Created {described(record)}.")


def _record(kind: str, options: Mapping[str, Any], common: CreateOptions, connector: "Connector") -> Any:
    """The stored record of JSON given by `--from` and of options, which replace its values."""
    import enstorage

    values = read_object(common.given, "--from") | without_none({**options, "description": common.description})
    if values.get("network") is not None:
        values["network"] = _network(values["network"])
    for field in enstorage.fields(kind):
        if field.entity is not None and field.name in values:
            values[field.name] = _ids(entity_class(field.entity), values[field.name], connector)
    try:
        return enstorage.create(kind, values, connector=connector)
    except EnstorageError as error:
        if error.field not in values and error.field in _OPTIONS:
            error.args = (f"{error} Give it by {_OPTIONS[error.field]}.",)
        raise


def _network(recipe: Any) -> dict[str, Any]:
    """The complete JSON of a network, with defaults; a wrong parameter is refused before a record is made."""
    from entrainer.networks.specification import spec_from_json

    if not isinstance(recipe, Mapping):
        raise InvalidInputError(f"The network is {recipe!r:.60}; expected a JSON object with its name and parameters.")
    return spec_from_json(recipe).to_json()


def _ids(kind: "type[Record]", value: Any, connector: "Connector") -> Any:
    """The id of each name or id in a text; anything else as it is."""
    if isinstance(value, list):
        return [_ids(kind, each, connector) for each in value]
    return find_record(kind, value, connector).id if isinstance(value, str) else value
