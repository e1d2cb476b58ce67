"""A package of somebody else adds one of everything, each by one class and one entry point."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder in which pip installed the package."""
    folder = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(HERE / "third_party")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return folder


def test_everything_that_a_package_adds_is_used_through_the_public_api(installed, tmp_path):
    done = subprocess.run(
        [sys.executable, str(HERE / "use_everything.py"), str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    assert not done.returncode, done.stderr
    assert json.loads(done.stdout) == {
        "points": [96, 96],
        "wanted": 30,
        "sink": [True, False, 1],
        "method": True,
        "network": {"name": "two-paths", "units": 2},
        "layers": 5,
        "format": ["seasonal-means", [0.2, 0.5]],
        "adapter": {"name": "summary", "lag": 6},
        "stores": ["columns", "shelf"],
    }
