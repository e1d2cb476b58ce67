"""Roles and actions: the words that policies, users and routes share."""

from enstorage.errors import InvalidInputError

#: From the one that may least; each role may all that those before it may.
ROLES = ("viewer", "analyst", "releaser", "administrator")

#: Every action, with what it is.
ACTIONS = {
    "read": "see entities, series, runs and results",
    "download": "take tables, points, objects and bundles away",
    "infer": "ask a model or an ensemble for a forecast, of which nothing is stored",
    "create": "create entities",
    "change": "change names, descriptions, tags, facts and settings",
    "trash": "move to the trash and restore from it",
    "train": "fit, tune, backtest and form",
    "render": "render, verify, diagnose, calibrate and forecast ensembles",
    "upload": "write points, objects, files and bundles",
    "run": "start long work",
    "cancel": "cancel long work",
    "release": "promote and roll back",
    "purge": "delete for good",
    "manage_users": "add, change and disable users, and revoke their tokens",
    "manage_policies": "add, change and remove policies",
    "read_audit": "read the audit log",
}

#: Actions that leave everything as it was; the audit log keeps only their refusals.
READING = frozenset({"read", "download", "infer", "read_audit"})


def check_role(role: str) -> str:
    """The role, if there is one of this name.

    Raises:
        InvalidInputError: there is none.
    """
    if role not in ROLES:
        raise InvalidInputError(f"There is no role {role!r}; expected one of {', '.join(ROLES)}.", field="role")
    return role


def up_to(role: str) -> tuple[str, ...]:
    """The role and those below it; none for a name that is no role."""
    return ROLES[: ROLES.index(role) + 1] if role in ROLES else ()


def lower(role: str, limit: str | None) -> str:
    """The lower one of a role and the role that limits it."""
    return role if limit is None or limit not in up_to(role) else limit
