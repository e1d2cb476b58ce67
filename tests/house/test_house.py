"""The house rules that a machine can check."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["enstorage", "entrainer", "endirector", "enorchestrator", "enspatial", "enmyadmin"]
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
    "rasterio",
    "xarray",
}


@pytest.fixture(scope="module")
def trees():
    """The syntax of every module, by its path below `src`."""
    return {name(path): ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def name(path):
    return path.relative_to(ROOT / "src").as_posix()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there_and_documented(package):
    values = {
        name: getattr(importlib.import_module(package), name) for name in importlib.import_module(package).__all__
    }
    assert [name for name, value in values.items() if not isinstance(value, str) and not inspect.getdoc(value)] == []


@pytest.mark.parametrize("package", ["enstorage", "entrainer", "endirector", "enspatial"])
def test_a_package_shows_exactly_its_public_names(package):
    module = importlib.import_module(package)
    assert sorted(module.__all__) == dir(module)
    with pytest.raises(AttributeError, match="has no attribute"):
        _ = module.no_such_name


# One test for all modules: a case for each of them would take longer than to look at it.
def test_modules_can_be_read_in_one_sitting():
    lines = {name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    assert {path: count for path, count in lines.items() if count > 400} == {}


def test_modules_say_what_they_are_for_and_are_no_catch_all(trees):
    assert [path for path, tree in trees.items() if not ast.get_docstring(tree)] == []
    catch_all = {"utils", "util", "helpers", "common", "core", "misc"}
    assert [path for path in trees if Path(path).stem.strip("_") in catch_all] == []


#: A docstring begins with a sentence in the imperative or a noun phrase.
QUESTIONS = {"As", "How", "That", "What", "When", "Where", "Whether", "Which", "Who"}


def test_docstrings_say_what_is_there_instead_of_asking_for_it(trees):
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    begins = [
        (path, getattr(node, "name", "module"), (ast.get_docstring(node) or "-").split()[0])
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, documented)
    ]
    assert [(path, owner) for path, owner, word in begins if word.strip("`,:.") in QUESTIONS] == []


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


def test_what_make_quick_runs_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = makefile.partition("QUICK := $(addprefix tests/,")[2].partition(")")[0].replace("\\", "").split()
    assert named
    assert not [name for name in named if not (ROOT / "tests" / name).exists()]
