"""The client is small: its source, and what it is built from."""

import json
from pathlib import Path

CLIENT = Path(__file__).parents[3] / "src/enmyadmin/web"


def test_the_source_and_its_packages_are_few():
    files = [each for each in (CLIENT / "src").rglob("*.*") if each.name != "openapi.d.ts"]
    # In characters: a Cyrillic letter has two bytes, and a text in Russian is no more source than the same in English.
    assert sum(len(each.read_text(encoding="utf-8")) for each in files) <= 600_000
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert len(package["dependencies"]) + len(package["devDependencies"]) <= 25


def test_the_lock_file_names_no_hosts():
    assert "resolved" not in (CLIENT / "package-lock.json").read_text(encoding="utf-8")
