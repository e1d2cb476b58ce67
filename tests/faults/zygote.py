"""A process that has imported everything and forks itself, so that a process to be killed is there in milliseconds.

It only imports: the threads of Polars and Delta Lake begin with the first call, and would not be there in a fork.
"""

import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

_LONGEST_SECONDS = 120


class Zygote:
    """The parent's side: starts the process and asks it for forks."""

    def __init__(self):
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._forked = []
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL
        )
        theirs.close()
        assert self._socket.recv(100) == b"ready"

    def fork(self, function, **arguments):
        """A new process that calls `module:function` with a journal and the arguments."""
        reading, writing = os.pipe()
        socket.send_fds(self._socket, [json.dumps([function, arguments]).encode()], [writing])
        os.close(writing)
        self._forked.append(Forked(int(self._socket.recv(100)), reading))
        return self._forked[-1]

    def kill_what_is_left(self):
        """Kill the processes that a test left behind when it failed."""
        for forked in self._forked:
            if not forked.ended:
                with suppress(ProcessLookupError):
                    os.killpg(forked.pid, signal.SIGKILL)
                os.close(forked.pipe)
        self._forked.clear()

    def close(self):
        self._socket.close()
        self._process.wait(60)


@dataclass
class Forked:
    """A process that was forked, and what it has journalled so far."""

    pid: int
    pipe: int
    #: What `Journal` wrote: pairs of a word and a value.
    entries: list[tuple[str, object]] = field(default_factory=list)
    ended: bool = False
    _rest: bytes = b""

    def read(self, enough=None, seconds=None):
        """Read the journal until `enough()`, for so many seconds, or to its end; returns whether it has not ended."""
        end = None if seconds is None else time.monotonic() + seconds
        while enough is None or not enough():
            left = _LONGEST_SECONDS if end is None else end - time.monotonic()
            if left <= 0 or not select.select([self.pipe], [], [], left)[0]:
                if seconds is None:
                    self.kill()
                    pytest.fail(
                        f"The process did nothing for {_LONGEST_SECONDS} s; its last words: {self.entries[-1:]}"
                    )
                return True
            content = os.read(self.pipe, 1 << 16)
            if not content:
                return False
            *lines, self._rest = (self._rest + content).split(b"\n")
            self.entries += [tuple(json.loads(line)) for line in lines]
            if self.entries and self.entries[-1][0] == "error":
                self.ended = True
                pytest.fail(f"The process failed:\n{self.entries[-1][1]}", pytrace=False)
        return True

    def kill(self):
        """Kill the process and whatever it has started, and read what it had still written."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pytest.fail(f"The process had ended by itself; its last words: {self.entries[-1:]}")
        return self.finish()

    def finish(self):
        """Read the journal to its end, which is that of the process."""
        while self.read():
            pass
        self.ended = True
        os.close(self.pipe)
        return self.entries

    def said(self, word):
        """The values of all entries with the word."""
        return [value for said, value in self.entries if said == word]


class Journal:
    """The forked process's side: each entry is out of the process when the call returns."""

    def __init__(self, pipe):
        self._pipe = pipe

    def __call__(self, word, value=None):
        # Pieces of up to 4096 bytes are whole or absent in a pipe, also when the process is killed meanwhile.
        os.write(self._pipe, json.dumps([word, value]).encode() + b"\n")


def _serve(connection):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that nothing is left of a killed process
    connection.send(b"ready")
    while True:
        request, pipes, _, _ = socket.recv_fds(connection, 1 << 16, 1)
        if not request:
            return
        pid = os.fork()
        if not pid:
            connection.close()
            _run(*json.loads(request), Journal(pipes[0]))
        os.close(pipes[0])
        connection.send(str(pid).encode())


def _run(function, arguments, journal):
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    module, _, name = function.partition(":")
    try:
        getattr(importlib.import_module(module), name)(journal, **arguments)
    except BaseException:
        journal("error", traceback.format_exc()[-3000:])
    finally:
        os._exit(0)


if __name__ == "__main__":
    # One thread for linear algebra: others would not be there in a fork either.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import preload  # noqa: F401

    _serve(socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)
