"""One e-mail through a real relay on loopback, and all that a relay may do instead."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest

from chatbot import smtp
from chatbot.errors import Unreachable
from chatbot.smtp import Relay, Reply, Security
from mail_relay import MailRelay, running
from waiting import PATIENCE

TO = "help@example.org"


@pytest.fixture
def server() -> Iterator[MailRelay]:
    with running() as started:
        yield started


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The relay's certificate, which is to be believed."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("only.pem")))
    return certificate


def plain(server: MailRelay) -> Relay:
    return Relay("127.0.0.1", server.port, Security.NONE, "bot@example.org")


def with_tls(server: MailRelay, security: Security = Security.STARTTLS) -> Relay:
    return Relay("localhost", server.port, security, "bot@example.org", "bot", "geheim")


def letter(text: str = "hello\n") -> EmailMessage:
    message = EmailMessage()
    message["To"] = TO
    message.set_content(text, cte="quoted-printable")
    return message


def test_a_message_is_handed_in_with_its_envelope(server: MailRelay) -> None:
    assert smtp.send(plain(server), letter("Grüße\n.\n..dots\n"), TO) == Reply(250, "queued")
    [handed] = server.handed
    assert (handed.sender, handed.recipient) == ("bot@example.org", TO)
    assert handed.text == "Grüße\n.\n..dots\n"
    assert handed.content.isascii(), "not every relay takes eight bits"
    assert b"\n" not in handed.content.replace(b"\r\n", b"")
    assert server.said[-1] == "QUIT"


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_tls_and_login(trusted: Path, security: Security) -> None:
    with running(trusted, tls_at_once=security is Security.TLS) as server:
        server.users = {"bot": "geheim"}
        assert smtp.send(with_tls(server, security), letter(), TO).is_good
        [handed] = server.handed
        assert (handed.encrypted, handed.user) == (True, "bot")


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_that_nobody_signed_gets_neither_password_nor_message(
    certificate: Path, security: Security
) -> None:
    with running(certificate, tls_at_once=security is Security.TLS) as server:
        server.users = {"bot": "geheim"}
        with pytest.raises(Unreachable, match="certificate of the mail relay is not good: self-s"):
            smtp.send(with_tls(server, security), letter(), TO)
        assert server.handed == []
        assert "AUTH" not in str(server.said)


def test_a_certificate_for_another_name_is_refused(trusted: Path) -> None:
    with (
        running(trusted) as server,
        pytest.raises(Unreachable, match="certificate of the mail relay is not good: IP address"),
    ):
        smtp.send(replace(with_tls(server), host="127.0.0.1"), letter(), TO)


def test_nothing_is_sent_in_clear_where_tls_was_asked_for(server: MailRelay) -> None:
    """A relay, or somebody between, that does not offer it, or refuses it."""
    server.users = {"bot": "geheim"}
    with pytest.raises(Unreachable, match="STARTTLS extension not supported"):
        smtp.send(with_tls(server), letter(), TO)
    assert [line.split()[0].upper() for line in server.said] == ["EHLO"]


def test_tls_that_is_refused_ends_it(trusted: Path) -> None:
    with running(trusted) as server:
        server.replies["STARTTLS"] = ["454 no entropy"]
        with pytest.raises(Unreachable, match="takes nothing: 454 no entropy"):
            smtp.send(with_tls(server), letter(), TO)
        assert server.handed == []


def test_a_wrong_password_is_explained_and_never_shown(trusted: Path) -> None:
    with running(trusted) as server:
        server.users = {"bot": "another"}
        with pytest.raises(Unreachable, match=r"refused CHATBOT_SMTP_USER and .*: 535 5.7.8 who a"):
            smtp.send(with_tls(server), letter(), TO)
        server.users = {}
        with pytest.raises(Unreachable, match="AUTH extension not supported") as caught:
            smtp.send(with_tls(server), letter(), TO)
        assert "geheim" not in str(caught.value) + repr(with_tls(server))


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "CONTENT"])
@pytest.mark.parametrize(
    ("said", "is_final"),
    [
        ("451 4.7.1 greylisted", False),
        ("550-5.1.1 no such\r\n550 mailbox", True),
        ("550 \x00\x1b[31mred\u2028\xff" + "x" * 500, True),
        ("what?", False),
    ],
)
def test_what_is_said_of_the_message_is_reported(
    server: MailRelay, step: str, said: str, is_final: bool
) -> None:
    server.replies[step] = [said]
    reply = smtp.send(plain(server), letter(), TO)
    assert (reply.is_good, reply.is_final) == (False, is_final)
    assert str(reply).isprintable()
    assert len(str(reply)) < 310
    assert server.handed == []


def test_a_reply_over_two_lines_is_one(server: MailRelay) -> None:
    server.replies["RCPT"] = ["550-5.1.1 no such\r\n550 mailbox"]
    assert str(smtp.send(plain(server), letter(), TO)) == "550 5.1.1 no such mailbox"


@pytest.mark.parametrize("bye", ["500 never", None, "221"])
def test_what_was_taken_stays_so_whatever_is_said_at_the_end(
    server: MailRelay, bye: str | None
) -> None:
    server.replies["QUIT"] = [bye]
    assert smtp.send(plain(server), letter(), TO).is_good
    assert len(server.handed) == 1


@pytest.mark.parametrize("greeting", ["554 no service", "421 busy", "hello", None])
def test_a_relay_that_wants_nobody_is_unreachable(server: MailRelay, greeting: str | None) -> None:
    server.replies["CONNECT"] = [greeting]
    with pytest.raises(Unreachable, match="mail relay"):
        smtp.send(plain(server), letter(), TO)


@pytest.mark.parametrize("step", ["EHLO", "MAIL", "RCPT", "DATA", "CONTENT"])
def test_a_relay_that_hangs_up_is_unreachable(server: MailRelay, step: str) -> None:
    server.replies[step] = [None]
    with pytest.raises(Unreachable, match="closed"):
        smtp.send(plain(server), letter(), TO)


@pytest.mark.parametrize("step", ["CONNECT", "MAIL", "CONTENT"])
def test_silence_gets_no_more_than_the_time_there_is(server: MailRelay, step: str) -> None:
    server.replies[step] = [""]
    with pytest.raises(Unreachable, match="did not answer within 1 seconds"):
        smtp.send(plain(server), letter(), TO, seconds=1)


def test_dripping_gets_no_more_either() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        relay = Relay("127.0.0.1", listening.getsockname()[1], Security.NONE, "bot@example.org")
        listening.settimeout(PATIENCE)

        def drip() -> None:
            visitor, _ = listening.accept()
            with visitor:
                try:
                    while True:
                        visitor.sendall(b"2")
                        time.sleep(0.05)
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(Unreachable, match="did not answer within 1 seconds"):
            smtp.send(relay, letter(), TO, seconds=1)
        dripping.join()


def test_a_relay_that_is_down_or_has_no_address_is_unreachable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running() as gone:
        relay = plain(gone)
    with pytest.raises(Unreachable, match="cannot be used: Connection refused"):
        smtp.send(relay, letter(), TO)

    def nobody_knows(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(Unreachable, match="cannot be used"):
        smtp.send(replace(relay, host="a..b"), letter(), TO)
    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    with pytest.raises(Unreachable, match="Name or service not known"):
        smtp.send(replace(relay, host="mail.example"), letter(), TO)


def test_trying_it_out_sends_nothing(server: MailRelay) -> None:
    assert smtp.try_out(plain(server)) == Reply(250, "sender ok")
    assert [line.split()[0].upper() for line in server.said] == ["EHLO", "MAIL", "RSET", "QUIT"]
    server.replies["MAIL"] = ["530 log in first"]
    assert str(smtp.try_out(plain(server))) == "530 log in first"
    assert server.handed == []
