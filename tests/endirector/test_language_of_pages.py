"""Pages in Russian: every text has a form, and names stay what they are."""

import ast
import json
import re
from pathlib import Path

import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, Ridge

import endirector
import enstorage
from endirector.reporting.language import in_language, sentence, text, word
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.forecasting.calibration.intervals import ADVICE, ADVICE_ON_FLOOR, PredictionIntervals

SOURCES = Path(__file__).parents[2] / "src"
PAGES = ("endirector/report.html.j2", "endirector/autoforecast.html.j2", "enorchestrator/reporting/version.html.j2")
RUSSIAN = json.loads((SOURCES / "endirector/reporting/texts.ru.json").read_text(encoding="utf-8"))
BRACES = "<i>{name}</i> | {0} ensemble"


def texts():
    """The texts that pages ask for: those of templates as they are written there, and those of modules."""
    for page in PAGES:
        source = (SOURCES / page).read_text(encoding="utf-8")
        for call in re.findall(r'\bt\(((?:"[^"]+"(?: if [^"]*(?:"[^"]*"[^",]*?)*? else )?)+)[,)]', source):
            yield from (each for each in re.findall(r'"([^"]+)"', call) if " " in each or each[0].isupper())
    for package in ("endirector", "enorchestrator/reporting"):
        for file in (SOURCES / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == "text" and node.args:
                    match node.args[0]:
                        case ast.Constant(str(english)):
                            yield english


def test_every_text_of_a_page_has_a_russian_form_with_the_same_places():
    asked = set(texts())
    assert len(asked) > 150
    assert asked - set(RUSSIAN) == set()
    for english, russian in RUSSIAN.items():
        assert set(re.findall(r"\{\w*\}", english)) == set(re.findall(r"\{\w*\}", russian)), english
        assert english.count("|") in (0, russian.count("|") - 1), english


def test_every_russian_form_is_of_a_text_that_is_there():
    files = [path for path in SOURCES.rglob("*") if path.suffix in (".py", ".j2") and "static" not in path.parts]
    source = "\n".join(path.read_text(encoding="utf-8") for path in files).replace("_", " ")
    assert [each for each in RUSSIAN if each.replace("_", " ") not in source.replace('\\"', '"')] == []


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1, "на 1 шаг "), (2, "на 2 шага "), (5, "на 5 шагов "), (11, "на 11 шагов "), (21, "на 21 шаг ")],
)
def test_a_number_asks_for_its_form(number, expected):
    english = "Forecast of {series} series, {n} step ahead|Forecast of {series} series, {n} steps ahead"
    with in_language("ru"):
        assert expected in text(english, series=3, n=number)
    assert text(english, series=3, n=number).endswith("step ahead" if number == 1 else "steps ahead")


def test_sentences_of_the_library_and_lists_in_them_have_forms():
    told = "Read a.csv: text in UTF-8, separator comma, times in day: ISO 8601, 4 series by shop, values in units."
    with in_language("ru"):
        assert sentence(told).startswith("Прочитано a.csv: ")
        assert "рядов: 4, по столбцу shop, значения в units" in sentence(told)
        assert "стандартная ошибка 19, блоков строк 4" in sentence(
            "A mean or median of members was preferred: the mean mse of the best trial is lower by 6.051 (standard error "
            "19, 4 blocks of rows)."
        )
        assert sentence("What nobody wrote.") == "What nobody wrote."
        assert (word("valid"), word("a member")) == ("проверка", "a member")
    assert (sentence(told), word("valid")) == (told, "valid")


def test_of_several_forms_that_fit_a_sentence_its_own_is_taken():
    forms = json.loads((SOURCES / "endirector/reporting/messages.ru.json").read_text(encoding="utf-8"))["messages"]
    wrong = []
    with in_language("ru"):
        for english, russian in forms:
            told = sentence(english.replace("{}", "7"))
            if told != re.sub(r"\{\*?\}", "7", russian):
                wrong.append((english, told))
    assert wrong == []


GROUPS = (
    *("all series", "the long series", "the tiny series", "the huge series", "the usual series", "the current series"),
    *("the until 2024-02-01 series", "the long, until 2024-02-01 series", "the usual, until 2024-02-01 series"),
)


@pytest.mark.parametrize("who", GROUPS)
def test_remarks_on_intervals_of_a_group_of_series_have_no_english_words(who):
    rows = [
        (series, 10 * step, step, quantile, value, None if quantile is None else basis)
        for series, basis in ((1, "nearest steps"), (2, "all series"))
        for step in (1, 2, 4)
        for quantile, value in ((None, 5.0), (0.1, 6.0), (0.9, 7.0))
    ]
    columns = ["series", "id", "step", "quantile", "value", "basis"]
    table = pl.DataFrame(rows, columns, orient="row", infer_schema_length=None)
    told = []
    for part in (table, table.filter(pl.col("series") == 1), table.filter(pl.col("step") == 1)):
        for raised in ({3: 1}, {3: 2}, {3: 2, 4: 1}):
            told += PredictionIntervals(part, [1, 2], raised, [4]).remarks(who, dict.fromkeys(raised, 0.0))
    assert any(f"The forecast of {who} lies outside" in each and " in 2 series" in each for each in told)
    with in_language("ru"):
        own = [sentence(each.removesuffix(ADVICE).removesuffix(ADVICE_ON_FLOOR)) for each in dict.fromkeys(told)]
    assert [each for each in own if re.findall(r"[a-z]{2,}", each.replace("entrainer.backtest", ""))] == []


@pytest.fixture
def ensemble(sunspots):
    """An ensemble whose names look like places of texts, and like words of the page."""
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = enstorage.Project(name=BRACES, data_source=sunspots).save()
    research = project.create_research("Linear", preparation)
    for name, lag, estimator in (("ensemble", 2, LinearRegression()), (BRACES, 3, Ridge()), ("ансамбль", 5, Ridge(9))):
        model = research.create_model(name)
        model.data_set(preparation.create_set(Window(lag)))
        _, X, y = model.data_set().arrays("train")
        model.save_object(estimator.fit(X, y))
    made = project.create_ensemble("blending", "LinearRegression", models=project.models(), name=BRACES)
    return endirector.Conductor(made).render()


def test_a_report_of_an_ensemble_is_in_russian_and_its_names_are_not(ensemble):
    with pytest.raises(InvalidInputError, match="no pages in the language 'de'; expected en or ru"):
        endirector.report(ensemble, language="de")
    pages = {language: endirector.report(ensemble, language=language).html for language in ("en", "ru")}
    for language, page in pages.items():
        assert f'<html lang="{language}">' in page
        assert "&lt;i&gt;{name}&lt;/i&gt; | {0} ensemble" in page
        assert "<i>{name}" not in page
    shown = re.sub(
        r"<style.*?</style>|<metadata.*?</metadata>|<pre>.*?</pre>|<[^>]+>", " ", pages["ru"], flags=re.DOTALL
    )
    for expected in ("Ошибки", "Объединение", "Разнообразие участников", "истина", "Сверить и повторить"):
        assert expected in shown
    # Four words in a row are a sentence.
    assert re.findall(r"[A-Za-z]+(?: [a-z]+){3,}", shown) == []
