"""The sentences of the library in Russian, as the pages of reports have them: `make messages` writes them.

They are those of the web client, whose file is the one to change; a test compares both.
"""

import json
import re
from pathlib import Path

_PACKAGES = Path(__file__).parents[2]
SOURCE = _PACKAGES / "enmyadmin" / "web" / "src" / "i18n" / "messages.ru.ts"
FILE = _PACKAGES / "endirector" / "reporting" / "messages.ru.json"
_TEXT = r'"(?:[^"\\]|\\.)*"'


def messages_text() -> str:
    """The sentences, and the words and units in their places, as JSON."""
    pairs, words, units = re.split(
        r"^export const (?:words|units)\b.*$", SOURCE.read_text(encoding="utf-8"), flags=re.M
    )
    found = {
        "messages": [
            [json.loads(each) for each in pair] for pair in re.findall(rf"^  \[({_TEXT}), ({_TEXT})\]", pairs, re.M)
        ],
        "words": _entries(words),
        "units": _entries(units),
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _entries(source: str) -> dict[str, str]:
    found = re.findall(rf"^  ({_TEXT}|\w+): ({_TEXT}),$", source, re.M)
    return {json.loads(name) if name.startswith('"') else name: json.loads(text) for name, text in found}


if __name__ == "__main__":
    FILE.write_text(messages_text(), encoding="utf-8")
