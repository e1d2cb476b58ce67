"""Sentences in English and Russian: the same trees, and for what cannot be read the place and what may stand there."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enorchestrator.intent.clauses import Times
from enorchestrator.intent.parser import parse, verbs
from enorchestrator.intent.shared import cron_of
from enstorage.errors import InvalidInputError

SAME = [
    (
        'forecast "Solar activity" 11 years ahead with RMSE below 20 every january, notify ops.',
        "спрогнозируй «Solar activity» на 11 лет вперёд, RMSE ниже 20, каждый январь, сообщи ops",
        {
            "name": "Solar activity",
            "horizon": {"count": 11, "unit": "year"},
            "limit": {"metric": "rmse", "at_most": 20.0},
            "times": {"every": "year", "month": 1},
            "notify": ["ops"],
        },
    ),
    (
        "forecast Load next 24 hours, 80 and 95 % intervals every day at 6:30",
        "спрогнозируй Load на следующие 24 часа, интервалы 80 % и 95 % каждый день в 6:30",
        {"name": "Load", "horizon": {"count": 24, "unit": "hour"}, "times": {"every": "day", "at": "6:30"}},
    ),
    (
        'predict "A" 3 steps ahead, expect values between -0.5 and 300, no gaps, within 10 minutes, urgently',
        "предскажи «A» на 3 шага, ожидай значения от -0,5 до 300 без пропусков за 10 минут срочно",
        {
            "name": "A",
            "horizon": {"count": 3, "unit": "step"},
            "between": [-0.5, 300.0],
            "whole": True,
            "within": {"count": 10, "unit": "minute"},
            "urgent": True,
        },
    ),
    (
        "forecast A 2 months ahead, values above 0, mae at most 1.5, every wednesday",
        "спрогнозируй A на 2 месяца, значения не меньше 0, mae не больше 1,5, каждую среду",
        {
            "name": "A",
            "horizon": {"count": 2, "unit": "month"},
            "above": 0.0,
            "limit": {"metric": "mae", "at_most": 1.5},
            "times": {"every": "week", "weekday": 3},
        },
    ),
    (
        'retrain all models of project "P" every month',
        "переобучи модели проекта «P» каждый месяц",
        {"name": "P", "times": {"every": "month"}},
    ),
    (
        'evaluate ensemble "E" every monday',
        "оцени ансамбль «E» каждый понедельник",
        {"name": "E", "times": {"every": "week", "weekday": 1}},
    ),
    ('backtest "P" with 5 folds', "проверь на истории «P» на 5 отрезках", {"name": "P", "folds": 5}),
]


def tree(sentence):
    found, remarks = parse(sentence)
    assert not remarks
    return type(found).__name__, found.model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize(("english", "russian", "expected"), SAME)
def test_a_sentence_means_the_same_in_both_languages(english, russian, expected):
    verb, found = tree(english)
    found.pop("levels", None)
    assert found == expected
    other, again = tree(russian)
    again.pop("levels", None)
    assert (other, again) == (verb, found)


def test_levels_of_intervals_are_shares():
    assert tree("forecast A 1 step ahead with 80 % and 99.5% intervals")[1]["levels"] == [0.8, 0.995]


def test_each_verb_reads_its_own_example():
    for name, verb in verbs().items():
        trees = [parse(verb.examples[language])[0] for language in ("en", "ru")]
        assert [type(each) for each in trees] == [verb, verb], name
        english, russian = (each.model_dump(exclude={"name"}) for each in trees)
        assert english == russian, name


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("", "0 characters; expected 1 to 1000"),
        ("x" * 1001, "1001 characters"),
        ("make me a coffee", "begins with make me a coffee, which is none of the things that can be asked for"),
        ("forecast A 11 years ahed", "from 'ahed' on; expected 11 years ahead or RMSE below 20"),
        ("forecast A with RMSE", "ends after 'forecast A with RMSE'; expected below"),
        ("forecast A 3 days ahead 5 days ahead", "says '5 days' where it has said that before"),
        (
            "forecast A 3 parsecs ahead",
            "from 'parsecs ahead' on; expected 11 years ahead or 80 % intervals or a unit such as days",
        ),
        ("forecast A 0 steps ahead", "horizon count: Input should be greater than or equal to 1; received 0"),
        ("forecast A 1 step ahead with 100 % intervals", "levels 0: Input should be less than 1"),
        ("forecast A 1 step ahead every day at 25:00", "25:00"),
        ("delete everything", "begins with delete everything"),
    ],
)
def test_what_cannot_be_read_is_told_by_its_place(sentence, message):
    with pytest.raises(InvalidInputError) as told:
        parse(sentence)
    assert message in str(told.value)
    assert told.value.field == "sentence"


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["forecast", "A", '"', "11", "years", "ahead", "every", "at", "6:00", "%", "below", "и", ",", "-"]
        )
        | st.text(max_size=6),
        max_size=12,
    )
)
def test_no_text_does_more_than_be_refused(words):
    with suppress(InvalidInputError):
        assert isinstance(parse(" ".join(words))[0], tuple(verbs().values()))


@pytest.mark.parametrize(
    ("times", "cron"),
    [
        ({"every": "year", "month": 1}, "0 0 1 1 *"),
        ({"every": "week", "weekday": 0, "at": "06:05"}, "5 6 * * 0"),
        ({"every": "minute", "count": 15}, "*/15 * * * *"),
        ({"every": "hour", "count": 6}, "0 */6 * * *"),
        ({"every": "quarter"}, "0 0 1 */3 *"),
        ({"every": "day", "count": 2}, None),
        ({"every": "hour", "at": "06:00"}, None),
        ({"every": "second"}, None),
    ],
)
def test_times_of_the_calendar_are_five_fields(times, cron):
    assert cron_of(Times(**times)) == cron
