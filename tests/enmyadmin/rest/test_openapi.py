"""The description of the interface: it is committed, whole, and true."""

import json

from enmyadmin.server.openapi_file import FILE, openapi_text


def test_the_committed_description_is_that_of_the_application():
    assert FILE.read_text(encoding="utf-8") == openapi_text(), "Run `make openapi` and commit the file."


def test_every_operation_has_a_short_name_of_its_own_and_answers_problems():
    document = json.loads(openapi_text())
    operations = [each for path in document["paths"].values() for each in path.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and len(name) < 40 for name in names)
    assert all("application/problem+json" in each["responses"]["default"]["content"] for each in operations)
    assert all(each.get("description") or each["summary"] for each in operations)


def test_every_reference_leads_somewhere():
    text = openapi_text()
    document = json.loads(text)
    referred = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert referred <= document["components"]["schemas"].keys()
    assert '"#/$defs' not in text
