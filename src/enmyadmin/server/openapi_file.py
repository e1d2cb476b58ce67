"""The committed OpenAPI document: `make openapi` writes it, and a test compares it with the application."""

import json
import tempfile
from pathlib import Path

from enmyadmin.server.app import create_app
from enstorage.connector import Connector

FILE = Path(__file__).parents[1] / "openapi.json"


def openapi_text() -> str:
    """The document of an application without further packages."""
    with tempfile.TemporaryDirectory() as folder:
        connector = Connector.aside(folder)
        try:
            document = create_app(connector).openapi()
        finally:
            connector.close()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(openapi_text(), encoding="utf-8")
