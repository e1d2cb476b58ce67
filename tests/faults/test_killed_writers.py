"""A process that writes is killed at a random moment: what it had done is there, what it was doing is there whole or not
at all, and everything else is as it was."""

import time

import pytest
from amount import KILLS
from history import History
from kept import check_kept
from operations import OPERATIONS

import enstorage
from enstorage import Connector

# Of so many kills a half is on SQLite and the rest on the two servers.
_SHARE = {"sqlite": 2, "mariadb": 4, "postgresql": 4}
# The few that are tried on the servers without `make torture`.
_SHORT = {"transaction", "render", "delete"}
_GATHERING_SECONDS = 1.0
_LONGEST_GATHERING_SECONDS = 2.5
# How long the machine may take to write what has gathered, when it is busy.
_WRITING_SECONDS = 0.5

CASES = [
    pytest.param(database, name, marks=[] if database == "sqlite" else pytest.mark.long)
    for database, share in _SHARE.items()
    for name, operation in OPERATIONS.items()
    if database in operation.databases and (KILLS or database == "sqlite" or name in _SHORT)
]


def take_in(history, forked, killed_at):
    """Add what a killed process did to the history; returns how old the oldest was that got lost."""
    operation, done, begun = OPERATIONS[history.name], dict(forked.said("done")), list(dict(forked.said("begin")))
    oldest_lost_seconds = 0.0
    if operation.gathers:
        there = operation.there(begun)
        lost = [number for number in done if number not in there]
        # What gathers is written in the order in which it was recorded.
        assert lost == list(done)[len(done) - len(lost) :]
        if lost:
            oldest_lost_seconds = killed_at - done[lost[0]]
        assert oldest_lost_seconds < _GATHERING_SECONDS + _WRITING_SECONDS
        done = {number: at for number, at in done.items() if number in there}
    history.begun += begun
    history.done |= done.keys()
    history.cut |= set(begun) - done.keys()
    return oldest_lost_seconds


def kill_at_random(zygote, chance, history, urls):
    """Let a process do the operation and kill it.

    Returns:
        Whether it was killed in the middle of one, and how old the oldest was that got lost.
    """
    operation = OPERATIONS[history.name]
    forked = zygote.fork("workload:repeat", operation=history.name, urls=urls, first=history.next())
    # The first takes longer than the others; the third is the one to be killed in.
    forked.read(lambda: len(forked.said("begin")) >= 3)
    seconds = forked.said("done")[1][1] - forked.said("begin")[1][1]
    forked.read(seconds=chance.uniform(0, _LONGEST_GATHERING_SECONDS if operation.gathers else 1.1 * seconds))
    killed_at = time.monotonic()
    forked.kill()
    # On a server the transaction of the killed process may still be coming to its end; one of ours comes after it.
    with Connector(*urls) as connector, connector.transaction():
        oldest_lost_seconds = take_in(history, forked, killed_at)
    connector.close()
    return len(forked.said("begin")) > len(forked.said("done")), oldest_lost_seconds


@pytest.mark.slow
@pytest.mark.parametrize(("database", "name"), CASES)
def test_nothing_is_lost_or_half_written(database, name, zygote, filled_store, chance, figures):
    urls, staying = filled_store(database)
    history = History(name)
    count = -(-KILLS // (_SHARE[database] * len(OPERATIONS))) or 1
    with figures("kills", name, database=database, kills=count, inside=0, oldest_lost_seconds=0.0) as row:
        for _ in range(count):
            inside, oldest_lost_seconds = kill_at_random(zygote, chance, history, urls)
            row["inside"] += inside
            row["oldest_lost_seconds"] = max(row["oldest_lost_seconds"], round(oldest_lost_seconds, 2))
            with Connector(*urls) as connector:
                history.check()
                assert enstorage.check() == []
                check_kept(connector, staying)
                history.do()
                history.check()
            connector.close()
        row["done"] = len(history.done)
