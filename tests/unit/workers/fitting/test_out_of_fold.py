from pathlib import Path

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.matching import Candidate, Decision
from workers.fitting import out_of_fold

OUTCOMES = {
    "VPN down": Outcome("VPN down", "vpn", Decision.ANSWER, (Candidate("vpn", 0.9),)),
    "sick note": Outcome("sick note", "leave", Decision.HANDOFF, ()),
}
EXAMPLES = [Example("VPN down", "vpn"), Example("sick note", "leave", rejected="vpn")]


def test_outcomes_come_back_as_they_were(tmp_path: Path) -> None:
    out_of_fold.write(tmp_path, OUTCOMES)
    assert out_of_fold.read(tmp_path, EXAMPLES) == OUTCOMES


def test_the_file_holds_no_texts(tmp_path: Path) -> None:
    out_of_fold.write(tmp_path, OUTCOMES)
    [file] = tmp_path.iterdir()
    assert "VPN down" not in file.read_text(encoding="utf-8")


def test_rows_that_moved_to_another_intent_or_are_new_are_left_out(tmp_path: Path) -> None:
    out_of_fold.write(tmp_path, OUTCOMES)
    now = [Example("VPN down", "outage"), Example("sick note", "leave"), Example("new", "vpn")]
    assert list(out_of_fold.read(tmp_path, now)) == ["sick note"]


def test_what_went_to_an_intent_that_is_gone_says_nothing_today(tmp_path: Path) -> None:
    fax = Outcome("VPN down", "vpn", Decision.ANSWER, (Candidate("fax", 0.9),))
    out_of_fold.write(tmp_path, OUTCOMES | {"VPN down": fax})
    assert list(out_of_fold.read(tmp_path, EXAMPLES)) == ["sick note"]
    still_there = [*EXAMPLES, Example("send a fax", "fax")]
    assert list(out_of_fold.read(tmp_path, still_there)) == ["VPN down", "sick note"]


def test_a_version_that_kept_none_has_none(tmp_path: Path) -> None:
    assert out_of_fold.read(tmp_path, EXAMPLES) == {}
