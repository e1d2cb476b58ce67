"""The tables of `docs/reference/access.md` are those of the code."""

import re
from pathlib import Path

from enorchestrator.policy.engine import PolicyEngine, Question
from enorchestrator.policy.roles import ACTIONS, ROLES
from enorchestrator.policy.stored import TABLES, add_policy

PAGE = (Path(__file__).parents[3] / "docs/reference/access.md").read_text(encoding="utf-8")


def test_the_table_of_actions_says_what_the_policies_permit():
    engine = PolicyEngine()
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (\w+) \|$", PAGE, re.MULTILINE)
    assert {action: text for action, text, _ in rows} == ACTIONS
    for action, _, lowest in rows:
        allowed = [
            role for role in ROLES if engine.decide(Question("x", role, "session", "", action, "model")).is_allowed
        ]
        assert allowed == list(ROLES[ROLES.index(lowest) :]), action


def test_the_page_names_all_tables():
    names = PAGE.partition("`resource` is a `Table`:")[2].partition("Policies are about")[0]
    assert set(re.findall(r"`(\w+)`", names)) == set(TABLES)


def test_the_policy_of_the_page_is_one(store):
    text = re.search(r"```cedar\n(.*?)```", PAGE, re.DOTALL)[1]
    assert add_policy(store, "of the page", text, "ada").enabled
