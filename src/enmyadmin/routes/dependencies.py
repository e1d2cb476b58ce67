"""The objects of the application that routes take as parameters."""

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from enstorage.connector import Connector


async def _connector(request: Request) -> Any:
    return request.app.state.connector


async def _settings(request: Request) -> Any:
    return request.app.state.settings


Store = Annotated[Connector, Depends(_connector)]

if TYPE_CHECKING:
    from enmyadmin.server.settings import ServerSettings

    Settings = Annotated[ServerSettings, Depends(_settings)]
else:  # the server is above the routes
    Settings = Annotated[Any, Depends(_settings)]
