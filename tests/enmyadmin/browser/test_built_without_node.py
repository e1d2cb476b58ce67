"""The wheel, built from a clone on a machine without Node, contains the client and serves it."""

import os
import shutil
import site
import subprocess
import sys
import sysconfig
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.long

CLONE = Path(__file__).parents[3]
ENTRIES = ("src", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE", ".gitignore")
#: What is made and not in a clone.
MADE = ("node_modules", "static", "openapi.d.ts", "__pycache__")


@pytest.fixture
def without_node(tmp_path):
    """An environment whose PATH has a shell and no npm."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "env"):
        (programs / name).symlink_to(shutil.which(name))
    assert shutil.which("npm", path=str(programs)) is None
    return os.environ | {"PATH": str(programs)}


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]


def test_a_wheel_is_built_without_node_and_serves_the_client(without_node, tmp_path):
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ENTRIES:
        place = CLONE / name
        copy = shutil.copy if place.is_file() else shutil.copytree
        copy(place, clone / name, **({} if place.is_file() else {"ignore": shutil.ignore_patterns(*MADE)}))
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", str(environment))
    python = environment / "bin" / "python"
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    run(*pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), str(clone), env=without_node)
    (wheel,) = tmp_path.glob("*.whl")
    run(*pip, "install", "--no-deps", str(wheel), env=without_node)
    # The libraries are those of this environment, but for this package.
    libraries = environment / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix) / "libraries.pth"
    libraries.write_text("\n".join({sysconfig.get_path("purelib"), *site.getsitepackages(), *further_places()}))
    command = [str(python), "-m", "enstorage", "serve", "--port", "0", "--store", str(tmp_path / "store")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=without_node) as server:
        try:
            link = server.stdout.readline().split()[-1]
            with httpx.Client(timeout=30, follow_redirects=True) as browser:
                page = browser.get(link).text
                program = page.partition('src="')[2].partition('"')[0]
                assert program.startswith("/assets/")
                assert (
                    browser.get(link.partition("/?")[0] + program).headers["content-type"].startswith("text/javascript")
                )
        finally:
            server.terminate()


def further_places():
    """Folders with libraries that files `.pth` of this environment name."""
    files = Path(sysconfig.get_path("purelib")).glob("*.pth")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line.endswith("site-packages") and Path(line).is_dir()]
