"""How well the cosines of pairs rank as their scores, on a real encoder."""

from dataclasses import replace

import pytest
from sentence_transformers import SentenceTransformer

from chatbot.domain.example import PairExample
from workers.training import base_model
from workers.training.scored_pairs import LEAST_CORRELATED, ScoredPairs

QUESTION = "Where is my parcel?"
BY_LIKENESS = (
    "Where is my package?",
    "Has my parcel been sent yet?",
    "Which courier do you use?",
    "How do I return these shoes?",
    "The moon is made of cheese",
)
PAIRS = [PairExample(QUESTION, text, 1 - number / 4) for number, text in enumerate(BY_LIKENESS)]


@pytest.fixture(scope="module")
def model() -> SentenceTransformer:
    model = base_model.load(base_model.resolve(""))
    model.eval()
    return model


def test_scores_that_rank_as_the_texts_do_correlate_and_turned_round_do_the_opposite(
    model: SentenceTransformer,
) -> None:
    turned = [replace(pair, score=1 - pair.score) for pair in PAIRS]
    found = ScoredPairs(model, PAIRS).spearman()
    assert found is not None
    assert found > 0.85
    assert ScoredPairs(model, turned).spearman() == pytest.approx(-found)


def test_few_pairs_or_one_score_for_all_have_no_rank(model: SentenceTransformer) -> None:
    assert ScoredPairs(model, PAIRS[: LEAST_CORRELATED - 1]).spearman() is None
    assert ScoredPairs(model, [replace(pair, score=0.5) for pair in PAIRS]).spearman() is None
    assert ScoredPairs(model, []).spearman() is None


def test_the_loss_is_of_the_pairs_that_are_asked_for(model: SentenceTransformer) -> None:
    cosine = float((model.encode([QUESTION]) @ model.encode([BY_LIKENESS[3]]).T).item())
    loss = ScoredPairs(model, PAIRS).loss([3])
    assert loss.item() == pytest.approx((cosine - PAIRS[3].score) ** 2, abs=0.01)
    assert loss.requires_grad
