import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.live_sample import rank
from chatbot.services.review import queue_rows, store_ranking
from chatbot.storage.tables import QueueRanking
from queues import ask, queue, rank_now, texts, usefulness


def test_thumbs_down_samples_and_tests_stay_where_they_are(parts: Parts) -> None:
    sample = "5" * 32
    ask(parts, "purple elephants", helpful=False, usefulness=1.0)
    ask(parts, "green tigers", id=sample, sample_share=0.02, usefulness=rank(sample))
    ask(parts, "a test", test=True, usefulness=0.0)
    ask(parts, *texts("blue whales {}", 3, held_out=False))
    rank_now(parts)
    found = usefulness(parts)
    assert (found["purple elephants"], found["green tigers"]) == (1.0, rank(sample))
    assert found["a test"] == 0.0
    assert queue(parts)[0] == "purple elephants"


def test_a_ranking_that_died_on_the_way_is_done_again(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(parts, *texts("purple elephants number {}", 3, held_out=False), usefulness=0.0)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(store_ranking, "now", die)
        with pytest.raises(KeyboardInterrupt):
            rank_now(parts)
    with parts.database.read() as session:
        assert session.get(QueueRanking, 1) is None
    assert set(usefulness(parts).values()) == {0.0}
    assert rank_now(parts)
    assert 0.0 not in usefulness(parts).values()


def test_a_question_too_old_to_be_ranked_gives_up_its_place(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, *newer = texts("purple elephants number {}", 4, held_out=False)
    ask(parts, old, usefulness=0.89)
    ask(parts, *newer)
    monkeypatch.setattr(queue_rows, "MOST_RANKED", 3)
    rank_now(parts)
    found = usefulness(parts)
    assert found[old] == 0
    assert all(found[text] > 0 for text in newer)
