"""Child processes: each can be stopped, measured and killed, and takes no other with it."""

import ctypes
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from enorchestrator.task.limits import Limits
from enorchestrator.task.output import TAIL_BYTES
from enorchestrator.task.supervisor import Supervisor
from enstorage.errors import InvalidInputError

#: The endings that each supervisor has told.
TOLD = {}


def hello(told_to_stop):
    print("hello")


def hold_the_interpreter(told_to_stop):
    ctypes.PyDLL(None).sleep(60)  # a call in C that does not let go of it


def stop_when_told(path, told_to_stop):
    while not Path(path).exists():
        time.sleep(0.01)
    told_to_stop()
    time.sleep(0.8)
    print("stopped by itself")


def answer_and_go_on(told_to_stop):
    told_to_stop()
    time.sleep(60)


def kill_itself(told_to_stop):
    sys.stderr.write("the last words\n")
    sys.stderr.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def take_memory(told_to_stop):
    kept = [bytearray(50_000_000) for _ in range(20)]
    for each in kept:
        each[::4096] = b"x" * len(each[::4096])
    time.sleep(60)


def print_much(told_to_stop):
    for number in range(200_000):
        print(f"line {number:>50}")
    time.sleep(0.7)
    print("the end")


def sleep(seconds, told_to_stop):
    time.sleep(seconds)


def refused(*arguments, **options):
    raise OSError("no process left")


@pytest.fixture
def supervise():
    """Make supervisors, which are stopped at the end."""
    made = []

    def make(workers=2, **limits):
        made.append(Supervisor(workers, Limits(**limits), threading.Event().set))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def ending(supervisor, name="work", within=30):
    """The ending of a call, and the seconds until it was told."""
    began = time.monotonic()
    while time.monotonic() - began < within:
        TOLD.setdefault(supervisor, {}).update(supervisor.endings())
        if name in TOLD[supervisor]:
            return TOLD[supervisor][name], time.monotonic() - began
        time.sleep(0.005)
    raise AssertionError(f"{name} did not end")


def wait_for_pid(supervisor, name="work"):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if (pid := supervisor._calls[name].pid) is not None:
            return pid
        time.sleep(0.01)
    raise AssertionError("it did not begin")


def test_a_call_returns_and_what_it_printed_is_kept(supervise):
    supervisor = supervise()
    supervisor.start("work", hello)
    found, _ = ending(supervisor)
    assert (found.reason, found.log) == ("returned", "hello\n")
    assert supervisor.free() == 2


def test_a_call_that_holds_the_interpreter_is_stopped_within_a_second(supervise):
    supervisor = supervise()
    supervisor.start("work", hold_the_interpreter)
    pid = wait_for_pid(supervisor)
    time.sleep(0.3)
    supervisor.cancel("work", 30)
    found, seconds = ending(supervisor)
    assert found.reason == "cancelled"
    assert seconds < 1.0
    assert not psutil.pid_exists(pid)
    assert supervisor.free() == 2


def test_a_call_that_answers_is_given_its_time(supervise, tmp_path):
    supervisor = supervise()
    supervisor.start("work", stop_when_told, str(tmp_path / "told"))
    wait_for_pid(supervisor)
    supervisor.cancel("work", 30)
    (tmp_path / "told").touch()
    found, _ = ending(supervisor)
    assert (found.reason, found.log) == ("returned", "stopped by itself\n")


def test_a_call_that_answers_and_does_not_stop_is_killed_after_its_time(supervise):
    supervisor = supervise()
    supervisor.start("work", answer_and_go_on)
    wait_for_pid(supervisor)
    supervisor.cancel("work", 1)
    found, seconds = ending(supervisor)
    assert found.reason == "cancelled"
    assert 0.9 < seconds < 2.5


def test_a_call_ends_after_its_time_even_if_it_holds_the_interpreter(supervise):
    supervisor = supervise(timeout_seconds=1)
    supervisor.start("work", hold_the_interpreter)
    wait_for_pid(supervisor)
    found, seconds = ending(supervisor)
    assert found.reason == "timeout"
    assert found.detail == "The work took more than 1 seconds, its limit, and was stopped."
    assert seconds < 2


def test_the_last_words_of_a_killed_child_are_kept_and_its_neighbour_goes_on(supervise):
    supervisor = supervise()
    supervisor.start("neighbour", sleep, 1.5)
    supervisor.start("work", kill_itself)
    found, _ = ending(supervisor)
    assert (found.reason, found.log) == ("killed", "the last words\n")
    assert found.detail == "The process of the work ended with signal 9 (SIGKILL)."
    assert ending(supervisor, "neighbour")[0].reason == "returned"


def test_a_call_that_takes_too_much_memory_is_stopped_and_only_that_one(supervise):
    supervisor = supervise(memory_bytes=600_000_000)
    supervisor.start("neighbour", sleep, 3)
    supervisor.start("work", take_memory)
    found, _ = ending(supervisor)
    assert found.reason == "memory"
    assert found.detail.startswith("The work took more than 600000000 bytes of memory")
    assert found.peak_bytes > 600_000_000
    assert ending(supervisor, "neighbour")[0].reason == "returned"


@pytest.mark.long
def test_of_a_long_output_the_end_is_kept(supervise):
    supervisor = supervise()
    supervisor.start("work", print_much)
    found, _ = ending(supervisor)
    assert found.log.endswith("the end\n")
    assert len(found.log) <= TAIL_BYTES
    assert found.log.startswith("line ")


def test_a_call_is_executed_though_an_idle_child_was_killed(supervise):
    supervisor = supervise(workers=1)
    supervisor.start("first", hello)
    ending(supervisor, "first")
    supervisor._warming_up.join()
    (child,) = supervisor._children[0].pool._pool_manager.worker_manager.workers
    os.kill(child, signal.SIGKILL)
    supervisor.start("work", hello)
    assert ending(supervisor)[0].reason == "returned"


def test_a_call_that_is_over_for_its_pool_when_it_is_killed_ends_all_the_same(supervise):
    supervisor = supervise(workers=1)
    supervisor.start("work", sleep, 60)
    pid = wait_for_pid(supervisor)
    # So it is where the child has told its end, and the kill comes before the call knows.
    supervisor._calls["work"].child.pool._pool_manager.task_manager.tasks.clear()
    supervisor.cancel("work", 30)
    assert ending(supervisor)[0].reason == "cancelled"
    assert not psutil.pid_exists(pid)
    supervisor.start("next", hello)
    assert ending(supervisor, "next")[0].reason == "returned"


def test_a_call_whose_pool_is_at_an_end_without_telling_is_killed(supervise):
    supervisor = supervise(workers=1)
    supervisor.start("work", sleep, 60)
    pid = wait_for_pid(supervisor)
    supervisor._calls["work"].child.pool.stop()
    found, _ = ending(supervisor)
    assert (found.reason, found.detail) == ("killed", "The process of the work was lost.")
    assert not psutil.pid_exists(pid)


def test_a_call_that_cannot_be_started_takes_no_place(supervise, monkeypatch):
    supervisor = supervise(workers=1)
    supervisor._warming_up.join()
    supervisor._children[0].is_at_work = True
    with monkeypatch.context() as patch:
        patch.setattr("enorchestrator.task.supervisor.ProcessPool", refused)
        with pytest.raises(OSError, match="no process left"):
            supervisor.start("work", hello)
    assert supervisor.free() == 1
    supervisor.start("work", hello)
    assert ending(supervisor)[0].reason == "returned"


def test_children_are_started_for_work_and_ended_without(supervise):
    supervisor = Supervisor(3, Limits(), threading.Event().set, idle_seconds=0.4)
    try:
        supervisor._warming_up.join()
        assert supervisor.children() == 1
        for number in range(3):
            supervisor.start(f"call {number}", sleep, 0.3 if number else 1.2)
        assert supervisor.children() == 3
        for number in (1, 2):
            assert ending(supervisor, f"call {number}")[0].reason == "returned"
        end = time.monotonic() + 10
        while supervisor.children() > 1:  # those without work; the other goes on
            assert time.monotonic() < end
            time.sleep(0.02)
        assert ending(supervisor, "call 0")[0].reason == "returned"
        time.sleep(0.8)
        assert supervisor.children() == 1
    finally:
        supervisor.stop()


def test_stopping_kills_what_runs(supervise):
    supervisor = supervise()
    supervisor.start("work", sleep, 60)
    pid = wait_for_pid(supervisor)
    supervisor.stop()
    assert supervisor.endings()["work"].reason == "stopped"
    assert not psutil.pid_exists(pid)
    assert supervisor.free() == 0


@pytest.mark.parametrize("limits", [{"timeout_seconds": 0}, {"memory_bytes": -1}])
def test_limits_are_above_0(limits):
    with pytest.raises(InvalidInputError, match="expected a number above 0"):
        Limits(**limits)
