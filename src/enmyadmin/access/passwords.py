"""Passwords: argon2id hashes, and the least that a password must be."""

from functools import cache
from threading import Semaphore

from pwdlib import PasswordHash

from enstorage.errors import InvalidInputError

SHORTEST, LONGEST = 10, 256
#: Each comparison takes 64 MiB of memory.
_AT_ONCE = Semaphore(4)


def hashed(password: str, name: str) -> str:
    """The hash of a new password.

    Args:
        password: at least `SHORTEST` characters, and not the name of the user.
        name: of the user.

    Raises:
        InvalidInputError: the password is too short, too long, or the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInputError(
            f"The password has {len(password)} characters; expected {SHORTEST} to {LONGEST}. Choose another one.",
            field="password",
        )
    if password.strip().casefold() == name.casefold() or len(set(password)) < 4:
        raise InvalidInputError(
            "The password is the name of the user, or has fewer than 4 different characters. Choose another one.",
            field="password",
        )
    return _hasher().hash(password)


def matches(password: str, stored: str | None) -> bool:
    """True if a password is that of a stored hash. It takes as long where there is no hash to compare with.

    Args:
        password: as it was typed.
        stored: the hash; None or empty for a user who is unknown, disabled, or has no password.
    """
    with _AT_ONCE:
        is_right = _hasher().verify(password[: LONGEST + 1], stored or _nobodys())
    return is_right and bool(stored)


@cache
def _hasher() -> PasswordHash:
    return PasswordHash.recommended()


@cache
def _nobodys() -> str:
    return _hasher().hash("the password of nobody")
