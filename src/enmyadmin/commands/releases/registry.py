"""The commands `registry …`: list, show, register, evaluate, promote, rollback, gates, alias, reject, check, delete."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.confirmation import Yes, ask_before
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import note, person
from enmyadmin.output import Json, print_json, print_line, print_table

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.ledger import ModelVersion, VersionEvaluation

Name = Annotated[str, typer.Argument(help="Name of the registered model.", metavar="NAME", show_default=False)]
Version = Annotated[str, typer.Argument(help="Number of the version, or an alias.", metavar="VERSION")]
Remark = Annotated[str, typer.Option(help="Why, for the history.")]
_SHOWN_METRICS = ("mae", "rmse", "mase", "accuracy")


def list_registered(store: Store = None, as_json: Json = False) -> None:
    """List registered models with their versions in production.

    Example: enstorage registry list
    """
    from enorchestrator import aliases_of, list_versions
    from enorchestrator import list_registered as read_registered

    connector = open_store(store)
    found: list[dict[str, Any]] = []
    for each in read_registered(connector=connector):
        latest = list_versions(each.name, connector=connector)[:1]
        aliases = aliases_of(each.name, connector=connector)
        found.append({"name": each.name, "versions": latest[0].version if latest else 0, "aliases": aliases})
    if as_json:
        print_json(found)
        return
    rows = [[each["name"], each["versions"], *_of_aliases(each["aliases"])] for each in found]
    heads = ["name", "versions", "production", "challenger", "previous"]
    print_table(heads, rows) if rows else print_line("There are no registered models.")


def show(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Show the versions of a registered model side by side.

    Example: enstorage registry show load
    """
    from enorchestrator import alias_history, aliases_of, find_registered, list_evaluations, list_versions

    connector = open_store(store)
    found, versions = find_registered(name, connector=connector), list_versions(name, connector=connector)
    aliases = aliases_of(name, connector=connector)
    latest: dict[int, VersionEvaluation] = {}
    for evaluation in list_evaluations(name, connector=connector):
        latest.setdefault(evaluation.version_id, evaluation)
    if as_json:
        about = {"name": name, "description": found.description, "gates": found.gates, "aliases": aliases}
        print_json(about | {"versions": [_as_json(each, latest.get(each.id)) for each in versions]})
        return
    metrics = [each for each in _SHOWN_METRICS if any(each in version.metrics["test"] for version in versions)]
    rows = [
        [
            each.version,
            ", ".join(alias for alias, number in aliases.items() if number == each.version),
            f"{each.entity} {each.entity_id}",
            _state(each, latest.get(each.id)),
            *(each.metrics["test"].get(metric) for metric in metrics),
            each.created_by,
            f"{each.created_at:%Y-%m-%d %H:%M}",
        ]
        for each in versions
    ]
    heads = ["version", "alias", "made of", "evaluation", *(f"test {each}" for each in metrics), "by", "at"]
    print_table(heads, rows) if rows else print_line(f"{name} has no versions.")
    numbers = {each.id: each.version for each in versions}
    for change in alias_history(name, connector=connector)[:10]:
        after = "taken away" if change.to_version_id is None else f"version {numbers.get(change.to_version_id)}"
        why = f": {change.remark}" if change.remark else ""
        print_line(
            f"{change.created_at:%Y-%m-%d %H:%M} {change.alias} → {after} ({change.reason}, {change.changed_by}){why}"
        )


def register(
    name: Name,
    ensemble: Annotated[str | None, typer.Option(help="The ensemble: id or name.", show_default=False)] = None,
    model: Annotated[str | None, typer.Option(help="Or the model: id or name.", show_default=False)] = None,
    description: Annotated[str, typer.Option(help="Free text.")] = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Register an ensemble or a model as the next version.

    It is evaluated at once, by the gates of the registered model.

    Example: enstorage registry register load --ensemble 3
    """
    from enmyadmin.arguments.records import find_record
    from enorchestrator import register as register_version
    from enstorage import Ensemble, Model
    from enstorage.errors import InvalidInputError

    if (ensemble is None) == (model is None):
        raise InvalidInputError("Expected either --ensemble or --model. Give one of them.")
    connector = open_store(store)
    kind: Any = Ensemble if ensemble is not None else Model
    entity = find_record(kind, ensemble if ensemble is not None else model or "", connector)
    version, evaluation = register_version(name, entity, description=description, created_by=person())
    if as_json:
        print_json(_as_json(version, evaluation))
        return
    print_line(f"{entity} is version {version.version} of {name}.")
    _print_evaluation(evaluation)


def evaluate(
    name: Name,
    version: Version = "challenger",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Apply the gates to a version, and compare it.

    Example: enstorage registry evaluate load 2
    """
    from enorchestrator import evaluate as evaluate_version
    from enorchestrator import find_version

    connector = open_store(store)
    evaluation = evaluate_version(name, version, created_by=person(), connector=connector)
    found = find_version(name, version, connector=connector)
    print_json(_as_json(found, evaluation)) if as_json else _print_evaluation(evaluation)


def promote(
    name: Name, version: Version = "challenger", remark: Remark = "", store: Store = None, as_json: Json = False
) -> None:
    """Put a version that passed its gates into production.

    Example: enstorage registry promote load 2 --remark "better in winter"
    """
    from enorchestrator import promote as promote_version

    connector = open_store(store)
    found = promote_version(name, version, remark=remark, changed_by=person(), connector=connector)
    note(connector, "release", "registered_model", found.registered_id, {"name": name, "promote": found.version})
    _print_released(name, found, connector, as_json=as_json)


def rollback(name: Name, remark: Remark = "", store: Store = None, as_json: Json = False) -> None:
    """Put the previous version into production again.

    Example: enstorage registry rollback load --remark "too high in winter"
    """
    from enorchestrator import rollback as roll_back

    connector = open_store(store)
    found = roll_back(name, remark=remark, changed_by=person(), connector=connector)
    note(connector, "release", "registered_model", found.registered_id, {"name": name, "rollback": found.version})
    _print_released(name, found, connector, as_json=as_json)


def gates(
    name: Name,
    given: Annotated[
        str | None, typer.Argument(help="The gates as JSON; without them they are shown.", show_default=False)
    ] = None,
    store: Store = None,
) -> None:
    """Show or set the gates of a registered model.

    Gates are limits, floors, challenge, metric, significance, regression, latency_seconds, memory_mb and horizon.

    Example: enstorage registry gates load '{"limits": {"mae": 20}, "challenge": "better"}'
    """
    from enmyadmin.arguments.given import read_object
    from enorchestrator import change_registered, create_registered, find_registered
    from enstorage.errors import NotFoundError

    connector = open_store(store)
    if given is None:
        print_json(find_registered(name, connector=connector).gates)
        return
    content = read_object(given, "GATES")
    try:
        found = change_registered(name, gates=content, connector=connector)
    except NotFoundError:
        found = create_registered(name, gates=content, created_by=person(), connector=connector)
    note(connector, "release", "registered_model", found.id, {"name": name, "gates": content})
    print_json(found.gates)


def alias(
    name: Name,
    alias: Annotated[str, typer.Argument(help="The alias, such as challenger.", metavar="ALIAS", show_default=False)],
    version: Annotated[
        str | None, typer.Argument(help="Number of the version.", metavar="VERSION", show_default=False)
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the alias away.")] = False,
    store: Store = None,
) -> None:
    """Have an alias stand for a version.

    Example: enstorage registry alias load winter 2
    """
    from enorchestrator import name_version
    from enstorage.errors import InvalidInputError

    if (version is None) != remove:
        raise InvalidInputError("Expected a version, or --remove. Give one of them.")
    connector = open_store(store)
    name_version(name, alias, version, changed_by=person(), connector=connector)
    note(connector, "release", "registered_model", 0, {"name": name, "alias": alias, "version": version})
    print_line(f"{name} has no alias {alias}." if remove else f"{alias} of {name} is version {version}.")


def reject(
    name: Name,
    version: Version,
    take_back: Annotated[bool, typer.Option("--take-back", help="It may be promoted again.")] = False,
    store: Store = None,
) -> None:
    """Keep a version for comparison alone.

    Example: enstorage registry reject load 2
    """
    from enorchestrator import reject_version

    found = reject_version(name, version, rejected=not take_back, connector=open_store(store))
    print_line(f"Version {found.version} of {name} is {found.state}.")


def check(name: Name, version: Version = "production", store: Store = None) -> None:
    """Read every byte of a version, and compare it.

    Example: enstorage registry check load production
    """
    from enorchestrator import load_version

    entity = load_version(name, version, connector=open_store(store))
    print_line(f"{entity} is what was registered, byte for byte.")


def delete(name: Name, yes: Yes = False, store: Store = None) -> None:
    """Delete a registered model; its ensembles stay.

    Example: enstorage registry delete load --yes
    """
    from enorchestrator import delete_registered, find_registered

    connector = open_store(store)
    found = find_registered(name, connector=connector)
    ask_before(f"delete the registered model {name} with its versions and their evaluations", yes=yes)
    delete_registered(name, connector=connector)
    note(connector, "release", "registered_model", found.id, {"name": name, "deleted": True})
    print_line(f"The registered model {name} is deleted.")


def _of_aliases(aliases: dict[str, int]) -> list[int | None]:
    return [aliases.get(each) for each in ("production", "challenger", "previous")]


def _state(version: "ModelVersion", evaluation: "VersionEvaluation | None") -> str:
    if version.state == "rejected":
        return "rejected"
    return "none" if evaluation is None else evaluation.state


def _print_evaluation(evaluation: "VersionEvaluation") -> None:
    if evaluation.report is None:
        print_line(f"The evaluation failed, which says nothing of the version: {evaluation.error['detail']}")
        return
    for each in evaluation.report["gates"]:
        print_line(f"{each['outcome']}: {each['message']}")
    print_line(f"The evaluation {evaluation.state}; proposed: {evaluation.report['proposal']}.")


def _print_released(name: str, found: "ModelVersion", connector: "Connector", *, as_json: bool) -> None:
    from enorchestrator import aliases_of

    aliases = aliases_of(name, connector=connector)
    if as_json:
        print_json({"name": name, "version": found.version, "aliases": aliases})
        return
    before = f"; version {aliases['previous']} is the previous one" if "previous" in aliases else ""
    print_line(f"Version {found.version} of {name} is in production{before}.")


def _as_json(version: "ModelVersion", evaluation: "VersionEvaluation | None") -> dict[str, Any]:
    names = ("version", "entity", "entity_id", "fingerprint", "parameters", "inputs", "metrics", "state", "description")
    about = {name: getattr(version, name) for name in (*names, "created_by", "created_at")}
    if evaluation is None:
        return about | {"evaluation": None}
    kept = ("state", "report", "error", "created_by", "created_at")
    return about | {"evaluation": {name: getattr(evaluation, name) for name in kept}}
