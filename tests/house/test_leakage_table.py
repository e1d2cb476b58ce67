"""Each row of the tables of `docs/reference/leakage.md` names a test that there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_row_names_a_test_that_there_is():
    text = (ROOT / "docs/reference/leakage.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.rstrip(" |").endswith("test")]
    source = "\n".join(each.read_text(encoding="utf-8") for each in (ROOT / "tests/endirector").glob("test_*.py"))
    known = set(re.findall(r"def (test_\w+)", source))
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert known.issuperset(named), row
