"""Servers that take messages as mail and web hooks do, and keep them."""

import email
import json
import socket
import threading
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class MailCatcher:
    """An SMTP server; `mails` has the recipients, the subject and the text of each mail."""

    def __init__(self):
        self.mails = []
        self._server = Controller(self, hostname="127.0.0.1", port=free_port())
        self._server.start()

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        text = message.get_body(("plain",)).get_content()
        self.mails.append((sorted(envelope.rcpt_tos), str(message["subject"]), text))
        return "250 OK"

    def address(self, person):
        """The channel of somebody."""
        return (
            f"mailto://127.0.0.1:{self._server.port}?mode=insecure&from=enstorage@example.org&to={person}@example.org"
        )

    def stop(self):
        self._server.stop()


class HookCatcher:
    """An HTTP server; `messages` has the title and the body of each message. One that hangs takes them and never answers."""

    def __init__(self, port=0, *, hangs=False):
        catcher, self.messages, self._goes_on = self, [], threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                catcher.messages.append((told["title"], told["message"]))
                if hangs:
                    catcher._goes_on.wait(60)
                    return
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"json://olga:s3cret-of-the-hook@127.0.0.1:{self._server.server_port}/hook"

    def stop(self):
        self._goes_on.set()
        self._server.shutdown()
        self._server.server_close()
