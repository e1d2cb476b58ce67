"""The texts that the server gives in English have a Russian form in the client."""

import ast
import json
import re
from pathlib import Path

import polars as pl

import endirector
from enmyadmin.server import messages_file
from enorchestrator.work.registry import OURS, find_kind
from entrainer.forecasting.calibration.intervals import ADVICE, ADVICE_ON_FLOOR, PredictionIntervals

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


def is_told_in_russian():
    """A function that says whether a sentence has one of the Russian forms."""
    source = (I18N / "messages.ru.ts").read_text(encoding="utf-8")
    pairs = re.findall(r'^  \[("(?:[^"\\]|\\.)*"), "', source, re.MULTILINE)
    forms = [re.escape(json.loads(each)).replace(r"\{\}", "(.+?)") for each in pairs]
    return lambda sentence: any(re.fullmatch(form, sentence) for form in forms)


def test_pages_of_reports_have_the_sentences_of_the_client():
    assert messages_file.FILE.read_text(encoding="utf-8") == messages_file.messages_text(), (
        "write it by `make messages`"
    )


def test_what_was_read_of_a_table_has_a_russian_form(tmp_path):
    is_told = is_told_in_russian()
    file = tmp_path / "shops.csv"
    quarters = [str(10 + row % 4) for row in range(40)]
    file.write_text("row;a;b\n" + "".join(f"{row};{each},5;{each}\n" for row, each in enumerate(quarters)))
    read, *others = endirector.understand(file).remarks
    assert read.startswith("Read shops.csv: text in")
    parts = read.removeprefix("Read shops.csv: ").removesuffix(".").split(", ")
    assert [each for each in [*parts[:-1], *others] if not is_told(each)] == []


def test_remarks_on_intervals_have_a_russian_form():
    is_told = is_told_in_russian()
    rows = [
        (series, 10 * step, step, quantile, value, None if quantile is None else basis)
        for series, steps, basis in (
            (1, (1, 2), "own residuals"),
            (2, (1,), "nearest steps"),
            (2, (3, 5), "all series"),
        )
        for step in steps
        for quantile, value in ((None, 5.0), (0.1, 6.0), (0.9, 7.0))
    ]
    columns = ["series", "id", "step", "quantile", "value", "basis"]
    table = pl.DataFrame(rows, columns, orient="row", infer_schema_length=None)
    told = []
    for missing, raised, repeating in (([1], {3: 1}, [4]), ([1, 2], {3: 2, 4: 1}, [4, 5]), ([1, 4], {3: 2}, [])):
        for part in (table, table.filter(pl.col("series") == 1), table.filter(pl.col("step") == 1)):
            found = PredictionIntervals(part, missing, raised, repeating)
            told += found.remarks("all series", dict.fromkeys(raised, 0.0))
    told += [each.removesuffix(ADVICE).removesuffix(ADVICE_ON_FLOOR) for each in told]
    assert any("outside of its interval for the 4 steps" in each for each in told)
    assert [each for each in dict.fromkeys(told) if not is_told(each)] == []
