"""The commands `token …`."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.period import parse_period
from enmyadmin.commands.access import note
from enmyadmin.output import Json, print_json, print_line, print_table


def create(
    user: Annotated[str, typer.Argument(help="Name of the user it stands for.", metavar="USER", show_default=False)],
    name: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    role: Annotated[str | None, typer.Option(help="The most that it may do.", show_default=False)] = None,
    expires: Annotated[str | None, typer.Option(help="Time until it expires, such as 90d.", show_default=False)] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Create a token for a program; its secret is shown this once.

    Example: enstorage token create anna --name nightly --role analyst --expires 90d
    """
    from enmyadmin.access.tokens import issue
    from enmyadmin.access.users import find_user

    connector = open_store(store)
    expires_at = None if expires is None else datetime.now(UTC) + parse_period(expires, "--expires")
    token, secret = issue(connector, find_user(connector, user).id, "api", name=name, limit=role, expires_at=expires_at)
    note(connector, "create", "token", token.id, {"user": user, "name": name, "role": role})
    if as_json:
        print_json({"id": token.id, "secret": secret, "expires_at": expires_at})
        return
    print_line(f"Token {token.id} of {user}; keep it now, it is not shown again:", err=True)
    print_line(secret)


def list_tokens(store: Store = None, as_json: Json = False) -> None:
    """List tokens and sessions.

    Example: enstorage token list
    """
    from sqlalchemy import select

    from enstorage.ledger import Token, User

    query = select(Token, User.name).join(User, User.id == Token.user_id).order_by(Token.id)
    with open_store(store).database.reading() as session:
        found = [_shown(token, user) for token, user in session.execute(query)]
    if as_json:
        print_json(found)
    elif found:
        heads = ["id", "user", "kind", "name", "at most", "expires", "last used", "revoked"]
        print_table(heads, [list(each.values()) for each in found])
    else:
        print_line("There are no tokens. Create one: enstorage token create USER")


def revoke(
    token: Annotated[int, typer.Argument(help="Id of the token or session.", metavar="ID", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Have a token or a session refused from now on.

    Example: enstorage token revoke 3
    """
    from enmyadmin.access.tokens import revoke as revoke_token

    connector = open_store(store)
    with connector.transaction() as session:
        revoked = revoke_token(session, token)
        note(connector, "trash", "token", token, None)
    if as_json:
        print_json({"id": token, "revoked_at": revoked.revoked_at})
    else:
        print_line(f"Token {token} is refused from now on.")


#: By the words that follow `token`.
def _shown(token: Any, user: str) -> dict[str, Any]:
    return {
        "id": token.id,
        "user": user,
        "kind": token.kind,
        "name": token.name,
        "role": token.role,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
