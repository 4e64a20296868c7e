"""One deadline for a conversation. Deadlines here are long past or far ahead, so no clock decides."""

import socket
import time
from collections.abc import Iterator

import pytest

from chatbot.deadlines import HurriedReader, left


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_what_is_left_is_counted_down_and_never_zero() -> None:
    assert 0 < left(time.monotonic() + 600) <= 600
    with pytest.raises(TimeoutError):
        left(time.monotonic() - 1)


def test_what_comes_in_time_is_read_until_the_other_side_is_done(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.sendall(b"first line\nsecond line")
    theirs.shutdown(socket.SHUT_WR)
    with HurriedReader(ours, time.monotonic() + 600).makefile("rb") as reader:
        assert reader.readline() == b"first line\n"
        assert reader.read() == b"second line"


def test_the_socket_waits_no_longer_than_what_is_left(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.sendall(b"a")
    with HurriedReader(ours, time.monotonic() + 600) as reader:
        assert reader.read(1) == b"a"
    assert 0 < (ours.gettimeout() or 0) <= 600


def test_past_the_deadline_nothing_is_read_though_it_is_there(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.sendall(b"too late")
    with HurriedReader(ours, time.monotonic() - 1) as reader, pytest.raises(TimeoutError):
        reader.read(1)
