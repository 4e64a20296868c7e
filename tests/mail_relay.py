"""A real SMTP server on loopback that keeps what it is handed and answers what a test says."""

import base64
import email.policy
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

from waiting import PATIENCE

_GOOD = {
    "CONNECT": "220 relay.example",
    "MAIL": "250 sender ok",
    "RCPT": "250 recipient ok",
    "DATA": "354 go on",
    "CONTENT": "250 queued",
    "RSET": "250 forgotten",
    "QUIT": "221 bye",
    "STARTTLS": "220 go on",
}


@dataclass(frozen=True)
class Handed:
    """What arrived: the envelope, the bytes between DATA and the dot, and how."""

    sender: str
    recipient: str
    content: bytes
    encrypted: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        return BytesParser(policy=email.policy.default).parsebytes(self.content)

    @property
    def text(self) -> str:
        return str(self.message.get_content()).replace("\r\n", "\n")


@dataclass
class MailRelay:
    """`replies` to a step are given in turn, the last one for ever; "" stays silent, None hangs up.

    The steps are the verbs, CONNECT, and CONTENT after the dot.
    """

    port: int = 0
    handed: list[Handed] = field(default_factory=list)
    replies: dict[str, list[str | None]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)  # lines of clients, but those of content
    end: threading.Event = field(default_factory=threading.Event)

    def reply(self, step: str, default: str) -> str | None:
        given = self.replies.get(step, [default])
        return given.pop(0) if len(given) > 1 else given[0]


class _Gone(Exception):
    pass


class _Talk(socketserver.StreamRequestHandler):
    relay: MailRelay
    tls: ssl.SSLContext | None
    encrypted = False
    user: str | None = None
    sender = recipient = ""

    def handle(self) -> None:
        with suppress(OSError, _Gone):
            self.answer("CONNECT", _GOOD["CONNECT"])
            while line := self.rfile.readline():
                said = line.decode().rstrip("\r\n")
                self.relay.said.append(said)
                verb = said.partition(" ")[0].upper()
                act = getattr(self, f"do_{verb.lower()}", None)
                if act is not None:
                    act(said)
                else:
                    self.answer(verb, _GOOD.get(verb, "502 what?"))
                if verb == "QUIT":
                    return

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()
        self.connection.close()

    def answer(self, step: str, default: str) -> bool:
        """Whether the answer was good."""
        words = self.relay.reply(step, default)
        self.say(words)
        return words is not None and words[0] in "23"

    def say(self, words: str | None) -> None:
        if words is None:
            raise _Gone
        if words == "":
            self.relay.end.wait(PATIENCE)
            raise _Gone
        self.wfile.write(words.encode() + b"\r\n")

    def do_ehlo(self, said: str) -> None:
        able = ["relay.example"]
        able += ["STARTTLS"] if self.tls and not self.encrypted else []
        able += ["AUTH PLAIN"] if self.relay.users else []
        lines = [f"250-{name}" for name in able[:-1]] + [f"250 {able[-1]}"]
        self.answer("EHLO", "\r\n".join(lines))

    def do_starttls(self, said: str) -> None:
        if self.answer("STARTTLS", _GOOD["STARTTLS"]):
            assert self.tls is not None
            self.use(self.tls.wrap_socket(self.connection, server_side=True))

    def use(self, connection: Any) -> None:
        self.connection, self.encrypted = connection, True
        self.rfile, self.wfile = connection.makefile("rb"), connection.makefile("wb", buffering=0)

    def do_auth(self, said: str) -> None:
        _, method, *initial = said.split()
        if method != "PLAIN" or not initial:
            self.answer("AUTH", "504 PLAIN only")
            return
        _, user, password = base64.b64decode(initial[0]).decode().split("\0")
        good = self.relay.users.get(user) == password
        self.user = user if good else None
        self.answer("AUTH", "235 welcome" if good else "535 5.7.8 who are you?")

    def do_mail(self, said: str) -> None:
        self.sender = said.partition("<")[2].partition(">")[0]
        self.answer("MAIL", _GOOD["MAIL"])

    def do_rcpt(self, said: str) -> None:
        self.recipient = said.partition("<")[2].partition(">")[0]
        self.answer("RCPT", _GOOD["RCPT"])

    def do_data(self, said: str) -> None:
        if not self.answer("DATA", _GOOD["DATA"]):
            return
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        words = self.relay.reply("CONTENT", _GOOD["CONTENT"])
        if words is not None and words.startswith("2"):  # kept before the client knows
            kept = (self.sender, self.recipient, b"".join(lines), self.encrypted, self.user)
            self.relay.handed.append(Handed(*kept))
        self.say(words)


@contextmanager
def running(certificate: Path | None = None, tls_at_once: bool = False) -> Iterator[MailRelay]:
    """With `certificate`, a PEM file that also holds its key, it offers STARTTLS, or only TLS."""
    relay, context = MailRelay(), None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    members = {"relay": relay, "tls": context, "encrypted": tls_at_once}
    server = socketserver.ThreadingTCPServer(
        ("127.0.0.1", 0), type("Talk", (_Talk,), members), bind_and_activate=True
    )
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if tls_at_once:
        assert context is not None
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    relay.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield relay
    finally:
        relay.end.set()
        server.shutdown()
        thread.join()
        server.server_close()


def settings(port: int) -> dict[str, str]:
    """The environment of a bot that uses it."""
    return {
        "CHATBOT_SMTP_HOST": "127.0.0.1",
        "CHATBOT_SMTP_PORT": str(port),
        "CHATBOT_SMTP_SECURITY": "none",
        "CHATBOT_SMTP_PASSWORD": "geheim",
        "CHATBOT_SMTP_SENDER": "bot@example.org",
    }
