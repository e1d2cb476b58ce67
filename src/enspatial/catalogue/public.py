"""Connections to public addresses alone.

A name is resolved once, and the address that was looked at is the one connected to: a name that is resolved twice may have
a public address when it is looked at and a private one when it is used (DNS rebinding).
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from enstorage.errors import InvalidInputError
from enstorage.places.web import addresses_of, is_private


@contextmanager
def _by_public_address(connection: HTTPConnection) -> Iterator[None]:
    """Have the address in place of the name while a connection is made; certificates are checked by the name."""
    name = connection._dns_host
    connection._dns_host = _public_address(name, connection.port)
    try:
        yield
    finally:
        connection._dns_host = name


class _PublicConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        with _by_public_address(self):
            return super()._new_conn()


class _PublicTlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        with _by_public_address(self):
            return super()._new_conn()


class _PublicPool(HTTPConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicTlsPool(HTTPSConnectionPool):
    ConnectionCls = _PublicTlsConnection


class PublicPools(PoolManager):
    """Pools of connections to public addresses.

    Raises:
        InvalidInputError: at a request to a host with an address in a private network.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.pool_classes_by_scheme = {"http": _PublicPool, "https": _PublicTlsPool}


def is_private_host(host: str) -> bool:
    """True if a host has an address that is not public; false for one that has none, as the request will tell."""
    return is_private(_addresses(host, None))


def _public_address(host: str, port: int | None) -> str:
    found = _addresses(host, port)
    if is_private(found):
        raise InvalidInputError(
            f"The host {host} leads into a private network. Expected a public address. Ask the provider."
        )
    return found[0] if found else host


def _addresses(host: str, port: int | None) -> list[str]:
    try:
        return addresses_of(host, port)
    except OSError:
        return []
