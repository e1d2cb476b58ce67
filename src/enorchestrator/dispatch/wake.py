"""Waking the dispatchers of this process when there is something to do; those of other processes look by themselves."""

import threading
from weakref import WeakKeyDictionary

from sqlalchemy.orm import Session

from enstorage import Connector

#: The wake-up of each dispatcher, with the URL of its database.
_SLEEPING: "WeakKeyDictionary[threading.Event, str]" = WeakKeyDictionary()
_LOCK = threading.Lock()


def sleeper(connector: Connector) -> threading.Event:
    """The event that is set whenever something was submitted, cancelled or retried in the same store by this process."""
    event = threading.Event()
    with _LOCK:
        _SLEEPING[event] = connector.settings.database
    return event


def wake_on_commit(session: Session, connector: Connector) -> None:
    """Wake the dispatchers of the store in this process once the transaction holds."""

    def wake() -> None:
        with _LOCK:
            for event, database in _SLEEPING.items():
                if database == connector.settings.database:
                    event.set()

    session.info.setdefault("on_commit", []).append(wake)
