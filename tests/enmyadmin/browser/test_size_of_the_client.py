"""The client is small: its source, and what it is built from."""

import json
import re
from pathlib import Path

CLIENT = Path(__file__).parents[3] / "src/enmyadmin/web"


def test_the_source_and_its_packages_are_few():
    # Translations are data: they grow with all that the server can say, and not with the client.
    not_source = re.compile(r"openapi\.d\.ts|(.*\.)?ru\.ts")
    files = [each for each in (CLIENT / "src").rglob("*.*") if not not_source.fullmatch(each.name)]
    assert sum(each.stat().st_size for each in files) <= 600_000
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert len(package["dependencies"]) + len(package["devDependencies"]) <= 25


def test_the_lock_file_names_no_hosts():
    assert "resolved" not in (CLIENT / "package-lock.json").read_text(encoding="utf-8")
