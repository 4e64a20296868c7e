"""A deadline for a whole conversation over a socket, however slowly the other side drips.

A socket's own timeout begins anew with each byte that arrives.
"""

import io
import socket
import time


def left(deadline: float) -> float:
    """Return the seconds until `deadline` of the monotonic clock. Raises TimeoutError if it has
    passed.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class HurriedReader(io.RawIOBase):
    """A reader of a socket until the deadline; then it raises TimeoutError."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self._sock, self._deadline = sock, deadline
        self._file = sock.makefile("rb", buffering=0)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int | None:  # type: ignore[override]
        self._sock.settimeout(left(self._deadline))
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()
