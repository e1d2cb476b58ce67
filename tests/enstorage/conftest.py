"""What the tests of the store may ask for."""

from uuid import uuid4

import pytest

import servers


@pytest.fixture
def s3(monkeypatch):
    """A real server that speaks S3, which the environment names as it would for a person."""
    server = servers.shared("s3")
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(s3):
    """The name of an empty bucket there."""
    name = f"enstorage-{uuid4().hex}"
    s3.create_database(name)
    return name
