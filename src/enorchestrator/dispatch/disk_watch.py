"""`DiskWatch`: has steps wait while the disk is nearly full, frees what nobody needs, and tells people where it stays so."""

import logging
import threading
import time

from sqlalchemy import select

from enorchestrator.task.disk import free_mb, reserve_mb
from enorchestrator.task.moves import EVENT, STEP, add_event
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.errors import EnstorageError
from enstorage.upkeep.sweep import gc

_LOG = logging.getLogger(__name__)
LOOK_SECONDS = 1.0
#: While there is too little space, what nobody needs is looked for again after this time.
CLEAN_SECONDS = 600.0
_WHAT = "disk_low"
_NEXT = (
    select(STEP.c.id, STEP.c.run_id, STEP.c.name)
    .where(STEP.c.state == RunState.READY)
    .order_by(STEP.c.queue_rank, STEP.c.id)
    .limit(1)
)


class DiskWatch:
    """Watches the free space at the objects of a store.

    Args:
        connector: the store.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._is_low = self._is_told = False
        self._looked_at = self._cleaned_at = float("-inf")
        self._cleaner: threading.Thread | None = None

    def is_low(self) -> bool:
        """True while no step is to be started."""
        moment = time.monotonic()
        if moment - self._looked_at < LOOK_SECONDS:
            return self._is_low
        self._looked_at = moment
        was_low, self._is_low = self._is_low, free_mb(self._connector) < reserve_mb()
        if not self._is_low:
            self._is_told = False
            if was_low:
                _LOG.warning("There is enough disk space again; steps are started.")
            return False
        if not was_low:
            _LOG.warning("Less than %g MB of the disk are free; steps wait.", reserve_mb())
        if self._cleaner is not None and self._cleaner.is_alive():
            return True
        if moment - self._cleaned_at > CLEAN_SECONDS:
            self._cleaned_at = moment
            self._cleaner = threading.Thread(target=self._clean, name="enstorage-cleaner", daemon=True)
            self._cleaner.start()
        elif not self._is_told:
            self._is_told = self._tell()
        return True

    def _clean(self) -> None:
        """Free what `gc` may: what nothing has referred to for a day."""
        try:
            freed = gc(self._connector, delete=True)
            _LOG.warning("%g MB were freed that nothing referred to.", freed.bytes / 1e6)
        except EnstorageError as error:
            _LOG.warning("Nothing can be freed. %s", error)
        except Exception:  # noqa: BLE001 - steps wait, and people are told
            _LOG.exception("Nothing was freed.")

    def _tell(self) -> bool:
        """Call attention to it at the step that would be started first; false if none waits."""
        with self._connector.transaction() as session:
            step = session.execute(_NEXT).first()
            if step is None:
                return False
            alerts = select(EVENT.c.data).where(EVENT.c.run_id == step.run_id, EVENT.c.kind == "alert")
            if not any(each["what"] == _WHAT for each in session.scalars(alerts)):
                detail = (
                    f"{free_mb(self._connector):.0f} MB of the disk are free; expected at least {reserve_mb():g} MB, so no "
                    "step is started. What nothing refers to was freed. Delete what is not needed, or make room."
                )
                told = {"severity": "error", "what": _WHAT, "step": step.name, "detail": detail}
                add_event(session.connection(), step.run_id, step.id, "alert", told)
        return True
