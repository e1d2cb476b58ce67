"""The commands `policy …`; they are also the way back in when a policy of an older version can no longer be read."""

import json
import sys
from typing import Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import note, person
from enmyadmin.output import Json, print_json, print_line, print_lines

Name = Annotated[str, typer.Argument(help="Name of the policy.", metavar="NAME", show_default=False)]

_LARGEST = 100_000


def add(
    name: Name,
    text: Annotated[
        str,
        typer.Argument(help="One policy in the language of Cedar, or - for standard input.", show_default=False),
    ],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Add a policy, which is in force at once.

    Example: enstorage policy add "no trash" 'forbid(principal, action == Action::"trash", resource == Table::"ensemble");'
    """
    from enorchestrator.policy.stored import add_policy

    connector = open_store(store)
    given = sys.stdin.read(_LARGEST) if text == "-" else text
    policy = add_policy(connector, name, given, person())
    note(connector, "manage_policies", "policy", policy.id, {"name": name, "text": given})
    print_json(_shown(policy)) if as_json else print_line(f"Policy {policy.id} ({name}) is in force.")


def list_policies(store: Store = None, as_json: Json = False) -> None:
    """List the policies that were added to those of the product.

    Example: enstorage policy list
    """
    from sqlalchemy import select

    from enstorage.ledger import StoredPolicy

    with open_store(store).database.reading() as session:
        policies = session.scalars(select(StoredPolicy).order_by(StoredPolicy.id)).all()
    if as_json:
        print_json([_shown(policy) for policy in policies])
        return
    for policy in policies:
        print_line(f"{policy.name} ({'in force' if policy.enabled else 'disabled'}, by {policy.changed_by})")
        print_lines("\n".join(f"  {line}" for line in policy.text.strip().split("\n")))
    if not policies:
        print_line("There are no policies beside those of the product.")


def disable(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Keep a policy, but ask it no longer.

    Example: enstorage policy disable "no trash"
    """
    _change(store, name, f"The policy {name} is no longer in force.", as_json=as_json, is_enabled=False)


def enable(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Have a disabled policy in force again.

    Example: enstorage policy enable "no trash"
    """
    _change(store, name, f"The policy {name} is in force.", as_json=as_json, is_enabled=True)


def explain(
    action: Annotated[str, typer.Argument(help="Such as release.", metavar="ACTION", show_default=False)],
    table: Annotated[str, typer.Argument(help="Of what it is done to.", metavar="TABLE", show_default=False)],
    user: Annotated[str | None, typer.Option(help="Name of a user.", show_default=False)] = None,
    role: Annotated[str | None, typer.Option(help="Or a role.", show_default=False)] = None,
    via: Annotated[str, typer.Option(help="link, session or token.")] = "session",
    address: Annotated[str, typer.Option(help="IP address of the client.")] = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Tell whether somebody may do something, and why.

    Nothing is done. The exit status is 0 whether it is allowed or not.

    Example: enstorage policy explain release registered_model --role analyst
    """
    from dataclasses import asdict

    from enorchestrator.policy.explain import explain as explained

    found = explained(open_store(store), action, table, user=user, role=role, via=via, address=address)
    if as_json:
        print_json(asdict(found))
        return
    print_line(f"{'Allowed' if found.is_allowed else 'Denied'}: {found.reason}.")
    for each in found.by:
        print_line(f"  {each}")


def try_out(
    expectations: Annotated[
        str, typer.Argument(help="A JSON list, a file with one, or - for standard input.", show_default=False)
    ],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Try out expectations of who may do what.

    Each has action, table, allowed, and role or user. The exit status is 1 if one is not met.

    Example: enstorage policy test '[{"role": "viewer", "action": "trash", "table": "model", "allowed": false}]'
    """
    from pathlib import Path

    from enorchestrator.policy.explain import try_policies
    from enstorage.errors import InvalidInputError

    text = sys.stdin.read(_LARGEST) if expectations == "-" else expectations
    if not text.lstrip().startswith("[") and Path(text).is_file():
        text = Path(text).read_text(encoding="utf-8")
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"The expectations are no JSON: {error}. Expected a list of objects. Correct it."
        ) from None
    results = try_policies(open_store(store), given if isinstance(given, list) else [given])
    if as_json:
        print_json([{**each.question, "expected": each.expected, "allowed": each.found.is_allowed} for each in results])
    else:
        for each in results:
            said = ", ".join(f"{name} {value}" for name, value in each.question.items())
            found = "allowed" if each.found.is_allowed else f"denied ({each.found.reason})"
            print_line(f"{'met' if each.is_met else 'NOT MET'}: {said}: {found}")
    if not all(each.is_met for each in results):
        raise typer.Exit(1)


#: By the words that follow `policy`.
def _change(store: Any, name: str, message: str, *, as_json: bool, is_enabled: bool) -> None:
    from enorchestrator.policy.stored import change_policy, find_policy

    connector = open_store(store)
    policy = change_policy(connector, find_policy(connector, name).id, person(), is_enabled=is_enabled)
    note(connector, "manage_policies", "policy", policy.id, {"enabled": is_enabled})
    print_json(_shown(policy)) if as_json else print_line(message)


def _shown(policy: Any) -> dict[str, Any]:
    return {
        "id": policy.id,
        "name": policy.name,
        "text": policy.text,
        "enabled": policy.enabled,
        "changed_by": policy.changed_by,
    }
