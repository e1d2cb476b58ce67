"""The commands `policy …`: also the way back in when a policy of an older version can no longer be read."""

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
