"""Log-ins that failed: after several, the next ones wait, so that passwords cannot be guessed."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from threading import Lock

from enmyadmin.access.refusal import TooManyAttemptsError

PERIOD_SECONDS = 300.0
#: Failures within the period after which the next attempt waits: of one name from one address, of one address, of one name.
MOST_OF_BOTH, MOST_OF_ADDRESS, MOST_OF_NAME = 5, 20, 50
#: Keys that are remembered; the oldest one is forgotten first.
_KEPT = 20_000


class Attempts:
    """Counts failures of this process.

    A name that is guessed from everywhere waits too, but for ten times as many failures, so that few failures of others
    do not keep its user out.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = Lock()

    def begin(self, name: str, address: str) -> None:
        """Count an attempt as failed, before the password is looked at: many at once are no way around.

        Raises:
            TooManyAttemptsError: too many failed before.
        """
        now, keys = self._clock(), _keys(name, address)
        with self._lock:
            wait = max(self._wait(key, most, now) for key, most in keys.items())
            if wait > 0:
                raise TooManyAttemptsError(math.ceil(wait))
            for key, most in keys.items():
                self._failures.setdefault(key, deque(maxlen=most)).append(now)
                self._failures.move_to_end(key)
            while len(self._failures) > _KEPT:
                self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Take the attempt back, and forget the failures of this name from this address."""
        with self._lock:
            self._failures.pop((name, address), None)
            for key in _keys(name, address):
                if self._failures.get(key):
                    self._failures[key].pop()

    def _wait(self, key: tuple[str, str], most: int, now: float) -> float:
        """Seconds until the oldest one of the last failures is out of the period."""
        failures = self._failures.get(key)
        return failures[0] + PERIOD_SECONDS - now if failures and len(failures) >= most else 0.0


def _keys(name: str, address: str) -> dict[tuple[str, str], int]:
    return {(name, address): MOST_OF_BOTH, ("", address): MOST_OF_ADDRESS, (name, ""): MOST_OF_NAME}
