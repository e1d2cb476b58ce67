"""The application: the REST interface and the web client over one store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

from enmyadmin.access.door import Access
from enmyadmin.access.gate import AccessGate
from enmyadmin.routes import routers
from enmyadmin.routes.inference.pool import InferencePool
from enmyadmin.routes.inference.protocol import router as inference
from enmyadmin.routes.streams import Streams
from enmyadmin.routes.work.feed import RunFeed
from enmyadmin.server.client import client_router
from enmyadmin.server.headers import SafeHeaders
from enmyadmin.server.openapi import describe
from enmyadmin.server.problems import LargeBodies, add_problems
from enmyadmin.server.settings import ServerSettings
from enorchestrator import Orchestrator
from enstorage._version import __version__
from enstorage.connector import Connector

PREFIX = "/api/v1"
#: Of what a form has around a file.
_FORM_BYTES = 100_000


def create_app(
    connector: Connector, settings: ServerSettings | None = None, orchestrator: Orchestrator | None = None
) -> FastAPI:
    """The application over a store.

    Args:
        connector: the store.
        settings: address and limits; by default those of the environment.
        orchestrator: executes long work and fires schedules; it is started and stopped with the application. None for an
            application that accepts long work and leaves it to another process.

    Raises:
        InvalidInputError: other machines could reach the server, and nobody could log in.
    """

    @asynccontextmanager
    async def running(_app: FastAPI) -> AsyncIterator[None]:
        with orchestrator or nullcontext():
            yield

    app = FastAPI(
        title="EnMyAdmin",
        version=__version__,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=running,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    settings = settings or ServerSettings()
    app.state.connector, app.state.settings = connector, settings
    app.state.run_feed, app.state.streams = RunFeed(), Streams()
    app.state.inference = InferencePool(settings.max_inferences, settings.inference_threads, settings.max_loaded_models)
    app.state.access = Access.of_server(connector, settings.host, settings.hosts)
    add_problems(app)
    app.add_middleware(AccessGate, access=app.state.access)
    app.add_middleware(GZipMiddleware, minimum_size=2_000, compresslevel=4)
    app.add_middleware(LargeBodies)
    app.add_middleware(SafeHeaders)
    # Routes are tried in their order: what programs ask most often is the first.
    app.include_router(inference, max_body_size=settings.max_body_bytes)
    for router, takes_files in routers():
        most = settings.max_upload_bytes + _FORM_BYTES if takes_files else settings.max_body_bytes
        app.include_router(router, prefix=PREFIX, max_body_size=most)
    app.include_router(client_router())
    describe(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name
