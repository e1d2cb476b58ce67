"""The texts that the server gives in English have a Russian form in the client."""

import ast
import json
import re
from pathlib import Path

from enorchestrator.work.registry import OURS, find_kind

SOURCES = Path(__file__).parents[3] / "src"
I18N = SOURCES / "enmyadmin/web/src/i18n"


def russian(file):
    """The English texts that a file of the client has Russian forms of."""
    lines = re.findall(r'^  ("(?:[^"\\]|\\.)*"|\w+): ', (I18N / file).read_text(encoding="utf-8"), re.MULTILINE)
    return {json.loads(each) if each.startswith('"') else each for each in lines}


def test_every_label_and_help_text_of_a_form_has_a_russian_form(api):
    known = russian("labels.ru.ts")
    shown = set()
    for collection in api.get("/api/v1/schema").json():
        for field in (*collection["columns"], *collection["fields"], *collection["changeable"]):
            shown |= {field["label"], field["help"]}
    for kind in OURS:
        for name, argument in find_kind(kind).describe()["arguments"]["properties"].items():
            shown |= {name.replace("_", " "), argument.get("description", "")}
            for parameter in argument.get("x-parameters", ()):
                shown |= {parameter["label"], parameter["help"]}
    assert sorted(shown - known - {""}) == []


def reported():
    """The texts of progress that the packages report, with {} for names."""
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and ast.unparse(node.func).endswith("report"):
                match node.args[0]:
                    case ast.Constant(str(text)):
                        yield text
                    case ast.JoinedStr(parts):
                        yield "".join(each.value if isinstance(each, ast.Constant) else "{}" for each in parts)


def test_what_a_run_does_has_a_russian_form():
    messages = re.findall(r'^  \["([^"]*)"', (I18N / "messages.ru.ts").read_text(encoding="utf-8"), re.MULTILINE)
    texts = set(reported())
    assert "Reading the table" in texts
    assert texts - russian("progress.ru.ts") - set(messages) == set()
