"""Logs of drivers without the secrets of the URLs that were opened in this process.

At the level DEBUG drivers log what they send. Filters of loggers do not see the records of loggers below them, so records
are changed where they are made.
"""

import logging
import traceback
from typing import Any

from enstorage.places.masking import secrets_of, without

#: The first part of the names of loggers: of the libraries that are given a URL or a part of one.
_DRIVERS = (
    *("adlfs", "aiobotocore", "aiohttp", "asyncio", "asyncssh", "azure", "boto3", "botocore", "deltalake", "fsspec"),
    *("gcsfs", "google", "httpcore", "httpx", "mariadb", "mysql", "object_store", "obstore", "paramiko", "polars"),
    *("psycopg", "pymysql", "requests", "s3fs", "s3transfer", "smbprotocol", "sqlalchemy", "sshfs", "urllib3"),
)


def hide_in_logs(*urls: str) -> None:
    """Have the records of drivers show `***` in place of the secrets of these URLs, from now on."""
    made = logging.getLogRecordFactory()
    if not isinstance(made, _Factory):
        made = _Factory(made)
        logging.setLogRecordFactory(made)
    made.secrets |= secrets_of(*urls)


class _Factory:
    """Makes records as the factory before it does, and hides secrets in those of drivers."""

    def __init__(self, before: Any) -> None:
        self._before = before
        self.secrets: frozenset[str] = frozenset()

    def __call__(self, *arguments: Any, **options: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._before(*arguments, **options)
        if record.name.partition(".")[0] in _DRIVERS:
            self._hide(record)
        return record

    def _hide(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit are reported where the record is printed
            message = f"{record.msg} {record.args}"
        safe = without(message, self.secrets)
        if safe != message:
            record.msg, record.args = safe, ()
        if record.exc_info and record.exc_info[0] is not None:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            safe = without(trace, self.secrets)
            if safe != trace:
                record.exc_info, record.exc_text = None, safe
