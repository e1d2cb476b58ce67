"""The texts that the server gives in English have a Russian form in the client."""

import json
import re
from pathlib import Path

from enorchestrator.work.registry import KINDS

LABELS = Path(__file__).parents[3] / "src/enmyadmin/web/src/i18n/labels.ru.ts"


def test_every_label_and_help_text_of_a_form_has_a_russian_form(api):
    lines = re.findall(r'^  ("(?:[^"\\]|\\.)*"|\w+): ', LABELS.read_text(encoding="utf-8"), re.MULTILINE)
    known = {json.loads(each) if each.startswith('"') else each for each in lines}
    shown = set()
    for collection in api.get("/api/v1/schema").json():
        for field in (*collection["columns"], *collection["fields"], *collection["changeable"]):
            shown |= {field["label"], field["help"]}
    for kind in KINDS.values():
        for name, argument in kind.describe()["arguments"]["properties"].items():
            shown |= {name.replace("_", " "), argument.get("description", "")}
            for parameter in argument.get("x-parameters", ()):
                shown |= {parameter["label"], parameter["help"]}
    assert shown - known - {""} == set()
