from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_validation
from chatbot.services.review.chosen import list_chosen
from queues import ask, texts


class TestChosen:
    """What agents were asked because it is hard says too little of all questions."""

    def chosen(self, parts: Parts, text: str, **changes: object) -> set[str]:
        [query] = ask(parts, text, **changes)
        with parts.database.read() as session:
            return list_chosen(session, [query], parts.settings)

    def test_are_those_that_the_ranking_chose(self, parts: Parts) -> None:
        found = texts("purple elephants number {}", 100, held_out=False)
        ranked = next(text for text in found if not is_validation(text, 0.1))
        by_chance = next(text for text in found if is_validation(text, 0.1))
        assert self.chosen(parts, ranked) == {ranked}
        assert self.chosen(parts, by_chance) == set()
        assert self.chosen(parts, by_chance, helpful=False) == {by_chance}
        assert self.chosen(parts, ranked, sample_share=0.02) == set()
