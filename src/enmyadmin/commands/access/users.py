"""The commands `user …`."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import note
from enmyadmin.output import Json, ask_secret, print_json, print_line, print_table
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.ledger import User

Name = Annotated[str, typer.Argument(help="Name of the user.", metavar="NAME", show_default=False)]
FromInput = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]

_LONGEST_INPUT = 1000


def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, analyst, releaser or administrator.", show_default=False)],
    password_stdin: FromInput = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Add a user of the web server.

    Example: enstorage user add anna --role administrator
    """
    from enmyadmin.access.users import add_user

    connector = open_store(store)
    user = add_user(connector, name, _password(from_input=password_stdin), role)
    note(connector, "manage_users", "user_account", user.id, {"name": name, "role": role})
    _print(user, f"Added user {user.id} ({name}), {role}.", as_json=as_json)


def list_users(store: Store = None, as_json: Json = False) -> None:
    """List the users of the web server.

    Example: enstorage user list
    """
    from sqlalchemy import select

    from enstorage.ledger import User

    with open_store(store).database.reading() as session:
        users = session.scalars(select(User).order_by(User.id)).all()
    if as_json:
        print_json([_shown(user) for user in users])
        return
    if not users:
        print_line("There are no users. Add one: enstorage user add NAME --role administrator")
        return
    print_table(["id", "name", "role", "disabled", "last log-in"], [list(_shown(user).values()) for user in users])


def role(
    name: Name,
    new_role: Annotated[str, typer.Argument(help="The new role.", metavar="ROLE", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Change the role of a user.

    Example: enstorage user role anna analyst
    """
    _change(store, name, f"{name} is now {new_role}.", as_json=as_json, role=new_role)


def password(name: Name, password_stdin: FromInput = False, store: Store = None, as_json: Json = False) -> None:
    """Set a new password, and end the sessions of the user.

    Example: enstorage user password anna
    """
    message = f"{name} has a new password, and open sessions have ended."
    _change(store, name, message, as_json=as_json, is_password=True, from_input=password_stdin)


def disable(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Disable a user, whose sessions and tokens end.

    Example: enstorage user disable anna
    """
    message = f"{name} can no longer log in, and sessions and tokens have ended."
    _change(store, name, message, as_json=as_json, is_disabled=True)


def enable(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Let a disabled user log in again.

    Example: enstorage user enable anna
    """
    _change(store, name, f"{name} can log in again.", as_json=as_json, is_disabled=False)


#: By the words that follow `user`.
def _change(
    store: Any,
    name: str,
    message: str,
    *,
    as_json: bool,
    is_password: bool = False,
    from_input: bool = False,
    **changes: Any,
) -> None:
    from enmyadmin.access.users import change_user, find_user

    connector = open_store(store)
    user = find_user(connector, name)
    noted = dict(changes)
    if is_password:
        changes["password"], noted["password"] = _password(from_input=from_input), "***"
    user = change_user(connector, user.id, **changes)
    note(connector, "manage_users", "user_account", user.id, noted)
    _print(user, message, as_json=as_json)


def _password(*, from_input: bool) -> str:
    """The new password; never an argument, since the arguments of a command are seen by everybody on the machine."""
    if from_input:
        return sys.stdin.readline(_LONGEST_INPUT).rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidInputError(
            "Nobody can be asked for the password here. Give it on standard input: --password-stdin"
        )
    return ask_secret("Password")


def _print(user: "User", message: str, *, as_json: bool) -> None:
    print_json(_shown(user)) if as_json else print_line(message)


def _shown(user: "User") -> dict[str, Any]:
    names = ("id", "name", "role", "disabled_at", "last_login_at")
    return {name: getattr(user, name) for name in names}
