"""Servers of this machine that take the messages of the demonstration, as mail and web hooks do."""

import email
import json
import socketserver
import threading
from email import policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


class _Mail(socketserver.StreamRequestHandler):
    """The part of SMTP that a client needs to deliver mails."""

    def handle(self) -> None:
        """Take mails until the client leaves."""
        self._say("220 ready")
        while line := self.rfile.readline():
            word = line.decode(errors="replace").strip().upper()[:4]
            if word == "DATA":
                self._say("354 go on")
                self._take()
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        message = email.message_from_bytes(b"".join(lines), policy=policy.default)
        self.server.subjects.append(str(message["subject"]))  # type: ignore[attr-defined]
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take a message."""
        told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.titles.append(told["title"])  # type: ignore[attr-defined]
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


class Catcher:
    """A mail server and a web hook, at ports that nobody else uses, as a context manager.

    Attributes:
        subjects: of the mails that came.
        titles: of the messages that the web hook got.
    """

    def __init__(self) -> None:
        self._mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
        self._hook = ThreadingHTTPServer(("127.0.0.1", 0), _Hook)
        self._mail.daemon_threads = True
        self.subjects: list[str] = []
        self.titles: list[str] = []
        self._mail.subjects = self.subjects  # type: ignore[attr-defined]
        self._hook.titles = self.titles  # type: ignore[attr-defined]

    def __enter__(self) -> Self:
        for server in (self._mail, self._hook):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._mail, self._hook):
            server.shutdown()
            server.server_close()

    @property
    def addresses(self) -> dict[str, str]:
        """The addresses of the channels `mail` and `hook`, as Apprise takes them."""
        mail = f"mailto://127.0.0.1:{self._mail.server_address[1]}?mode=insecure&from=a@example.org&to=b@example.org"
        return {"mail": mail, "hook": f"json://127.0.0.1:{self._hook.server_address[1]}/hook"}
