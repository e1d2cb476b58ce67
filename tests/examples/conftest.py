"""What the tests of the examples share: the examples can be imported, and run in their short forms."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from entrainer.backend import load_keras
from running import Options


@pytest.fixture(autouse=True, scope="package")
def _compile_well():
    """These networks are not small: they run for longer than they compile."""
    load_keras()
    import jax

    jax.config.update("jax_disable_most_optimizations", False)
    yield
    jax.config.update("jax_disable_most_optimizations", True)


@pytest.fixture
def short(test_data):
    """The short form, with the real data."""
    return Options(data=test_data)
