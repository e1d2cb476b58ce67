"""No module imports itself by way of others: neither while it is loaded, nor later, inside of a function."""

import ast
import importlib.util
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
PACKAGES = ["enstorage", "entrainer", "endirector", "enorchestrator", "enspatial", "enmyadmin"]

# The Active Record is a facade: what it may import against the order of the rooms is said once, in pyproject.toml.
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
FACADE = [
    tuple(line.split(" -> ")) for contract in SETTINGS["contracts"] for line in contract.get("ignore_imports", [])
]
# Entities create each other: a source makes snapshots, and a snapshot knows its source.
ENTITIES = ("enstorage.entity.*", "enstorage.entity*")
ALLOWED_LATER = [*FACADE, ENTITIES]


@cache
def imports():
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


@cache
def lines_of_functions(module):
    """The numbers of the lines that run only when a function is called."""
    tree = ast.parse(Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {line for function in functions for line in range(function.lineno, function.end_lineno + 1)}


def runs_at_import(importer, imported):
    details = imports().get_import_details(importer=importer, imported=imported)
    return any(each["line_number"] not in lines_of_functions(importer) for each in details)


def circle(is_counted):
    """A circle among the imports that count, as a list of modules, or None."""
    graph = {
        module: {other for other in imports().find_modules_directly_imported_by(module) if is_counted(module, other)}
        for module in imports().modules
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_circle_while_modules_are_loaded():
    assert circle(runs_at_import) is None


def test_no_circle_through_imports_inside_of_functions_but_those_of_the_active_record():
    def is_counted(importer, imported):
        return not any(fnmatchcase(importer, one) and fnmatchcase(imported, other) for one, other in ALLOWED_LATER)

    assert circle(is_counted) is None
