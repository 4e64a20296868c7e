"""Decide from plain values what a job comes to, before anything is trained."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Earlier:
    """A version that was made of the same rows and judged.

    It `is_settled` if it is live or was withdrawn: no verdict would change anything.
    """

    version_id: int
    is_settled: bool
    has_new_evidence: bool


@dataclass(frozen=True)
class Situation:
    """The facts that are known when a job begins.

    A job that `trains` is refused if the FAQ `lacks` something; another one makes the base model
    ready as it is. `is_forced` asks for a training though `earlier` knows the same rows. `newest`
    is the version that a night has to know more than; None for a job that a person asked for.
    """

    trains: bool
    is_forced: bool
    lacks: str | None
    earlier: Earlier | None
    newest: int | None


@dataclass(frozen=True)
class Skip:
    """The decision to do nothing, and `why`."""

    why: str


@dataclass(frozen=True)
class Reconsider:
    """The decision to judge this version again instead of making the same one."""

    version_id: int


@dataclass(frozen=True)
class Train:
    """The decision to make a version and judge it."""


def decide(
    situation: Situation, measure_new: Callable[[], float | None], enough: float
) -> Skip | Reconsider | Train:
    """Return what to do: skip, reconsider an earlier version, or train.

    `measure_new` says what share of what the newest version learnt is new, None if nobody can tell;
    it is asked last, because it opens an artefact. A night trains from the share `enough` on: each
    comparison makes the next one stricter, see decision 0022.
    """
    if situation.trains and situation.lacks is not None:
        return Skip(situation.lacks)
    if situation.trains and situation.earlier is not None and not situation.is_forced:
        return _decide_on(situation.earlier)
    if situation.newest is None:
        return Train()
    new = measure_new()
    if new is None or new >= enough:
        return Train()
    return Skip(
        f"{new:.0%} is new beside what version {situation.newest} learnt. The night trains from "
        f"{enough:.0%} on; ask for a training to have one now."
    )


def _decide_on(earlier: Earlier) -> Skip | Reconsider:
    """The same rows would give the same model; only new held-out questions change a verdict."""
    if earlier.is_settled or not earlier.has_new_evidence:
        return Skip(f"Nothing changed since version {earlier.version_id} was made.")
    return Reconsider(earlier.version_id)
