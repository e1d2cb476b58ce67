"""`Notifier`: makes notices of what happens in a store, and sends those that are due, until it is stopped."""

import logging
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Self

from enorchestrator.notification.channels import send
from enorchestrator.notification.message import text_of
from enorchestrator.notification.outbox import DueMessage, claim_due, collect, settle_failed, settle_sent
from enstorage import Connector
from enstorage.errors import EnstorageError

_LOG = logging.getLogger(__name__)
#: Between two looks.
LOOK_SECONDS = 2.0
#: Messages that are sent at once, each to another channel: one that hangs delays its own messages alone.
_AT_ONCE = 4


class Notifier:
    """Tells channels of what their rules name. Runs are not touched by whatever a channel does.

    Several notifiers may be at work on one store: each notice is claimed by one of them.

    Args:
        connector: the store.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._children: set[subprocess.Popen[bytes]] = set()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="enstorage-channel")
        self._thread = threading.Thread(target=self._run, name="enstorage-notifier", daemon=True)

    def start(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Send nothing more; what is being sent is stopped, and sent by the next one."""
        self._is_over.set()
        self._thread.join()
        with self._lock:
            for each in self._children:
                each.kill()
        self._pool.shutdown(cancel_futures=True)

    def look(self) -> None:
        """Make notices of what has happened, and begin to send those that are due."""
        collect(self._connector)
        with self._lock:
            busy = set(self._busy)
        for message in claim_due(self._connector, busy):
            with self._lock:
                self._busy.add(message.channel)
            self._pool.submit(self._send, message)

    def _run(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                self.look()
            except EnstorageError as error:
                _LOG.warning("Notices cannot be made now; it is tried again. %s", error)
            except Exception:  # noqa: BLE001 - notices are sent as long as the process lives
                _LOG.exception("The notifier goes on after an error.")

    def _send(self, message: DueMessage) -> None:
        try:
            title, body = text_of(message.data)
            send(message.channel, title, body, started=self._note_child)
        except EnstorageError as error:
            if not self._is_over.is_set():
                self._fail(message, str(error))
        except Exception as error:  # noqa: BLE001 - such as no memory for another process
            self._fail(message, f"{type(error).__name__}: {error}")
        else:
            self._note_sent(message)
        finally:
            with self._lock:
                self._busy.discard(message.channel)
                self._children = {each for each in self._children if each.poll() is None}

    def _note_child(self, child: "subprocess.Popen[bytes]") -> None:
        with self._lock:
            self._children.add(child)

    def _note_sent(self, message: DueMessage) -> None:
        """Note that a message was sent, also in a store that comes back later: what is not noted would be sent again."""
        while True:
            try:
                return settle_sent(self._connector, message)
            except EnstorageError:
                if self._is_over.wait(LOOK_SECONDS):
                    return None

    def _fail(self, message: DueMessage, reason: str) -> None:
        with suppress(EnstorageError):
            goes_on = settle_failed(self._connector, message, reason)
            _LOG.warning("%s %s", reason, "It is tried again." if goes_on else "It is given up.")
