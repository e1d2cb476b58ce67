"""Scenarios of traces: a run, its processes and its notice have one id; a collector that is away delays nobody."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from catching import HookCatcher, free_port
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from scenario_graphs import FOLDER, states

from enorchestrator import Orchestrator, create_rule, events
from enorchestrator.dispatch.read import details
from enorchestrator.notification import notifier
from enorchestrator.service import tracing
from enorchestrator.trace.parent import VARIABLES, as_parent

pytestmark = pytest.mark.slow


class Collector:
    """Takes spans as a collector of OpenTelemetry does; one that hangs takes them and never answers."""

    def __init__(self, port, *, hangs=False):
        spans, self._goes_on = [], threading.Event()
        self.spans, goes_on = spans, self._goes_on

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                told = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                if hangs:
                    goes_on.wait(120)
                    return
                spans.extend(span for of in told.resource_spans for scope in of.scope_spans for span in scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    def stop(self):
        self._goes_on.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(notifier, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(tracing, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(tracing, "AGAIN_SECONDS", 0.5)


@pytest.fixture
def current(store):
    with store:
        yield store


@pytest.fixture
def port(monkeypatch):
    """The port of the collector that the variables name."""
    found = free_port()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{found}")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    return found


@pytest.fixture
def at_work(current, port, eventually):
    with Orchestrator(current, workers=2) as orchestrator:
        eventually(lambda: orchestrator._traces._seen is not None)
        yield orchestrator


def told(span):
    """The attributes of a span."""
    return {each.key: each.value.int_value or each.value.string_value for each in span.attributes}


def test_a_run_its_processes_and_its_notice_have_one_trace(run, over, at_work, eventually, port, monkeypatch):
    collector, hook = Collector(port), HookCatcher()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", hook.address)
    create_rule("failures", "ops")
    steps = {
        "killed": {"kind": "last_words", "with": {"folder": FOLDER}},
        "works": {"kind": "work", "with": {"folder": FOLDER, "name": "works"}},
    }
    found = over(run(steps, name="traced"))
    assert states(found) == {"killed": "failed", "works": "succeeded"}
    eventually(lambda: collector.named("notify ops") and collector.named("traced") and len(collector.spans) >= 5)
    collector.stop()
    hook.stop()
    assert {span.trace_id.hex() for span in collector.spans} == {found.run.trace_id}
    assert f"trace {found.run.trace_id}" in hook.messages[0][1]
    (root,) = collector.named("traced")
    assert (root.parent_span_id, told(root)["enstorage.state"], root.status.code) == (b"", "failed", 2)
    assert {span.parent_span_id for span in collector.spans if span is not root} == {root.span_id}
    killed = collector.named("killed")
    assert [told(span)["enstorage.end"] for span in killed] == ["killed", "killed"]
    pids = {attempt.pid for attempt in details(found.run.id).attempts}
    assert {told(span)["process.pid"] for span in (*killed, *collector.named("works"))} == pids
    for span in collector.spans:
        assert root.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
    assert len({span.span_id for span in collector.spans}) == len(collector.spans) == 5


@pytest.mark.parametrize("hangs", [False, True])
def test_a_collector_that_is_away_delays_nobody_and_its_buffer_is_bounded(
    run, over, at_work, eventually, port, monkeypatch, hangs
):
    hanging = Collector(port, hangs=True) if hangs else None
    traces = at_work._traces
    traces._waiting = type(traces._waiting)(maxlen=8)
    steps = {f"s{number}": {"kind": "work", "with": {"folder": FOLDER, "name": "x"}} for number in range(12)}
    begins = time.monotonic()
    found = over(run(steps, name="untold"), within=60)
    assert found.run.state == "succeeded"
    last = max(each.id for each in events(found.run.id) if each.kind == "state")
    eventually(lambda: traces._seen.event >= last and not traces._seen.attempts)
    assert traces.waiting == 8  # of 13
    assert time.monotonic() - begins < 60
    if hanging:
        hanging.stop()
    collector = Collector(port)
    eventually(lambda: traces.waiting == 0)
    later = over(run(steps, name="told")).run
    eventually(lambda: later.trace_id in {span.trace_id.hex() for span in collector.spans})
    collector.stop()
    assert len({span.span_id for span in collector.spans if span.trace_id.hex() == found.run.trace_id}) == 8


def test_without_a_collector_nothing_is_told(current, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with Orchestrator(current, workers=1) as orchestrator:
        assert not orchestrator._traces._thread.is_alive()


def test_spans_of_what_a_step_does_belong_to_its_own(run, over, at_work, eventually, port):
    collector = Collector(port)
    found = over(run({"works": {"kind": "parent_of_spans"}}, name="parent"))
    eventually(lambda: collector.named("works"))
    collector.stop()
    (span,) = collector.named("works")
    parent = f"00-{found.run.trace_id}-{span.span_id.hex()}-01"
    assert found.run.result == {"works": {"result": parent}}
    with as_parent(found.run.trace_id, found.attempts[0].id):
        context = trace.get_current_span().get_span_context()
        assert (f"{context.trace_id:032x}", f"{context.span_id:016x}") == (found.run.trace_id, span.span_id.hex())
    assert not trace.get_current_span().get_span_context().is_valid
