"""The commands about who may use the web server; they have the rights of whoever may write the store."""

import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enstorage.connector import Connector


def person() -> str:
    """Whoever runs the command, as the audit log names them."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):  # an id without a name, as in containers
        return "command line"


def note(connector: "Connector", action: str, table: str, row_id: int, detail: Any) -> None:
    """Add what a command did to the audit log."""
    from enmyadmin.access.audit import record

    record(connector, None, action, table, row_id, "done", detail, name=person())
