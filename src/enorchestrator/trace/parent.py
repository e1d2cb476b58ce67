"""The span of an attempt as the parent of what its work does, and of programs that the work starts."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

#: Either one turns tracing on; OpenTelemetry reads them, and the others of its exporter.
VARIABLES = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
#: Read by programs that continue a trace (W3C Trace Context).
PARENT_VARIABLE = "TRACEPARENT"


def is_traced() -> bool:
    """True where a variable names a collector."""
    return any(os.environ.get(name) for name in VARIABLES)


def span_id(trace_id: str, of: str) -> int:
    """The id of the span of something in a trace: the same for the same, whoever tells of it."""
    return int.from_bytes(sha256(f"{trace_id} {of}".encode()).digest()[:8]) or 1


def key_of_attempt(attempt_id: int) -> str:
    """The thing that the span of an attempt is of."""
    return f"attempt {attempt_id}"


@contextmanager
def as_parent(trace_id: str, attempt_id: int) -> Iterator[None]:
    """Have the spans that begin inside the block, also those of programs started there, belong to that of an attempt."""
    parent = f"00-{trace_id}-{span_id(trace_id, key_of_attempt(attempt_id)):016x}-01"
    os.environ[PARENT_VARIABLE] = parent
    try:
        with _attached(parent):
            yield
    finally:
        os.environ.pop(PARENT_VARIABLE, None)


@contextmanager
def _attached(parent: str) -> Iterator[None]:
    if not is_traced():
        yield
        return
    try:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:  # the orchestrator says so
        yield
        return
    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": parent}))
    try:
        yield
    finally:
        context.detach(token)
