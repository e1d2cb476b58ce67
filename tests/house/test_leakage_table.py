"""Each row of the tables of `docs/reference/leakage.md` names a test that there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_row_names_a_test_that_there_is():
    text = (ROOT / "docs/reference/leakage.md").read_text(encoding="utf-8")
    heads = ("test", "deviation of 0.5")  # of the tables of tests, and of the table of measured differences
    tables = [table.splitlines() for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)]
    assert all(table[0].rstrip(" |").endswith(heads) for table in tables)
    rows = [row for table in tables if table[0].rstrip(" |").endswith("test") for row in table[2:]]
    files = [each for folder in ("endirector", "scenarios") for each in (ROOT / "tests" / folder).glob("test_*.py")]
    source = "\n".join(each.read_text(encoding="utf-8") for each in files)
    known = set(re.findall(r"def (test_\w+)", source))
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`(test_\w+)`", row)
        assert named, row
        assert known.issuperset(named), row
