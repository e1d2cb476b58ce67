"""A folder is a noun of the field, a module one idea in it, and a class has a name of its own."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
FOLDERS = sorted({path.parent for path in SOURCE.rglob("*.py")})

MOST_MODULES = 12  # about ten
ONE_FILE_EACH = {"enstorage/database/migrations/versions", "enstorage/entity", "entrainer/networks"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_a_folder_holds_about_ten_modules(folder):
    modules = [path.stem for path in folder.glob("*.py") if path.stem != "__init__"]
    if folder.relative_to(SOURCE).as_posix() not in ONE_FILE_EACH:
        assert len(modules) <= MOST_MODULES, f"Divide them between folders: {', '.join(sorted(modules))}"


def test_no_two_classes_have_one_name():
    places = defaultdict(list)
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                places[node.name].append(path.relative_to(SOURCE).as_posix())
    several = {name: paths for name, paths in places.items() if len(paths) > 1}
    assert not several
