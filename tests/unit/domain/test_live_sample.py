import uuid
from random import Random

import pytest

from chatbot.domain.live_sample import did_right, is_drawn, rank
from chatbot.domain.matching import Candidate, Decision

THREE = [Candidate("vpn", 0.4), Candidate("leave", 0.3), Candidate("invoice", 0.02)]


def ids(count: int) -> list[str]:
    random = Random(1)
    return [uuid.UUID(int=random.getrandbits(128), version=4).hex for _ in range(count)]


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 1.0])
def test_the_share_of_ids_is_drawn(share: float) -> None:
    drawn = sum(is_drawn(query_id, share) for query_id in ids(20_000))
    assert drawn / 20_000 == pytest.approx(share, abs=0.01)


def test_the_rank_lies_in_the_upper_half_and_has_nothing_to_do_with_the_draw() -> None:
    drawn = [rank(query_id) for query_id in ids(20_000) if is_drawn(query_id, 0.1)]
    assert 0.5 <= min(drawn) < max(drawn) <= 1.0
    assert sum(drawn) / len(drawn) == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("decision", "meant", "right"),
    [
        (Decision.ANSWER, "vpn", True),
        (Decision.ANSWER, "leave", False),
        (Decision.ANSWER, None, False),
        (Decision.CLARIFY, "leave", True),
        (Decision.CLARIFY, "invoice", False),  # it was not offered
        (Decision.CLARIFY, None, False),
        (Decision.HANDOFF, None, True),
        (Decision.HANDOFF, "vpn", False),
    ],
)
def test_what_counts_as_right(decision: Decision, meant: str | None, right: bool) -> None:
    assert did_right(decision, THREE, 2, meant) is right


def test_nothing_found_is_right_only_where_nothing_was_meant() -> None:
    assert did_right(Decision.HANDOFF, [], 0, None)
    assert not did_right(Decision.HANDOFF, [], 0, "vpn")
