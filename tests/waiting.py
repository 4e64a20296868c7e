"""Wait for what other threads and processes do; how busy the machine is decides no test."""

import time
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds until what should have happened long ago is given up."""


def wait_until(
    holds: Callable[[], bool], what: str = "it", seconds: float = PATIENCE, pause: float = 0.01
) -> None:
    """Return as soon as `holds` says so, asking every `pause` seconds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what} in vain"
        time.sleep(pause)
