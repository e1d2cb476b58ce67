"""The commands `create …`: one for each entity, by options or from JSON, through `enstorage.create`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.commands.given import read_named, read_object, without_none
from enmyadmin.commands.opening import Store, open_store
from enmyadmin.commands.preparing import Clean, Seed, Split, Test, Train, Transform, Valid
from enmyadmin.commands.records import described, entity_class, find_record
from enmyadmin.output import Json, print_json

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="All of it as a JSON object, a file, or - for standard input; options replace what it says.",
        metavar="JSON",
        show_default=False,
    ),
]
Name = Annotated[str | None, typer.Argument(help="Its name.", metavar="NAME", show_default=False)]
Description = Annotated[str | None, typer.Option(help="Free text.", show_default=False)]
Project = Annotated[str | None, typer.Option(help="Id or name of the project.", show_default=False)]
Preparation = Annotated[str | None, typer.Option(help="Id of the preparation.", show_default=False)]


def data_source(
    name: Name = None,
    interval: Annotated[
        str | None, typer.Option(help="Such as 1y, 1mo, 1d, 15m; for events none.", show_default=False)
    ] = None,
    aggregate: Annotated[
        str | None, typer.Option(help="Such as mean, sum, last, count; mean by default.", show_default=False)
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Of the values.", show_default=False)] = None,
    time_from: Annotated[str | None, typer.Option(help="Start of the period of snapshots.", show_default=False)] = None,
    time_to: Annotated[str | None, typer.Option(help="End of that period, not part of it.", show_default=False)] = None,
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a data source without points.

    Example: enstorage create data-source Load --interval 1h --unit MW
    """
    options = {"name": name, "time_interval": interval, "aggregate": aggregate, "unit": unit}
    period = {"time_from": time_from, "time_to": time_to}
    _create("data_source", given, {**options, **period, "description": description}, store, as_json=as_json)


def project(
    name: Name = None,
    source: Annotated[str | None, typer.Option(help="Id or name of its data source.", show_default=False)] = None,
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a project over a data source.

    Example: enstorage create project "Load of tomorrow" --source Load
    """
    options = {"name": name, "data_source": source, "description": description}
    _create("project", given, options, store, as_json=as_json)


def preparation(
    snapshot: Annotated[str | None, typer.Option(help="Id of the snapshot.", show_default=False)] = None,
    clean: Clean = None,
    transform: Transform = None,
    train: Train = None,
    valid: Valid = None,
    test: Test = None,
    split: Split = None,
    seed: Seed = None,
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a preparation of a snapshot, as `enstorage prepare` does.

    Example: enstorage create preparation --snapshot 1 --clean linear --transform minmax
    """
    methods = {"clean_method": clean, "transform_method": transform, "split": split, "seed": seed}
    parts = {"train_part": train, "valid_part": valid, "test_part": test}
    options = {"data_snapshot": snapshot, **methods, **parts, "description": description}
    _create("data_preparation", given, options, store, as_json=as_json)


def data_set(
    name: Name = None,
    preparation: Preparation = None,
    lag: Annotated[
        int | None, typer.Option(help="Of windows: how many values a model sees.", show_default=False)
    ] = None,
    offset: Annotated[
        int | None, typer.Option(help="Of windows: how far ahead the first target lies.", show_default=False)
    ] = None,
    horizon: Annotated[int | None, typer.Option(help="Of windows: how many targets.", show_default=False)] = None,
    step: Annotated[
        int | None, typer.Option(help="Of windows: keep every so many targets.", show_default=False)
    ] = None,
    adapter: Annotated[
        str | None,
        typer.Option(help="Another adapter: its name, or a JSON object.", metavar="JSON", show_default=False),
    ] = None,
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a data set: samples for models, by default windows of values.

    Example: enstorage create data-set --preparation 1 --lag 7
    """
    window = without_none({"lag": lag, "offset": offset, "horizon": horizon, "step": step})
    recipe = read_named(adapter, "--adapter")
    if window:
        recipe = {"name": "window", **(recipe or {}), **window}
    options = {"name": name, "data_preparation": preparation, "adapter": recipe, "description": description}
    _create("data_set", given, options, store, as_json=as_json)


def research(
    name: Name = None,
    project: Project = None,
    preparation: Preparation = None,
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a research: models that see data prepared in one way.

    Example: enstorage create research LSTM --project 1
    """
    options = {"name": name, "project": project, "data_preparation": preparation, "description": description}
    _create("research", given, options, store, as_json=as_json)


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
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a model, to be trained by `enstorage fit`.

    Example: enstorage create model "lag 7" --research LSTM --data-set 2 --network paper_lstm
    """
    options = {
        "name": name,
        "research": research,
        "data_set": data_set,
        "network": read_named(network, "--network"),
        "description": description,
    }
    _create("model", given, options, store, as_json=as_json)


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
    description: Description = None,
    given: From = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create an ensemble, to be built by `enstorage render`.

    Example: enstorage create ensemble --project 1 --method blending --metamodel Ridge --model 1 --model 2
    """
    options = {
        "name": name,
        "project": project,
        "method": method,
        "metamodel": metamodel,
        "models": model,
        "ensembles": member,
        "fit_on": fit_on,
        "parameters": read_object(parameters, "--parameters") if parameters else None,
        "description": description,
    }
    _create("ensemble", given, options, store, as_json=as_json)


#: What values name by id or name, and its entity.
_PARENTS = {
    "data_source": "data_source",
    "data_snapshot": "data_snapshot",
    "data_preparation": "data_preparation",
    "data_set": "data_set",
    "project": "project",
    "research": "research",
    "models": "model",
    "ensembles": "ensemble",
}

#: The commands by the panel of the help, in the order of the work.
PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Data": {"data-source": data_source, "preparation": preparation, "data-set": data_set},
    "Models": {"project": project, "research": research, "model": model},
    "Ensembles": {"ensemble": ensemble},
}


def _create(kind: str, given: str | None, options: Mapping[str, Any], store: Path | None, *, as_json: bool) -> None:
    import enstorage

    values = read_object(given, "--from") | without_none(options)
    connector = open_store(store)
    for key in values.keys() & _PARENTS.keys():
        values[key] = _ids(entity_class(_PARENTS[key]), values[key], connector)
    record = enstorage.create(kind, values, connector=connector)
    print_json(record.as_dictionary()) if as_json else typer.echo(f"Created {described(record)}.")


def _ids(kind: "type[Record]", value: Any, connector: "Connector") -> Any:
    """The id of each name or id in a text; anything else as it is."""
    if isinstance(value, list):
        return [_ids(kind, each, connector) for each in value]
    return find_record(kind, value, connector).id if isinstance(value, str) else value
