import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from chatbot.domain.text import key
from chatbot.errors import ArtefactRefused, NotReady
from chatbot.matching.catalogue import Edit, Entry
from chatbot.matching.live import LiveMatcher, Target
from chatbot.matching.matcher import Matcher
from chatbot.matching.phrasings import Indexed, Phrasings
from factories import make_matcher
from fakes import FAQ
from waiting import PATIENCE, wait_until

UTTERANCES = {name: texts for name, (_, _, texts) in FAQ.items()}


def target(generation: int, revision: int = 1) -> Target:
    return Target(generation, version=generation, digest=f"{generation:064}", revision=revision)


class FakeSource:
    """Holds one target; opening it fails as told."""

    def __init__(self) -> None:
        self.target: Target | None = None
        self.failure: Exception | None = None
        self.nothing_yet: NotReady | None = None
        self.asking_fails = False
        self.previous: list[Matcher | None] = []
        self.reports: list[tuple[Target | None, str | None]] = []

    def read_target(self) -> Target | None:
        if self.asking_fails:
            raise ConnectionError("database away")
        if self.nothing_yet is not None:
            raise self.nothing_yet
        return self.target

    def open_matcher(self, target: Target, previous: Matcher | None) -> Matcher:
        self.previous.append(previous)
        if self.failure is not None:
            raise self.failure
        return make_matcher(UTTERANCES, version=target.version, revision=target.revision)

    def report(self, adopted: Target | None, error: str | None) -> None:
        self.reports.append((adopted, error))


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def live(source: FakeSource) -> Iterator[LiveMatcher]:
    live = LiveMatcher(source, poll_seconds=0.02)
    yield live
    live.stop()


def test_nothing_can_be_answered_before_the_first_model(
    live: LiveMatcher, source: FakeSource
) -> None:
    live.refresh()
    with pytest.raises(NotReady, match="no model yet: it is made from the FAQ"):
        live.current()
    assert live.adopted is None
    assert "no model yet" in str(live.error)
    assert source.reports == [(None, None)]


def test_who_asks_before_the_first_model_hears_what_becomes_of_it(
    live: LiveMatcher, source: FakeSource
) -> None:
    source.nothing_yet = NotReady("Making it failed.")
    live.refresh()
    with pytest.raises(NotReady, match=r"^Making it failed\.$"):
        live.current()
    source.nothing_yet, source.target = None, target(1)
    live.refresh()
    assert (live.current().version, live.error) == (1, None)


def test_the_target_is_adopted_and_then_replaced(live: LiveMatcher, source: FakeSource) -> None:
    source.target = target(1)
    live.refresh()
    first = live.current()
    source.target = target(2)
    live.refresh()
    assert (first.version, live.current().version) == (1, 2)
    assert live.adopted == target(2)
    assert source.previous == [None, first]
    assert source.reports == [(target(1), None), (target(2), None)]


def test_an_unchanged_target_is_not_loaded_again(live: LiveMatcher, source: FakeSource) -> None:
    source.target = target(1)
    live.refresh()
    matcher = live.current()
    live.refresh()
    assert live.current() is matcher
    assert len(source.previous) == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(Target(2, 1, target(1).digest, 1), id="generation"),
        pytest.param(Target(1, 1, target(1).digest, 2), id="knowledge"),
    ],
)
def test_any_change_of_the_target_is_followed(
    live: LiveMatcher, source: FakeSource, changed: Target
) -> None:
    source.target = target(1)
    live.refresh()
    source.target = changed
    live.refresh()
    assert live.adopted == changed
    assert live.current().revision == changed.revision


def test_a_load_that_fails_keeps_the_old_matcher_and_says_why(
    live: LiveMatcher, source: FakeSource
) -> None:
    source.target = target(1)
    live.refresh()
    source.target, source.failure = target(2), ArtefactRefused("abc: keys.txt is missing")
    live.refresh()
    assert live.current().version == 1
    assert live.adopted == target(1)
    assert live.error == "ArtefactRefused: abc: keys.txt is missing"
    assert source.reports[-1] == (target(1), live.error)


def test_a_load_that_succeeds_later_clears_the_error(live: LiveMatcher, source: FakeSource) -> None:
    source.target, source.failure = target(1), RuntimeError("disk full")
    live.refresh()
    with pytest.raises(NotReady, match="RuntimeError"):
        live.current()
    source.failure = None
    live.refresh()
    assert (live.current().version, live.error) == (1, None)


def test_a_database_that_is_away_keeps_the_old_matcher(
    live: LiveMatcher, source: FakeSource
) -> None:
    source.target = target(1)
    live.refresh()
    source.asking_fails = True
    live.refresh()
    assert live.current().version == 1
    assert live.error == "ConnectionError", "foreign texts may quote what nobody should see"


def test_a_matcher_that_fails_its_warm_up_is_not_adopted(
    live: LiveMatcher, source: FakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.target = target(1)
    live.refresh()
    right = Matcher.match

    def fail_in_version_2(self: Matcher, text: str) -> object:
        if self.version == 2:
            raise ValueError("a vector is zero or not finite")
        return right(self, text)

    monkeypatch.setattr(Matcher, "match", fail_in_version_2)
    source.target = target(2)
    live.refresh()
    assert live.current().version == 1
    assert live.error == "ValueError"


def test_readers_never_see_parts_of_two_matchers(live: LiveMatcher, source: FakeSource) -> None:
    """Versions and revisions rise together, so any other pair would be a mixture."""
    source.target = target(1, revision=1001)
    live.refresh()
    done = threading.Event()
    seen: list[list[tuple[int, int, str]]] = [[] for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)

    def read(mine: list[tuple[int, int, str]]) -> None:
        while not done.is_set():
            matcher = live.current()
            best = matcher.match("the VPN does not connect").candidates[0].intent
            mine.append((matcher.version, matcher.revision, best))
            time.sleep(0.0002)

    def is_read(version: int) -> bool:
        return any(mine and mine[-1][0] == version for mine in seen)

    readers = [threading.Thread(target=read, args=(mine,)) for mine in seen]
    try:
        for reader in readers:
            reader.start()
        for generation in range(2, 202):
            source.target = target(generation, revision=1000 + generation)
            live.refresh()
            if generation % 20 == 0:  # on a busy machine, readers may not have run since
                wait_until(partial(is_read, generation))
    finally:
        done.set()
        for reader in readers:
            reader.join(PATIENCE)
        sys.setswitchinterval(interval)
    everything = set().union(*seen)
    assert live.current().version == 201
    assert len(everything) >= 10
    assert {(revision - version, best) for version, revision, best in everything} == {(1000, "vpn")}


class GrowingSource(FakeSource):
    """Each revision is an edit that adds one phrasing."""

    def open_matcher(self, target: Target, previous: Matcher | None) -> Matcher:
        if previous is None or previous.version != target.version:
            return super().open_matcher(target, previous)
        text = f"question number {target.revision}"
        return previous.edited(Edit(target.revision, {}, {key(text): Entry(text, "vpn")}))


def test_an_outgrown_index_is_replaced_while_edits_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.matching.phrasings.LEAST_OUTGROWN", 2)
    may_finish = threading.Event()
    build = Phrasings.build_index

    def build_slowly(self: Phrasings) -> Indexed:
        assert may_finish.wait(PATIENCE)
        return build(self)

    source = GrowingSource()
    live = LiveMatcher(source, poll_seconds=60)
    source.target = target(1, revision=1)
    live.refresh()
    old = live.current().phrasings.indexed
    monkeypatch.setattr(Phrasings, "build_index", build_slowly)
    for revision in range(2, 8):
        source.target = target(1, revision=revision)
        live.refresh()
        assert live.current().match(f"Question number {revision}").exact
        assert live.current().phrasings.indexed is old
    may_finish.set()
    wait_until(lambda: live.current().phrasings.indexed is not old)
    assert live.current().revision == 7
    assert all(live.current().match(f"question NUMBER {n}").exact for n in range(2, 8))


def test_an_index_for_a_model_that_went_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.matching.phrasings.LEAST_OUTGROWN", 0)
    may_finish = threading.Event()
    build = Phrasings.build_index

    def build_slowly(self: Phrasings) -> Indexed:
        assert may_finish.wait(PATIENCE)
        return build(self)

    source = GrowingSource()
    live = LiveMatcher(source, poll_seconds=60)
    source.target = target(1, revision=1)
    live.refresh()
    with monkeypatch.context() as patched:
        patched.setattr(Phrasings, "build_index", build_slowly)
        source.target = target(1, revision=2)
        live.refresh()
    source.target = target(2, revision=2)
    live.refresh()
    current = live.current()
    may_finish.set()
    assert live._indexing is not None
    live._indexing.join(PATIENCE)
    assert live.current() is current


def test_the_follower_finds_changes_by_itself(live: LiveMatcher, source: FakeSource) -> None:
    live.follow()
    source.target = target(1)
    wait_until(lambda: live.adopted == target(1))
    source.target = target(2)
    wait_until(lambda: live.adopted == target(2))


def test_a_nudge_wakes_a_follower_that_sleeps_long(source: FakeSource) -> None:
    live = LiveMatcher(source, poll_seconds=1000)
    listening = threading.Event()
    wake: list[Callable[[], object]] = []

    def listen(heard: Callable[[], object], stop: threading.Event) -> None:
        wake.append(heard)
        listening.set()

    live.follow(listen)
    wait_until(lambda: len(source.reports) == 1)
    assert listening.wait(PATIENCE)
    source.target = target(1)
    wake[0]()
    wait_until(lambda: live.adopted == target(1))
    live.stop()


def test_a_stopped_follower_looks_no_more(source: FakeSource) -> None:
    live = LiveMatcher(source, poll_seconds=0.01)
    live.follow()
    wait_until(lambda: len(source.reports) > 1)
    live.stop()
    wait_until(lambda: "follow-live" not in {t.name for t in threading.enumerate()})
    looked = len(source.reports)
    source.target = target(1)
    threading.Event().wait(0.05)
    assert (len(source.reports), live.adopted) == (looked, None)
