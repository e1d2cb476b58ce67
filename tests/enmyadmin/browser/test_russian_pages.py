"""Russian pages have no English sentences: neither in texts of the client, nor in those that the library writes."""

import re

import pytest
from served_pages import open_page
from test_everybody_can_use_it import PAGES

import endirector
from enstorage import Connector, Ensemble

#: What stays as it is: names that people gave, code, names of classes and files, keys of JSON.
CODE = "pre, code, kbd, [translate=no], .mantine-Code-root, textarea, .cm-editor"
#: English words that appear in sentences, and in no name, parameter or unit of the store that is shown.
SENTENCE = re.compile(
    r"\b(the|of|are|is|was|were|has|have|which|that|from|with|without|and|for|each|this|there|its|than|by default)\b"
    r"(?=[^.]*\s)",
    re.IGNORECASE,
)
#: Product names and names of the store that contain such a word.
NAMES = ("Sunspots, by year", "Solar activity", "each night", "each day", "hash of", "is not null", "and not")


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "ru-RU"}


TEXTS = f"""() => {{
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {{
    const element = node.parentElement;
    if (element.closest({CODE!r}) || element.closest("script, style, noscript")) continue;
    if (node.textContent.trim()) found.push(node.textContent.trim());
  }}
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"])
      if (element.hasAttribute(name) && !element.closest({CODE!r})) found.push(element.getAttribute(name));
  return found;
}}"""


def english(texts):
    return sorted(
        {each for each in texts if SENTENCE.search(each) and not any(name in each for name in NAMES)}, key=len
    )


@pytest.mark.long
def test_no_page_has_an_english_sentence(page, served):
    found = {}
    for path in PAGES:
        open_page(page, served, path)
        if sentences := english(page.evaluate(TEXTS)):
            found[path] = sentences
    assert not found, "\n".join(f"{path}: {each}" for path, each in found.items())


def test_forms_and_the_page_of_a_run_are_russian(page, served):
    open_page(page, served, "/models/new")
    page.get_by_role("combobox", name=re.compile("сеть", re.IGNORECASE)).or_(
        page.get_by_label(re.compile("сеть", re.IGNORECASE))
    ).first.click()
    page.get_by_role("option", name="lstm", exact=True).first.click()
    page.get_by_text("Ячеек в каждом слое", exact=False).first.wait_for()
    assert english(page.evaluate(TEXTS)) == []


def test_gates_the_timeline_and_questions_to_an_intent_are_russian(page, served):
    open_page(page, served, "/registry/solar")
    page.get_by_text("Версия 2 не прошла условие; предложение: отклонить.").first.wait_for()
    page.get_by_text("худшей группы (ряд)", exact=False).first.wait_for()
    found = english(page.evaluate(TEXTS))
    for sentence in (
        "прогноз «Solar activity» на 5 лет с MAE ниже 0.01, значения от 0 до 10, уведоми ops",
        "прогноз «Nowhere» на 5 лет",
        "прогноз «Solar activity» на 300 лет",
        "сделай хорошо",
    ):
        open_page(page, served, "/intents")
        page.get_by_role("textbox", name="Что нужно").fill(sentence)
        page.keyboard.press("Enter")
        page.get_by_text(re.compile("Чего не хватает|Подойдёт|такого попросить нельзя")).first.wait_for()
        found += english(page.evaluate(TEXTS))
    assert found == []


@pytest.mark.long
def test_the_report_of_an_ensemble_is_in_the_language_of_the_client(page, served):
    with Connector.in_folder(served.store) as connector:
        endirector.diagnose(Ensemble.get(1, connector=connector), progress=False)
    open_page(page, served, "/ensembles/1")
    link = page.get_by_role("link", name="Отчёт", exact=True)
    assert link.get_attribute("href").endswith("/ensembles/1/report?language=ru")
    link.evaluate("each => each.removeAttribute('target')")
    link.click()
    page.wait_for_url("**/report?language=ru")
    assert page.locator("html").get_attribute("lang") == "ru"
    assert english(page.evaluate(TEXTS)) == []
