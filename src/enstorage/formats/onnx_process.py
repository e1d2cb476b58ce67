"""Runs an ONNX model in a process of its own: one of unknown origin may loop for ever, or ask for any memory."""

import contextlib
import io
import json
import os
import selectors
import subprocess
import sys
import time
import weakref
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.formats.onnx_worker import LENGTH
from enstorage.settings import limit

_START_SECONDS = 120
_CHUNK = 1 << 16


class OnnxProcess:
    """The process of one model; it ends with this object.

    Args:
        content: the bytes of the model.

    Attributes:
        inputs: each with `name`, `type` and `shape`.
        outputs: likewise.

    Raises:
        InvalidInputError: onnxruntime cannot open the model, or not within the limits of time and memory.
    """

    def __init__(self, content: bytes) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "enstorage.formats.onnx_worker", str(limit("max_onnx_bytes"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        weakref.finalize(self, _end, self._process)
        for pipe in (self._process.stdin, self._process.stdout):
            os.set_blocking(pipe.fileno(), False)  # type: ignore[union-attr] # both are pipes
        self._exchange(b"", _START_SECONDS)
        ends = json.loads(self._exchange(_frame(content), limit("max_onnx_seconds")))
        _raise_fault(ends)
        self.inputs: list[dict[str, Any]] = ends["inputs"]
        self.outputs: list[dict[str, Any]] = ends["outputs"]

    @property
    def is_running(self) -> bool:
        """False after a limit was reached."""
        return self._process.poll() is None

    def run(self, samples: NDArray[Any]) -> NDArray[Any]:
        """The output for samples of the shape and the type of the input.

        Raises:
            InvalidInputError: the model fails, or reaches a limit of time or memory.
        """
        packed = io.BytesIO()
        np.save(packed, samples, allow_pickle=False)
        head, _, output = self._exchange(_frame(packed.getvalue()), limit("max_onnx_seconds")).partition(b"\n")
        _raise_fault(json.loads(head))
        found: NDArray[Any] = np.load(io.BytesIO(output), allow_pickle=False)
        return found

    def _exchange(self, sent: bytes, seconds: float) -> bytes:
        """Send bytes and read a frame, both within some seconds."""
        end, received = time.monotonic() + seconds, bytearray()
        waiting = memoryview(sent)
        given, taken = self._process.stdin, self._process.stdout
        with selectors.DefaultSelector() as selector:
            selector.register(taken, selectors.EVENT_READ)  # type: ignore[arg-type] # both are pipes
            if waiting:
                selector.register(given, selectors.EVENT_WRITE)  # type: ignore[arg-type]
            while (
                len(received) < LENGTH.size or len(received) < LENGTH.size + LENGTH.unpack(received[: LENGTH.size])[0]
            ):
                ready = selector.select(max(0.0, end - time.monotonic()))
                if not ready:
                    raise self._stopped(f"did not end within {seconds} s", "max_onnx_seconds")
                for key, _ in ready:
                    try:
                        if key.fileobj is taken:
                            piece = os.read(key.fd, _CHUNK)
                            received += piece
                            ended = not piece
                        else:
                            waiting = waiting[os.write(key.fd, waiting[:_CHUNK]) :]
                            ended = False
                    except BrokenPipeError:
                        ended = True
                    if ended:
                        raise self._stopped("ended its process, as it does for want of memory", "max_onnx_bytes")
                    if key.fileobj is given and not waiting:
                        selector.unregister(key.fileobj)
        return bytes(received[LENGTH.size :])

    def _stopped(self, what: str, setting: str) -> InvalidInputError:
        _end(self._process)
        return InvalidInputError(
            f"The ONNX model {what}, so it was stopped. If you trust whoever made it, raise the setting {setting}."
        )


def _frame(payload: bytes) -> bytes:
    return LENGTH.pack(len(payload)) + payload


def _raise_fault(answer: dict[str, Any]) -> None:
    if "error" in answer:
        raise InvalidInputError(answer["error"])


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()  # type: ignore[union-attr] # both are pipes
    process.wait()
