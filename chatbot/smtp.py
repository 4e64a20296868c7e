"""One e-mail through the operator's own relay, by SMTP (RFC 5321), under one deadline.

The relay is a setting of whoever runs this instance, not an address that an admin or a visitor
named. So it may be on this host or in the own network: the rules of `outbound` are not for it.

What the relay says of a message is a `Reply`. Whatever keeps a message from being offered at all,
be it the network, the certificate or the password, is `Unreachable`.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as ON_THE_WIRE
from enum import StrEnum
from functools import partial
from typing import Self

from chatbot.deadlines import HurriedReader, left
from chatbot.errors import Unreachable

SECONDS = 30.0
_MOST_WORDS_CHARS = 300


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True)
class Relay:
    """A relay that e-mails are handed in at, and the sender's account; without `user` nobody logs
    in.
    """

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Reply:
    """The last words of the relay about a message."""

    code: int
    words: str

    @classmethod
    def of(cls, code: int, said: bytes | str) -> Self:
        """Return a reply in one short line without control characters: it is stored and shown."""
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
        return cls(code, line[:_MOST_WORDS_CHARS])

    @property
    def is_good(self) -> bool:
        return 200 <= self.code < 300

    @property
    def is_final(self) -> bool:
        """True if the relay will refuse the same message again."""
        return 500 <= self.code < 600

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


def send(relay: Relay, message: EmailMessage, recipient: str, seconds: float = SECONDS) -> Reply:
    """Hand the message in for one recipient, an ASCII address. Raises Unreachable."""
    content = message.as_bytes(policy=ON_THE_WIRE)
    with _talk(relay, seconds) as smtp:
        return _hand_in(smtp, relay.sender, recipient, content)


def try_out(relay: Relay, seconds: float = SECONDS) -> Reply:
    """Connect, log in and name the sender, but send nothing. Raises Unreachable."""
    with _talk(relay, seconds) as smtp:
        reply = Reply.of(*smtp.mail(relay.sender))
        smtp.rset()
        return reply


def _hand_in(smtp: smtplib.SMTP, sender: str, recipient: str, content: bytes) -> Reply:
    """The first reply that is not good, or the last one."""
    for step in (partial(smtp.mail, sender), partial(smtp.rcpt, recipient)):
        reply = Reply.of(*step())
        if not reply.is_good:
            return reply
    try:
        return Reply.of(*smtp.data(content))
    except smtplib.SMTPDataError as error:
        return Reply.of(error.smtp_code, error.smtp_error)


@contextmanager
def _talk(relay: Relay, seconds: float) -> Iterator[smtplib.SMTP]:
    """A connection on which a message may be offered."""
    deadline = time.monotonic() + seconds
    try:
        with closing(_Connection(relay, deadline)) as smtp:
            if relay.security is Security.STARTTLS:
                smtp.starttls(context=ssl.create_default_context())
            if relay.user:
                smtp.login(relay.user, relay.password)
            smtp.ehlo_or_helo_if_needed()
            yield smtp
            with suppress(OSError):  # what was handed in stays so, whatever is said now
                smtp.docmd("QUIT")
    except (OSError, UnicodeError) as error:
        if time.monotonic() >= deadline:
            why = f"The mail relay did not answer within {seconds:g} seconds."
        else:
            why = _explain(error)
        raise Unreachable(why) from error


def _explain(error: OSError | UnicodeError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of the mail relay is not good: {error.verify_message}."
    if isinstance(error, smtplib.SMTPAuthenticationError):
        said = Reply.of(error.smtp_code, error.smtp_error)
        return f"The mail relay refused CHATBOT_SMTP_USER and CHATBOT_SMTP_PASSWORD: {said}"
    if isinstance(error, smtplib.SMTPResponseException):
        said = Reply.of(error.smtp_code, error.smtp_error)
        return f"The mail relay takes nothing: {said}"
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"The mail relay cannot be used: {words or type(error).__name__}"


class _Connection(smtplib.SMTP):
    """A connection with one deadline for all; TLS from the start where the relay wants it."""

    def __init__(self, relay: Relay, deadline: float) -> None:
        self._tls, self._deadline = relay.security is Security.TLS, deadline
        super().__init__(relay.host, relay.port)

    def connect(
        self, host: str = "", port: int = 0, source_address: object = None
    ) -> tuple[int, bytes]:
        sock = socket.create_connection((host, port), left(self._deadline))
        if self._tls:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        self.sock = sock
        return self.getreply()

    def send(self, s: "bytes | str") -> None:  # type: ignore[override]
        if self.sock is not None:
            self.sock.settimeout(left(self._deadline))
        super().send(s)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = HurriedReader(self.sock, self._deadline).makefile("rb")
        return super().getreply()
