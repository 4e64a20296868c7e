from dataclasses import replace

from chatbot.domain.accuracy import Outcome
from reports import BETTER, FROZEN, LIVE, rendered, report_of


def test_a_visitors_text_cannot_break_a_table() -> None:
    old = Outcome("a | b", "a", LIVE[0].decision, LIVE[0].candidates)
    new = Outcome("a | b", "a", BETTER[0].decision, BETTER[0].candidates)
    assert "| a \\| b | a | " in rendered(report_of([new], [old], replace(FROZEN, held_out=[])))
