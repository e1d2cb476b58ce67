"""The house rules that a machine can check."""

import ast
import importlib
import inspect
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["enstorage", "entrainer", "endirector", "enmyadmin"]
MODULES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = {
    "keras",
    "jax",
    "sklearn",
    "scipy",
    "dask",
    "fastapi",
    "sqlalchemy",
    "polars",
    "pyarrow",
    "deltalake",
    "pandas",
}


def public_names(package):
    return [(package, name) for name in importlib.import_module(package).__all__]


@pytest.mark.parametrize(("package", "name"), [pair for package in PACKAGES for pair in public_names(package)])
def test_every_public_name_is_there_and_documented(package, name):
    value = getattr(importlib.import_module(package), name)
    assert isinstance(value, str) or inspect.getdoc(value)


@pytest.mark.parametrize("package", ["enstorage", "entrainer", "endirector"])
def test_a_package_shows_exactly_its_public_names(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == dir(module)
    with pytest.raises(AttributeError, match="has no attribute"):
        _ = module.no_such_name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_can_be_read_in_one_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_a_module_says_what_it_is_for_and_is_not_a_catch_all(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert path.stem.strip("_") not in {"utils", "util", "helpers", "common", "core", "misc"}


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def quickest(*arguments, tries=5):
    """Seconds of the processor in the quickest of several tries: other programs can only make one slower."""
    seconds = []
    for _ in range(tries):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(seconds)


def test_importing_the_store_loads_no_heavy_library():
    loaded = set(run("-c", "import enstorage, sys; print(*{name.split('.')[0] for name in sys.modules})").split())
    assert not loaded & HEAVY


def test_importing_the_store_takes_less_than_three_tenths_of_a_second():
    assert quickest("-c", "import enstorage") - quickest("-c", "pass") < 0.3


def test_help_answers_soon_after_the_library_of_commands_is_loaded():
    """Beside that library, so that a slow machine does not matter; on a usual one it is a third of a second in all."""
    assert "import-csv" in run("-m", "enstorage", "--help")
    loaded = set(run("-c", "import enmyadmin.cli, sys; print(*{name.split('.')[0] for name in sys.modules})").split())
    assert not loaded & HEAVY
    assert quickest("-m", "enstorage", "--help") < 1.8 * quickest("-c", "import typer.rich_utils, rich.markdown")
