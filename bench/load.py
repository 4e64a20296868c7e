"""Clients: closed loops that ask over kept connections, and an open loop that does not wait.

One thread with raw sockets drives them all, because on a small machine every microsecond of the
client is taken from the server. What a client costs is the same for every server.
"""

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Prepare = Callable[[str], bytes]
Receive = Callable[[str, bytes], None]


@dataclass
class Seen:
    """The replies, one entry each: seconds by status, and how long everything took."""

    latencies: dict[int, list[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    without_retry_after: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> list[float]:
        return self.latencies.get(200, [])

    @property
    def per_second(self) -> float:
        return len(self.good) / self.seconds


def http_request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of one HTTP/1.1 request; a body is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class _Client:
    """One connection with at most one question under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._question = ""
        self._sent_at = 0.0

    def send(self, question: str, request: bytes) -> None:
        self._question, self._received, self._sent_at = question, b"", time.perf_counter()
        self.socket.sendall(request)

    def receive(self, seen: Seen, on_reply: Receive | None) -> bool:
        """Return whether the reply is complete now. Raises ConnectionError when the server hangs
        up.
        """
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed by the server")
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or not _is_complete(head, body):
            return False
        if on_reply is not None:
            on_reply(self._question, body)
        status = int(head[9:12])
        if status in (429, 503) and b"retry-after" not in head.lower():
            seen.without_retry_after += 1
        seen.latencies.setdefault(status, []).append(time.perf_counter() - self._sent_at)
        return True


def ask_in_closed_loops(
    port: int,
    clients: int,
    questions: Iterable[str],
    prepare: Prepare,
    on_reply: Receive | None = None,
    most_seconds: float = 120.0,
) -> Seen:
    """Let each of `clients` ask its next question when it has a reply, until none is left.

    There are at least as many questions as clients.
    """
    seen, waiting = Seen(), ((text, prepare(text)) for text in questions)
    with selectors.DefaultSelector() as selector:
        connected = [_Client(port) for _ in range(clients)]
        started = time.perf_counter()
        for client in connected:
            selector.register(client.socket, selectors.EVENT_READ, client)
            client.send(*next(waiting))
        busy = clients
        while busy and time.perf_counter() - started < most_seconds:
            for key, _ in selector.select(timeout=10):
                try:
                    if not key.data.receive(seen, on_reply):
                        continue
                except OSError as error:
                    seen.failures[type(error).__name__] += 1
                    selector.unregister(key.fileobj)
                    busy -= 1
                    continue
                following = next(waiting, None)
                if following is not None:
                    key.data.send(*following)
                else:
                    selector.unregister(key.fileobj)
                    busy -= 1
        seen.seconds = time.perf_counter() - started
        for client in connected:
            client.socket.close()
    return seen


def ask_at_a_rate(
    port: int, rate: float, seconds: float, connections: int, questions: list[str], prepare: Prepare
) -> tuple[Seen, int]:
    """Ask `rate` times a second whatever the server does, and return what was seen, and how many
    gave up.

    A client without a free connection among `connections` gives up, which is counted.
    """
    seen, requests = Seen(), [(text, prepare(text)) for text in questions]
    given_up = sent = 0
    with selectors.DefaultSelector() as selector:
        free = [_Client(port) for _ in range(connections)]
        for client in free:
            selector.register(client.socket, selectors.EVENT_READ, client)
        started = time.perf_counter()
        while (now := time.perf_counter() - started) < seconds:
            due = int(now * rate)
            while sent + given_up < due:
                if not free:
                    given_up = due - sent
                    break
                client = free.pop()
                client.send(*requests[sent % len(requests)])
                sent += 1
            for key, _ in selector.select(timeout=0.001):
                try:
                    if key.data.receive(seen, None):
                        free.append(key.data)
                except OSError as error:
                    seen.failures[type(error).__name__] += 1
                    selector.unregister(key.fileobj)
        seen.seconds = time.perf_counter() - started
    return seen, given_up


def _is_complete(head: bytes, body: bytes) -> bool:
    lower = head.lower()
    start = lower.find(b"content-length:")
    if start >= 0:
        return len(body) >= int(lower[start + 15 :].split(b"\r\n", 1)[0])
    if b"transfer-encoding: chunked" in lower:
        return body.endswith(b"0\r\n\r\n")
    raise ConnectionError("a reply of unknown length")
