"""Many clients of a web server at once. Peers use it too, so it needs nothing but Python."""

import asyncio
import statistics
import time

HOST = "127.0.0.1"
#: Requests of one client alone.
_ALONE = 5


def request_of(path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of a request: POST if it has a body."""
    lines = [
        f"{'POST' if body else 'GET'} {path} HTTP/1.1",
        f"Host: {HOST}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
        f"Content-Length: {len(body)}",
        *(["Content-Type: application/json"] if body else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """One request over a connection that stays open; gives the body."""
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit(f"{request[:80]!r} was answered by {head[:40]!r}: {body[:300]!r}")
    return body


async def load(port: int, request: bytes, clients: int, seconds: float) -> tuple[float, float]:
    """Requests a second of so many clients together, and the 99th percentile of the time of one, in ms."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while (began := time.perf_counter()) < end:
            await ask(reader, writer, request)
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return len(times) / (time.perf_counter() - began), statistics.quantiles(times, n=100)[98] * 1000


async def measured(port: int, request: bytes, clients: int, seconds: float) -> tuple[float, float, float]:
    """The median time of one client alone in ms, and the two figures of `load`."""
    alone = []
    reader, writer = await asyncio.open_connection(HOST, port)
    for _ in range(_ALONE):
        began = time.perf_counter()
        await ask(reader, writer, request)
        alone.append((time.perf_counter() - began) * 1000)
    writer.close()
    return statistics.median(alone), *await load(port, request, clients, seconds)
