"""Channels: addresses of Apprise in variables, and the sending of one message, bounded in time."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable

from enorchestrator.trace.redaction import Redactor
from enstorage.errors import InvalidInputError, NotFoundError, StoreError

#: Of the variables that have the addresses, such as ENSTORAGE_NOTIFY_OPS=mailtos://user:password@example.org.
PREFIX = "ENSTORAGE_NOTIFY_"
#: A channel that takes longer for a message has failed.
LIMIT_SECONDS = 30.0
_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")
_LONGEST_ERROR = 1_000


def channels() -> list[str]:
    """The names of the channels that this process knows."""
    names = (
        name.removeprefix(PREFIX).lower() for name, value in os.environ.items() if name.startswith(PREFIX) and value
    )
    return sorted(name for name in names if _NAME.fullmatch(name))


def check_channel(name: str, field: str = "channel") -> str:
    """The name of a channel, if it can be one; it need not be known in this process.

    Raises:
        InvalidInputError: it cannot.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        # The value is not told: it may be an address with a password.
        raise InvalidInputError(
            f"{field} has another value than a name of small letters, digits and _. Addresses are not stored: give the name "
            f"whose address stands in a variable, such as ops for {PREFIX}OPS.",
            field=field,
        )
    return name


def send(
    channel: str, title: str, body: str, *, started: Callable[["subprocess.Popen[bytes]"], None] | None = None
) -> None:
    """Send a message by a process of its own, which is killed when it takes too long.

    Args:
        channel: its name.
        title: one line.
        body: plain text.
        started: called with the process.

    Raises:
        NotFoundError: this process does not know the channel.
        StoreError: the channel did not take the message; the text has no secrets.
    """
    variable = f"{PREFIX}{channel.upper()}"
    address = os.environ.get(variable, "")
    if not address:
        raise NotFoundError(
            f"There is no channel {channel} here. Set {variable} to its address of Apprise where the orchestrator starts.",
            field="channel",
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "enorchestrator.notification.send"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if started is not None:
        started(process)
    try:
        given = json.dumps({"address": address, "title": title, "body": body, "parent": os.getpid()}).encode()
        _, told = process.communicate(given, timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise StoreError(
            f"The channel {channel} did not take the message within {LIMIT_SECONDS:g} seconds. It is tried again."
        ) from None
    if process.returncode != 0:
        reason = Redactor(address).text(told.decode(errors="replace").replace(address, "***"))
        reason = " ".join(reason.split())[-_LONGEST_ERROR:]
        raise StoreError(f"The channel {channel} did not take the message: {reason or 'it gave no reason'}")
