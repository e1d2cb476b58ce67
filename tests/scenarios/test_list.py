"""The list of scenarios is complete, and names tests that there are."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs/reference/scenarios.md").read_text(encoding="utf-8")


def test_all_scenarios_are_listed_with_tests_that_there_are():
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 79))
    for number, told in rows:
        tests = re.findall(r"`(\w+\.py)::(\w+)`", told)
        assert tests or told == "*planned*", number
        for file, test in tests:
            assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8"), test
