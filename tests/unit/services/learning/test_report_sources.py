from collections.abc import Sequence
from dataclasses import replace

from chatbot.domain.accuracy import Outcome
from chatbot.domain.gate import Rules
from chatbot.domain.guards import Margins
from chatbot.services.learning.report_sources import leave_one_out
from chatbot.services.learning.training_set import Frozen, Labelled
from factories import make_catalogue, make_outcome

RIGHT, WRONG = make_outcome("vpn", "vpn"), make_outcome("vpn", "leave", answered=False)


class TestLeaveOneOut:
    def rows(self, *sources: str | None) -> Frozen:
        return Frozen(
            training=[],
            validation=[],
            out_of_scope=[],
            held_out=[Labelled(f"q{n}", "vpn", source) for n, source in enumerate(sources)],
            catalogue=make_catalogue({}),
        )

    def asked(self, outcomes: Sequence[Outcome]) -> list[Outcome]:
        return [replace(outcome, text=f"q{n}") for n, outcome in enumerate(outcomes)]

    def test_a_verdict_that_rests_on_one_account_shows(self) -> None:
        held_out = self.rows(*["mallory"] * 20, *["ann"] * 20, *[None] * 10)
        live = self.asked([WRONG] * 20 + [RIGHT] * 30)
        candidate = self.asked([RIGHT] * 50)
        found = leave_one_out(live, candidate, held_out, Rules(margins=Margins(promise=0.5)))
        verdicts = {s.source: s.without.verdict for s in found if s.without}
        assert verdicts == {"mallory": "insufficient_evidence", "ann": "promote"}
        assert {s.source: s.measures for s in found} == {"mallory": 20, "ann": 20}

    def test_what_an_account_taught_measures_nothing_without_it_either(self) -> None:
        held_out = self.rows("ann", "bob")
        taught = replace(held_out, teachers={f"q{n}": "ann" for n in range(2, 32)})
        live, candidate = self.asked([RIGHT] * 2 + [WRONG] * 30), self.asked([RIGHT] * 32)
        rules = Rules(margins=Margins(promise=0.5))
        ann, bob = leave_one_out(live, candidate, taught, rules)
        assert (ann.source, ann.taught, ann.measures) == ("ann", 30, 1)
        assert ann.without is not None
        assert bob.without is not None
        assert ann.without.verdict == "insufficient_evidence"
        assert bob.without.verdict == "promote"

    def test_without_a_live_version_there_is_nothing_to_compare(self) -> None:
        [found] = leave_one_out(None, self.asked([RIGHT]), self.rows("ann"), Rules())
        assert found.without is None
