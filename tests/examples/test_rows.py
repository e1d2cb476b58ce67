"""How the figures of the examples are judged, kept and shown."""

import pytest

from results import written
from rows import Row, kept, read


def row(values, source=10.0, better="lower", **more):
    return Row("work", "figure", source, values, better, **more)


@pytest.mark.parametrize(
    ("judged", "verdict"),
    [
        (row([11, 10, 12]), "reproduced"),
        (row([12, 12.1, 12.2]), "not reproduced, because it lies 21.0 standard deviations away"),
        (row([8, 8.1]), "reproduced"),
        (row([8, 8.1], better="higher"), "not reproduced, because it lies 27.6 standard deviations away"),
        (row([12, 12.1], because="it leaks"), "not reproduced, because it leaks"),
        (row([8, 8.1], less="1 of 3 epochs were run"), "not reproduced, because 1 of 3 epochs were run"),
        (row([8, 11], always=True), "not reproduced, because it does not hold for 1 of 2 seeds"),
        (row([10, 10], always=True, better="equal"), "reproduced"),
        (row([8.0], source=None), "the source has no figure"),
    ],
)
def test_one_rule_judges_all_rows(judged, verdict):
    assert judged.verdict == verdict


def test_a_row_shows_mean_and_standard_deviation():
    assert row([10, 11, 12]).ours == "11.0 ± 1.0 (3 seeds)"
    assert row([1_250_858]).ours == "1,250,858"
    assert row([61.79974916, 61.79974916]).ours == "61.79974916 (2 seeds)"


def test_rows_of_an_example_replace_those_that_it_gave_before(tmp_path):
    file = tmp_path / "store" / "rows.jsonl"
    kept(file, "one", [row([1])], 2)
    kept(file, "two", [row([2]), row([3])], 2)
    kept(file, "one", [row([4]), row([5])], 2)
    assert [(line["example"], line["ours"]) for line in read(file)] == [
        ("one", "4"),
        ("one", "5"),
        ("two", "2"),
        ("two", "3"),
    ]


def test_only_the_table_of_the_page_is_replaced(tmp_path):
    file, page = tmp_path / "rows.jsonl", tmp_path / "results.md"
    page.write_text("# Results\n<!-- examples: begin -->\nold\n<!-- examples: end -->\nmore\n", encoding="utf-8")
    kept(file, "one", [row([9.0], beside="nothing"), row([8.0])], 61.2)
    for _ in range(2):
        written(page, read(file))
        text = page.read_text(encoding="utf-8")
        assert text.startswith("# Results\n<!-- examples: begin -->\nMade on ")
        assert text.endswith("<!-- examples: end -->\nmore\n")
        assert "\nold\n" not in text
        assert "| work | figure | 10 | 9 | nothing | reproduced | 61 |" in text
        assert "| work | figure | 10 | 8 |  | reproduced |  |" in text
