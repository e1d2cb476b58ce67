"""The commands `policy …`: also the way back in when a policy of an older version can no longer be read."""

import sys
from typing import Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.text_file import read_text_file
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
def explain(
    action: Annotated[str, typer.Argument(help="Such as train or release.", metavar="ACTION", show_default=False)],
    table: Annotated[str, typer.Argument(help="Such as model.", metavar="TABLE", show_default=False)],
    user: Annotated[str, typer.Option(help="Name of a user.", show_default=False)] = "",
    role: Annotated[str | None, typer.Option(help="Role; by default that of the user.", show_default=False)] = None,
    via: Annotated[str, typer.Option(help="Way in: session, token or link.")] = "session",
    address: Annotated[str, typer.Option(help="IP address of the client.", show_default=False)] = "",
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Tell who may do what, and which policies decide it.

    Example: enstorage policy explain release model --role analyst
    """
    from enorchestrator.policy.cases import explain as explained
    from enorchestrator.policy.engine import texts_of_product
    from enorchestrator.policy.stored import enabled_policies

    connector = open_store(store)
    answer = explained(connector, action, table, user=user, role=role, via=via, address=address)
    texts = texts_of_product() | dict(enabled_policies(connector))
    deciding = {name: texts[name] for name in answer.policies if name in texts}
    if as_json:
        print_json({"allowed": answer.is_allowed, "reason": answer.reason, "policies": deciding})
        return
    who = f"{user} ({role})" if user and role else user or f"Somebody with the role {role}"
    may = "may" if answer.is_allowed else "may not"
    print_line(f"{who} {may} {action} {table}" + (f": {answer.reason}." if answer.reason else "."))
    for name, text in deciding.items():
        print_line(f"{name}:")
        print_lines("\n".join(f"  {line}" for line in text.strip().split("\n")))


def try_cases(
    file: Annotated[
        str,
        typer.Argument(help="Cases in YAML or JSON, or - for standard input.", metavar="FILE", show_default=False),
    ],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Test policies by cases of who may do what.

    The file has cases, each with action, table, expect (allow or deny), and user or role; and may have policies by name,
    which are tried with those in force and not stored. The status is 1 if an answer is another one than expected.

    Example: enstorage policy test cases.yaml
    """
    from enorchestrator.policy.cases import LARGEST, PolicyCases, try_policies

    found = try_policies(open_store(store), PolicyCases.read(read_text_file(file, LARGEST)))
    wrong = [each for each in found if not each.is_as_expected]
    if as_json:
        results = [
            each.case.model_dump() | {"allowed": each.answer.is_allowed, "reason": each.answer.reason} for each in found
        ]
        print_json({"cases": results, "failed": len(wrong)})
    else:
        for each in wrong:
            case = each.case
            who = case.user or f"the role {case.role}"
            why = each.answer.reason or f"permitted by {', '.join(each.answer.policies)}"
            print_line(f"{case.action} {case.table} by {who}: expected {case.expect}; {why}.")
        print_line(f"{len(found) - len(wrong)} of {len(found)} cases are as expected.")
    if wrong:
        raise typer.Exit(1)


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
