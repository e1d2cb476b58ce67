"""A database server that is killed in the middle of writing and comes back: nothing that was acknowledged is lost, each call
that fails says so once, and the same connector goes on."""

import shutil
import signal
import tempfile
import threading
import time

import pytest

import enstorage
import servers
from enstorage import Connector, DataSource, Model, Project
from enstorage.errors import StoreError

_BEFORE, _AWAY, _AFTER = 30, 5, 30


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request):
    """An instance of its own, which may be killed."""
    # Not in the folder of the test, which the user that PostgreSQL runs as cannot enter.
    folder = tempfile.mkdtemp(prefix="enstorage-server-")
    made = servers.KINDS[request.param](folder).start()
    made.create_database("away")
    yield made
    if made.process.poll() is None:
        made.stop(signal.SIGKILL)
    shutil.rmtree(folder)


class Stream:
    """Writes one record after the other, and keeps account of what came of each."""

    def __init__(self, model):
        self.model, self.number = model, 0
        self.done, self.refused, self.unknown = [], [], []

    def write(self):
        """One more; returns whether it was acknowledged."""
        self.number += 1
        source = DataSource(name=f"written {self.number}", connector=self.model.connector)
        try:
            with self.model.connector.transaction():
                source.save()
                self.model.meta(f"written {self.number}", self.number)
        except StoreError as error:
            check_message(error)
            assert source.id is None
            (self.unknown if "is not known" in str(error) else self.refused).append(self.number)
            return False
        self.done.append(self.number)
        return True


def check_message(error):
    """One line that says what happened and what to do, and keeps the secret."""
    message = str(error)
    assert "\n" not in message
    assert "Check" in message
    assert servers.PASSWORD not in message
    assert "word:1" not in message
    assert "***" in message


@pytest.mark.long
def test_a_server_that_is_killed_and_comes_back_costs_nothing_that_was_acknowledged(server, tmp_path, figures):
    connector = Connector(server.url("away"), f"delta:{tmp_path}/series", f"file:{tmp_path}/objects")
    model = Project(name="p", data_source=DataSource(name="s").save()).create_research("r").create_model("m")
    stream = Stream(model)
    with figures("servers", "killed and started again", database=server.name) as row:
        for _ in range(_BEFORE):
            assert stream.write()
        # Killed while a call is under way: beside it, at a moment that nothing decides.
        killer = threading.Thread(target=server.stop, args=(signal.SIGKILL,))
        killer.start()
        while stream.write():
            pass
        killer.join()
        for _ in range(_AWAY):
            assert not stream.write()
        with pytest.raises(StoreError, match="cannot be reached") as caught:
            DataSource.get_list()
        check_message(caught.value)
        record_while_away(connector, model)
        server.start()
        wait_until_written(connector, model)
        for _ in range(_AFTER):
            assert stream.write()  # with the same connector, from the first call on
        row |= {"operations": stream.number, "refused": len(stream.refused), "unknown": len(stream.unknown)}
    assert len(stream.unknown) <= 1
    facts = {key: value for key, value in model.metas().items() if key.startswith("written")}
    names = {source.name for source in DataSource.find("name LIKE 'written %'", connector=connector)}
    for number in range(1, stream.number + 1):
        there = facts.get(f"written {number}") == number, f"written {number}" in names
        assert there in {(True, True), (False, False)}
        if number not in stream.unknown:
            assert there[0] == (number in stream.done)
    assert model.meta("while away") == list(range(5))
    assert model.curves().rows() == [(step, step / 2) for step in range(100)]
    assert enstorage.check(connector) == []
    connector.close()


def wait_until_written(connector, model):
    """What was gathered is written by itself once the server is back, before anything else asks for it."""
    end = time.monotonic() + 60
    with Connector(*connector.settings) as other:
        while Model.get(model.id).meta("while away", default=None) is None or Model.get(model.id).curves().is_empty():
            assert time.monotonic() < end
            time.sleep(0.02)
    other.close()


def record_while_away(connector, model):
    """What is gathered is kept until the server is back, however often writing it fails."""
    buffered = connector.buffered()
    buffered.__enter__()
    model.meta("while away", list(range(5)))
    model.log(range(100), loss=[step / 2 for step in range(100)])
    with pytest.raises(StoreError, match="cannot be reached") as caught:
        buffered.__exit__(None, None, None)
    check_message(caught.value)
    with pytest.raises(StoreError, match="cannot be reached"):
        connector.recorder.flush()
    with pytest.raises(StoreError, match="cannot be reached"):
        Model.get(model.id)
