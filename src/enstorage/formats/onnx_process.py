"""Runs ONNX models in a process of their own: one of unknown origin may loop for ever, or ask for any memory."""

import contextlib
import hashlib
import io
import json
import os
import selectors
import subprocess
import sys
import threading
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.formats.onnx_worker import LENGTH
from enstorage.settings import limit

_START_SECONDS = 120
_CHUNK = 1 << 16


class End(NamedTuple):
    """An input or an output of a model.

    Attributes:
        name: its name.
        type: as onnxruntime names it, such as `tensor(float)`.
        shape: a number, a name or None for each axis.
    """

    name: str
    type: str
    shape: list[int | str | None]


class Ends(NamedTuple):
    """The inputs and outputs of a model."""

    inputs: list[End]
    outputs: list[End]


class OnnxProcess:
    """A process that runs models one after the other; at a limit it is stopped, and the next call starts it again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def open(self, content: bytes) -> Ends:
        """Open a model.

        Raises:
            InvalidInputError: onnxruntime cannot open it, or not within the limits of time and memory.
        """
        with self._lock:
            return self._opened(content)

    def run(self, content: bytes, samples: NDArray[Any]) -> NDArray[Any]:
        """The output of a model for samples of the shape and the type of its input.

        Raises:
            InvalidInputError: the model fails, or reaches a limit of time or memory.
        """
        packed = io.BytesIO()
        np.save(packed, samples, allow_pickle=False)
        with self._lock:
            head, output = self._ask("run", content, packed.getvalue())
            if "forgotten" in head:
                self._opened(content)
                head, output = self._ask("run", content, packed.getvalue())
        found: NDArray[Any] = np.load(io.BytesIO(output), allow_pickle=False)
        return found

    def _opened(self, content: bytes) -> Ends:
        head, _ = self._ask("open", content, content)
        return Ends(*([End(*end) for end in head[what]] for what in ("inputs", "outputs")))

    def _ask(self, what: str, model: bytes, content: bytes) -> tuple[dict[str, Any], bytes]:
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._start()
        request = {"do": what, "model": hashlib.sha256(model).hexdigest(), "bytes": limit("max_onnx_bytes")}
        line = json.dumps(request).encode() + b"\n"
        sent = LENGTH.pack(len(line) + len(content)) + line + content
        head, _, rest = self._exchange(sent, limit("max_onnx_seconds")).partition(b"\n")
        answer: dict[str, Any] = json.loads(head)
        if "error" in answer:
            raise InvalidInputError(answer["error"])
        return answer, rest

    def _start(self) -> None:
        command = [sys.executable, "-m", "enstorage.formats.onnx_worker"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process, self._owner = subprocess.Popen(command, **pipes), os.getpid()  # type: ignore[call-overload]  # noqa: S603
        for pipe in (self._process.stdin, self._process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr] # both are pipes
        self._exchange(b"", _START_SECONDS)

    def _exchange(self, sent: bytes, seconds: float) -> bytes:
        """Send bytes and read an answer, both within some seconds."""
        assert self._process is not None  # noqa: S101 - it was started
        end, received, waiting = time.monotonic() + seconds, bytearray(), memoryview(sent)
        given: Any = self._process.stdin
        taken: Any = self._process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(taken, selectors.EVENT_READ)
            if waiting:
                selector.register(given, selectors.EVENT_WRITE)
            while not _is_whole(received):
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    raise self._stopped(f"does not end within {seconds} s", "max_onnx_seconds")
                try:
                    for key, _ in ready:
                        if key.fileobj is taken:
                            if not (piece := os.read(key.fd, _CHUNK)):
                                raise BrokenPipeError
                            received += piece
                        else:
                            waiting = waiting[os.write(key.fd, waiting[:_CHUNK]) :]
                            if not waiting:
                                selector.unregister(given)
                except BrokenPipeError as error:
                    raise self._stopped("crashes, as it does for want of memory", "max_onnx_bytes") from error
        return bytes(received[LENGTH.size :])

    def _stopped(self, what: str, setting: str) -> InvalidInputError:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()  # type: ignore[union-attr] # both are pipes
            process.wait()
        return InvalidInputError(
            f"The ONNX model {what}, so it was stopped. If you trust whoever made it, raise the setting {setting}."
        )


def _is_whole(received: bytearray) -> bool:
    return len(received) >= LENGTH.size and len(received) >= LENGTH.size + LENGTH.unpack(received[: LENGTH.size])[0]


PROCESS = OnnxProcess()
"""The one that models of this process run in; it ends with this process."""
