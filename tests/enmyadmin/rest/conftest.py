"""A real server, started once for each worker, over a store that each module fills."""

import threading
import time

import httpx
import pytest
import uvicorn

from enmyadmin.routes.inference.pool import InferencePool
from enmyadmin.routes.streams import Streams
from enmyadmin.routes.work.feed import RunFeed
from enmyadmin.server.app import create_app
from enmyadmin.server.settings import ServerSettings
from enstorage import Connector


class Served:
    """A server in a thread of this process, over one store after the other."""

    def __init__(self, connector, settings):
        self.app = create_app(connector, settings)
        self.server = uvicorn.Server(uvicorn.Config(self.app, port=0, log_level="warning", timeout_graceful_shutdown=1))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        port = self.server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    def over(self, connector, settings):
        """Serve another store from now on."""
        state = self.app.state
        state.connector = state.access.connector = connector
        state.settings = settings
        # The open streams of the store before go on looking at that one.
        state.run_feed, state.streams = RunFeed(), Streams()
        limits = settings.max_inferences, settings.inference_threads, settings.max_loaded_models
        state.inference = InferencePool(*limits)

    def client(self):
        """A program with the token of the link."""
        secret = self.app.state.access.link.url("").partition("=")[2]
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {secret}"}, timeout=60, verify=False)

    def stop(self):
        self.server.should_exit = True
        self.thread.join()


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    connector = Connector.in_folder(folder)
    server = Served(connector, ServerSettings())
    yield server
    server.stop()


@pytest.fixture
def settings():
    """The limits of the server; a module may set others."""
    return ServerSettings()


@pytest.fixture
def api(served, store, settings):
    """A client of the interface over the store of the test."""
    served.over(store, settings)
    with served.client() as client:
        yield client
