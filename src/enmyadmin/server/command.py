"""The command that serves the web client and the REST interface."""

from typing import Annotated

import typer

from enmyadmin.arguments.opening import Store, open_or_make_store, open_store
from enmyadmin.demo.stored import store_of_demo
from enmyadmin.output import print_line


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65_535)] = 8000,
    workers: Annotated[
        int, typer.Option(help="Long work executed at once; 0 to leave it to other servers of the store.", min=0)
    ] = 2,
    store: Store = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Serve the store of `enstorage demo`, which is run first if it was not.")
    ] = False,
) -> None:
    """Serve the web client and the REST interface.

    The server also executes long work, see `enstorage run`.

    Example: enstorage serve --port 8000
    """
    from enmyadmin.access.door import is_loopback
    from enmyadmin.server.run import serve as run
    from enmyadmin.server.settings import ServerSettings
    from enorchestrator import Orchestrator

    if demo:
        store = store_of_demo(store)
    # A new store has no users, so a server that others can reach would be refused.
    connector = open_or_make_store(store)[0] if is_loopback(host) else open_store(store)
    orchestrator = Orchestrator(connector, workers, program="serve") if workers else None
    settings = ServerSettings(host=host, port=port)
    run(connector, settings, lambda address: print_line(f"EnMyAdmin is at {address}"), orchestrator)
