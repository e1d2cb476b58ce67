"""The house rules that a machine can check."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["enstorage", "entrainer", "endirector", "enmyadmin"]
MODULES = sorted((ROOT / "src").rglob("*.py"))
HEAVY = {
    "numpy",
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


#: A docstring begins with a sentence in the imperative or a noun phrase.
QUESTIONS = {"As", "How", "That", "What", "When", "Where", "Whether", "Which", "Who"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_docstrings_say_what_is_there_instead_of_asking_for_it(path):
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, documented)]
    begins = [(getattr(node, "name", "module"), (ast.get_docstring(node) or "-").split()[0]) for node in nodes]
    assert [name for name, word in begins if word.strip("`,:.") in QUESTIONS] == []


def run(*arguments):
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True, cwd=ROOT).stdout


def loaded_by(code):
    """The packages that are there after some code, without Python's own."""
    names = set(run("-c", f"{code}; import sys; print(*{{name.split('.')[0] for name in sys.modules}})").split())
    return names - sys.stdlib_module_names


def test_importing_the_store_loads_nothing_else():
    """That is why it is quick; how quick, `benchmarks/bench_start.py` says."""
    assert loaded_by("import enstorage") - loaded_by("pass") == {"enstorage"}


def test_the_help_of_the_command_line_loads_no_heavy_library():
    assert "import-csv" in run("-m", "enstorage", "--help")
    assert not loaded_by("import enmyadmin.cli") & HEAVY
