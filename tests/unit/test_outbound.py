"""Where a request may go, and that it goes nowhere else, against real sockets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from chatbot import outbound
from chatbot.errors import AddressRefused, Unreachable
from receiver import Receiver, running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running() as started:
        yield started


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Callable[[], int]:
    """Names lead to these addresses; returns how often one was asked for."""
    real: Callable[..., list[Any]] = socket.getaddrinfo
    asked: list[str] = []

    def look_up(host: str, port: int, *args: int, flags: int = 0, **more: int) -> list[Any]:
        if flags & socket.AI_NUMERICHOST or host not in ("rebind.example", "hook.example"):
            return real(host, port, *args, flags=flags, **more)
        asked.append(host)
        return [entry for a in addresses for entry in real(a, port, *args, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lambda: len(asked)


FORBIDDEN = [
    "127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.0.0.1",
    "0177.0.0.1", "017700000001", "0", "0.0.0.0", "10.0.0.1", "10.255.255.255",
    "172.16.0.1", "172.31.255.254", "192.168.1.1", "3232235777", "100.64.0.1", "100.127.255.1",
    "169.254.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "100.100.100.200",
    "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7",
    "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]", "[::127.0.0.1]", "[64:ff9b::7f00:1]",
    "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::1]", "[2001:db8::1]", "[3fff::1]",
    "[fc00::1]", "[fd12:3456::1]", "[fd00:ec2::254]", "[fe80::1]", "[fec0::1]", "[ff02::1]",
    "[100::1]", "[5f00::1]",
]  # fmt: skip


@pytest.mark.parametrize("host", FORBIDDEN)
def test_an_address_inside_is_refused_before_anyone_is_asked(host: str) -> None:
    with pytest.raises(AddressRefused, match="private network or reserved"):
        outbound.check_url(f"http://{host}/", private_networks=False)


@pytest.mark.parametrize(
    "host", ["93.184.216.34", "8.8.8.8", "[2606:4700::1111]", "[2a00:1450::1]"]
)
def test_an_address_outside_is_allowed(host: str) -> None:
    assert outbound.check_url(f"https://{host}/", private_networks=False).port == 443


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("10.1.2.3", True),
        ("192.168.1.1", True),
        ("100.64.0.1", True),
        ("[fd12:3456::1]", True),
        ("[::ffff:10.0.0.1]", True),
        ("169.254.169.254", False),
        ("100.100.100.200", False),
        ("168.63.129.16", False),
        ("[fd00:ec2::254]", False),
        ("[fe80::1]", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
    ],
)
def test_private_networks_can_be_allowed_but_metadata_cannot(host: str, allowed: bool) -> None:
    if allowed:
        outbound.check_url(f"http://{host}/", private_networks=True)
    else:
        with pytest.raises(AddressRefused):
            outbound.check_url(f"http://{host}/", private_networks=True)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "//example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org/",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://:80/",
        "http://example.org:0/",
        "http://example.org:99999/",
        "http://example.org:x/",
        "http://user@example.org/",
        "http://user:password@example.org/",
        "http://good.example@127.0.0.1/",
        "http://example.org\\@127.0.0.1/",
        "http://exa mple.org/",
        "http://example.org/\r\nX-Evil: 1",
        "http://example.org/\x00",
        "http://bücher.example/",
        "http://127。0。0。1/",
        "http://①②⑦.0.0.1/",
        "http://[fe80::1%25eth0]/",
        "http://[::1/",
        "http://ex%61mple.org/",
        "http://.example.org/",
        "http://a..b/",
        "https://example.org/" + "a" * 2000,
    ],
)
def test_what_is_no_plain_url_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        outbound.check_url(url, private_networks=True)


@pytest.mark.parametrize(
    "addresses",
    [("127.0.0.1",), ("93.184.216.34", "10.0.0.1"), ("::ffff:127.0.0.1",), ("fe80::1",)],
)
def test_a_name_that_leads_inside_is_refused(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver, addresses: tuple[str, ...]
) -> None:
    resolving(monkeypatch, *addresses)
    url = receiver.url(host="rebind.example")
    outbound.check_url(url, private_networks=False)  # a name tells nothing yet
    with pytest.raises(AddressRefused, match="rebind.example"):
        outbound.post(url, {}, b"{}")
    assert receiver.received == []


def test_a_name_is_asked_for_once_so_that_it_cannot_change_its_mind(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    times_asked = resolving(monkeypatch, "127.0.0.1")
    status = outbound.post(receiver.url(host="rebind.example"), {}, b"{}", private_networks=True)
    assert (status, times_asked()) == (200, 1)
    assert receiver.received[0].headers["host"] == f"rebind.example:{receiver.port}"


def test_the_next_address_is_tried_if_one_does_not_listen(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    resolving(monkeypatch, "::1", "127.0.0.1")
    url = receiver.url(host="hook.example")
    assert outbound.post(url, {}, b"{}", private_networks=True) == 200


def test_sends_what_it_is_given_and_nothing_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, receiver: Receiver
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    url = receiver.url("/a%20b?q=1")
    assert outbound.post(url, {"X-Given": "1"}, "ä".encode(), private_networks=True) == 200
    [received] = receiver.received
    assert (received.path, received.body) == ("/a%20b?q=1", "ä".encode())
    assert received.headers["x-given"] == "1"
    assert set(received.headers) == {"host", "accept-encoding", "content-length", "x-given"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: Receiver, status: int) -> None:
    with running() as inside:
        receiver.answers = [(status, {"Location": inside.url("/secret")})]
        assert outbound.post(receiver.url(), {}, b"{}", private_networks=True) == status
        assert inside.received == []


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(Unreachable, match="refused"):
            outbound.post(f"http://127.0.0.1:{port}/", {}, b"", private_networks=True)


def test_a_name_that_nobody_knows_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch)
    with pytest.raises(Unreachable, match="cannot be resolved"):
        outbound.post("https://hook.example/", {}, b"")


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says whatever it likes to one visitor."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            visitor, _ = server.accept()
            with visitor:
                visitor.recv(65536)
                try:
                    talk(visitor)
                except OSError:
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def drip(visitor: socket.socket, text: bytes) -> None:
    for byte in text:
        visitor.sendall(bytes([byte]))
        time.sleep(0.05)


@pytest.mark.parametrize(
    "text",
    [b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 500, b"HTTP/1.1 200 OK\r\n\r\n" + b"b" * 500],
    ids=["headers", "body"],
)
def test_a_server_that_drips_gets_no_more_than_the_time_there_is(text: bytes) -> None:
    with (
        raw_server(lambda visitor: drip(visitor, text)) as url,
        pytest.raises(Unreachable, match="did not answer within 1.5 seconds"),
    ):
        outbound.post(url, {}, b"{}", private_networks=True, seconds=1.5)


def test_a_server_that_never_stops_talking_is_not_listened_to() -> None:
    def talk(visitor: socket.socket) -> None:
        visitor.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            visitor.sendall(b"x" * 65536)

    with raw_server(talk) as url:
        assert outbound.post(url, {}, b"{}", private_networks=True) == 200


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500,
    ],
)
def test_a_server_that_speaks_no_http_is_unreachable(text: bytes) -> None:
    with raw_server(lambda visitor: visitor.sendall(text)) as url, pytest.raises(Unreachable):
        outbound.post(url, {}, b"{}", private_networks=True)


def test_tls_is_verified_against_the_name_not_the_address(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    with running(certificate) as receiver:
        named, other = receiver.url(host="hook.example"), receiver.url(host="rebind.example")
        with pytest.raises(Unreachable, match="certificate is not good: self-signed"):
            outbound.post(named, {}, b"{}", private_networks=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("only.pem")))
        assert outbound.post(named, {}, b"{}", private_networks=True) == 200
        for wrong in (other, receiver.url()):
            with pytest.raises(Unreachable, match="certificate is not good"):
                outbound.post(wrong, {}, b"{}", private_networks=True)
        assert len(receiver.received) == 1
