"""What the tests of the examples share: the examples can be imported, and run in their short forms."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

from running import Options


@pytest.fixture
def short(test_data):
    """The short form, with the real data and one network of each kind instead of two."""
    return Options(data=test_data, seeds=1)
