"""The client is small: its source, what it is built from, and what a browser loads before the first page shows."""

import gzip
import json
import re
from pathlib import Path

from enmyadmin.server.client import STATIC

CLIENT = Path(__file__).parents[3] / "src/enmyadmin/web"


def test_the_source_and_its_packages_are_few():
    files = [each for each in (CLIENT / "src").rglob("*.*") if each.name != "openapi.d.ts"]
    assert sum(each.stat().st_size for each in files) <= 600_000
    package = json.loads((CLIENT / "package.json").read_text(encoding="utf-8"))
    assert len(package["dependencies"]) + len(package["devDependencies"]) <= 25


def test_the_first_load_is_below_its_limit_and_pages_are_loaded_when_they_are_opened(served):
    index = (STATIC / "index.html").read_text(encoding="utf-8")
    first = {STATIC / each for each in re.findall(r'(?:src|href)="/([^"]+\.(?:js|css))"', index)}
    assert first
    every = set(STATIC.rglob("*.js"))
    assert len(every) > 30, "routes are not split"
    # What the first page loads besides: that of the overview with its table.
    first |= {each for each in every if re.match("HomePage|RecordTable", each.name)}
    assert sum(len(gzip.compress(each.read_bytes())) for each in first) <= 450_000


def test_the_lock_file_names_no_hosts():
    assert "resolved" not in (CLIENT / "package-lock.json").read_text(encoding="utf-8")
