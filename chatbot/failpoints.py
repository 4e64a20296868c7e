"""Failpoints: named points at which a test can kill the process, one for each step that must
survive it.

A step added to training or release without a point here goes untested: the crash test enumerates
`FAILPOINTS`, that of deliveries `DELIVERY_FAILPOINTS`. Nothing happens unless `CRASH_AT` in the
environment names a point.
"""

import os
import signal

FAILPOINTS = (
    "job.after_claim",
    "job.after_freeze",
    "train.after_child",
    "build.after_index",
    "artefact.before_manifest",
    "artefact.before_rename",
    "artefact.after_rename",
    "register.before_commit",
    "register.after_commit",
    "evaluate.before",
    "release.before_commit",
    "release.after_commit",
)
DELIVERY_FAILPOINTS = ("delivery.after_claim", "delivery.after_send")


def failpoint(name: str) -> None:
    """Die here by SIGKILL if a test asked for it."""
    assert name in FAILPOINTS + DELIVERY_FAILPOINTS, name
    if os.environ.get("CRASH_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
