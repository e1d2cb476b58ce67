"""What the tests of long work have in common."""

import time

import pytest

from enorchestrator import Dispatcher
from enorchestrator.dispatch.read import details


@pytest.fixture
def over():
    """A function that waits until a run is over and gives its details."""

    def wait(run, within=400, states=("succeeded", "failed", "cancelled")):
        end = time.monotonic() + within
        while (found := details(run.id)).run.state not in states:
            assert time.monotonic() < end, [found.run.state, *(attempt.log for attempt in found.attempts)]
            time.sleep(0.02)
        return found

    return wait


@pytest.fixture
def dispatcher(store):
    """A dispatcher of the store, at work."""
    with Dispatcher(store, workers=2) as made:
        yield made
