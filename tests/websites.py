"""A website that answers as it is told: whole, in part, too much, elsewhere."""

import gzip
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Website:
    """What is at each path: a body, or a function that is given the handler of the request."""

    def __init__(self):
        self.pages, self.asked = {}, []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append((self.path, dict(self.headers)))
                page = site.pages.get(self.path)
                if callable(page):
                    page(self)
                    return
                self.send_response(404 if page is None else 200)
                self.send_header("Content-Length", str(len(page or b"")))
                self.send_header("ETag", f'"{hash(page)}"')
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(page or b"")

            do_HEAD = do_GET

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                site.asked.append((self.path, dict(self.headers), body))
                page = site.pages.get(self.path, lambda handler, _: answer(handler, 204))
                page(self, body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_address[1]}"


def answer(handler, status, headers=None, body=b""):
    """Answer a request."""
    handler.send_response(status)
    for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def packed(body):
    """A page that is sent packed, whose told length is that of what is sent."""
    sent = gzip.compress(body)
    return lambda handler: answer(handler, 200, {"Content-Encoding": "gzip"}, sent)


@contextmanager
def website():
    """A website at work."""
    site = Website()
    thread = Thread(target=site.server.serve_forever, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()
