"""The process that opens and runs ONNX models, with a limit of memory: `python -m enstorage.formats.onnx_worker`.

It reads requests and writes answers, each with 8 bytes of length before it: a line of JSON, and then bytes. `open` comes
with the model, `run` with samples as `.npy`, and is answered with the output as `.npy`. A model is known by a name that the
request gives; after some others it is forgotten.
"""

import io
import json
import struct
import sys
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = struct.Struct("<Q")
_MOST_OPEN = 8


def main() -> None:
    """Answer requests until there are no more."""
    import numpy as np
    import onnxruntime  # noqa: F401 - before memory is limited

    from enstorage.formats.onnx_session import check_content, open_session

    out, sessions = sys.stdout.buffer, OrderedDict[str, Any]()

    def answer(request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], bytes]:
        name = request["model"]
        if request["do"] == "open":
            check_content(content)
            sessions[name] = open_session(content)
            if len(sessions) > _MOST_OPEN:
                sessions.popitem(last=False)
            ends = {"inputs": sessions[name].get_inputs(), "outputs": sessions[name].get_outputs()}
            return {what: [[end.name, end.type, end.shape] for end in found] for what, found in ends.items()}, b""
        if name not in sessions:
            return {"forgotten": True}, b""
        sessions.move_to_end(name)
        session = sessions[name]
        samples = np.load(io.BytesIO(content), allow_pickle=False)
        output = session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: samples})[0]
        packed = io.BytesIO()
        np.save(packed, np.asarray(output), allow_pickle=False)
        return {}, packed.getvalue()

    _send(out, {"ready": True})
    for frame in _frames(sys.stdin.buffer):
        head, _, content = frame.partition(b"\n")
        request = json.loads(head)
        _limit_memory(request["bytes"] + 4 * len(content))
        try:
            _send(out, *answer(request, content))
        except Exception as error:  # noqa: BLE001 - the one who asked raises it
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            _send(out, {"error": reason})


def _frames(stream: BinaryIO) -> Iterator[bytes]:
    while len(head := stream.read(LENGTH.size)) == LENGTH.size:
        yield stream.read(LENGTH.unpack(head)[0])


def _send(stream: BinaryIO, head: dict[str, Any], content: bytes = b"") -> None:
    line = json.dumps(head).encode() + b"\n"
    stream.write(LENGTH.pack(len(line) + len(content)) + line + content)
    stream.flush()


def _limit_memory(more: int) -> None:
    """Limit the address space to what is used now and that many bytes more, where the system can."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
