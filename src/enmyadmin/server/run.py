"""Running the application: one process, until it is asked to stop."""

import gc
import socket
from collections.abc import Callable

import uvicorn

from enmyadmin.access.link import Link
from enmyadmin.server.app import create_app
from enmyadmin.server.settings import ServerSettings
from enorchestrator import Orchestrator
from enstorage.connector import Connector
from enstorage.errors import StoreError

#: Time that open requests have to end when the server is asked to stop.
_GRACE_SECONDS = 5


def serve(
    connector: Connector,
    settings: ServerSettings,
    report: Callable[[str], None],
    orchestrator: Orchestrator | None = None,
) -> None:
    """Serve a store until the process is asked to stop.

    Args:
        connector: the store.
        settings: address and limits.
        report: called with the address once the server listens: the link that opens it, or where users log in.
        orchestrator: executes long work and fires schedules; None leaves it to another process.

    Raises:
        InvalidInputError: other machines could reach the server, and nobody could log in.
        StoreError: the address cannot be listened on.
    """
    app = create_app(connector, settings, orchestrator)
    listener = _listening(settings)
    name, port = listener.getsockname()[:2]
    origin = f"http://{f'[{name}]' if ':' in name else name}:{port}"
    link: Link | None = app.state.access.link
    report(origin if link is None else link.url(origin))
    config = uvicorn.Config(
        app,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    # What was imported stays; without it a tenth of the time of a small request went into looking for garbage in it.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=[listener])


def _listening(settings: ServerSettings) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1024)
    except OSError as error:
        raise StoreError(
            f"The server cannot listen on {settings.host}, port {settings.port}: {error.strerror}. Choose another --port, "
            "or stop the program that uses it."
        ) from None
    return listener
