"""Telling of long work, showing it, and stopping it; tests/flow/test_long_calls.py does so with every long call."""

import pytest

from enstorage import progress
from enstorage.errors import CancelledError, InvalidInputError
from enstorage.progress import checkpoint, listening


@pytest.fixture
def told(monkeypatch):
    """What a listener was told, at every call."""
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.0)
    return []


def test_a_tight_loop_tells_only_now_and_then_and_at_the_end():
    told = []
    with listening(lambda *told_now: told.append(told_now)) as report:
        for done in range(10_001):
            report("Counting", done, 10_000)
    assert told[0] == ("Counting", 0, 10_000)
    assert told[-1] == ("Counting", 10_000, 10_000)
    assert len(told) < 100


def test_a_call_inside_of_another_goes_a_part_of_its_way(told):
    with listening(lambda *each: told.append(each)) as outer:
        outer("Outer", 0, 100)
        with listening(outer.within(20, 60, 100)) as inner:
            for done in range(3):
                inner("Inner", done, 2)
        outer("Outer", 100, 100)
    assert told == [
        ("Outer", 0, 100),
        ("Inner", 20, 100),
        ("Inner", 40, 100),
        ("Inner", 60, 100),
        ("Outer", 100, 100),
    ]


def test_whoever_asks_to_stop_is_not_asked_again_and_no_handler_loses_it(told):
    def stop(*each):
        told.append(each)
        return True

    with pytest.raises(CancelledError, match=r"Stopped by the progress function: Adding, 1 of 9\."):  # noqa: PT012, SIM117
        with listening(stop) as report:
            with pytest.raises(CancelledError):
                report("Adding", 1, 9)
            report("Adding", 1, 9)
    assert len(told) == 1


def test_only_true_stops(told):
    with listening(lambda what, done, total: "yes") as report:
        report("Adding", 1, 9)


def test_a_checkpoint_asks_the_call_around_it(told):
    checkpoint()  # there is none
    with listening(lambda *each: told.append(each)) as report:
        checkpoint()  # nothing was told yet
        report("Adding", 1, 9)
        checkpoint()
    assert told == [("Adding", 1, 9)] * 2


@pytest.mark.parametrize("wrong", ["yes", 1.5, lambda models, chunk: None])
def test_what_is_no_function_of_progress_is_refused(wrong):
    with pytest.raises(InvalidInputError, match=r"expected True for a bar, False for none, or a function"):  # noqa: SIM117
        with listening(wrong):
            pass


@pytest.mark.parametrize(("terminal", "patience", "shown"), [("1", 0.0, True), ("1", 60.0, False), ("", 0.0, False)])
def test_a_bar_is_shown_where_somebody_looks_and_work_takes_long(terminal, patience, shown, monkeypatch, capsys):
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", patience)
    monkeypatch.setenv("FORCE_COLOR", terminal) if terminal else monkeypatch.delenv("FORCE_COLOR", raising=False)
    with listening(progress=True) as report:
        report("Checking Model", 3, 7)
    output = capsys.readouterr()
    assert output.out == ""
    assert ("Checking Model" in output.err) == shown
