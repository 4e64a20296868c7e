"""The kinds of moves of the pointer, and the states of the watch over a promoted version."""

from enum import StrEnum


class ReleaseKind(StrEnum):
    """A move of the pointer; `install` is that to the first version."""

    INSTALL = "install"
    PROMOTE = "promote"
    ROLLBACK = "rollback"


class WatchState(StrEnum):
    """The state of a watch."""

    WATCHING = "watching"
    PASSED = "passed"
    ALARM = "alarm"  # it did worse, and was not rolled back: not yet, or a person promoted it
    ROLLED_BACK = "rolled_back"
    ENDED = "ended"  # the live model was changed before the time was over
