"""The process that opens and runs one ONNX model, with a limit of memory: `python -m enstorage.formats.onnx_worker BYTES`.

It reads and writes frames, 8 bytes of length before each. First comes the model, then samples as `.npy`; each is answered by a
JSON line, after samples followed by the output as `.npy`.
"""

import io
import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

LENGTH = struct.Struct("<Q")


def main() -> None:
    """Answer frames until there are no more."""
    frames, out = _frames(sys.stdin.buffer), sys.stdout.buffer
    import numpy as np
    import onnxruntime as _  # noqa: F401 - before memory is limited

    from enstorage.formats.onnx_session import check_content, open_session

    _send(out, json.dumps({"ready": True}).encode())
    content = next(frames)
    _limit_memory(int(sys.argv[1]) + 4 * len(content))
    try:
        check_content(content)
        session = open_session(content)
        ends = {
            what: [{"name": end.name, "type": end.type, "shape": end.shape} for end in found]
            for what, found in (("inputs", session.get_inputs()), ("outputs", session.get_outputs()))
        }
        _send(out, json.dumps(ends).encode())
    except Exception as error:  # noqa: BLE001 - the parent raises it
        _send(out, _fault(error))
        return
    for frame in frames:
        try:
            samples = np.load(io.BytesIO(frame), allow_pickle=False)
            output = session.run([ends["outputs"][0]["name"]], {ends["inputs"][0]["name"]: samples})[0]
            packed = io.BytesIO()
            np.save(packed, np.asarray(output), allow_pickle=False)
            _send(out, b"{}\n" + packed.getvalue())
        except Exception as error:  # noqa: BLE001 - the parent raises it
            _send(out, _fault(error))


def _fault(error: Exception) -> bytes:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return json.dumps({"error": reason, "kind": type(error).__name__}).encode()


def _frames(stream: BinaryIO) -> Iterator[bytes]:
    while len(head := stream.read(LENGTH.size)) == LENGTH.size:
        yield stream.read(LENGTH.unpack(head)[0])


def _send(stream: BinaryIO, payload: bytes) -> None:
    stream.write(LENGTH.pack(len(payload)) + payload)
    stream.flush()


def _limit_memory(more: int) -> None:
    """Limit the address space to what is used now and that many bytes more, where the system can."""
    try:
        import resource

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + more, used + more))
    except (ImportError, OSError, ValueError):
        return


if __name__ == "__main__":
    main()
