"""A pinned question holds a candidate that is otherwise proved better, through the real worker."""

from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.domain.matching import Decision
from chatbot.matching.reading import Match
from chatbot.services.knowledge import pins
from chatbot.services.learning.render_report import render
from chatbot.services.releases.release import get_version
from chatbot.services.releases.reports import get_report
from chatbot.storage.tables import Utterance
from code_names import CODE_NAMES
from nights import live_version, train


def test_a_broken_pin_holds_and_a_removed_one_lets_go(installation: Parts) -> None:
    assert train(installation, {"CHATBOT_GATE_ALPHA": "1e-90"}) == "done"
    assert live_version(installation) == 1
    text, intent = find_what_version_2_breaks(installation)
    with installation.database.write() as session:
        pin_id = pins.add_pin(session, "ann", text, intent).id

    assert train(installation) == "done"
    assert live_version(installation) == 1
    with installation.database.read() as session:
        version = get_version(session, 2)
    assert version.verdict == "hold"
    assert get_report(version).reasons[1:] == (
        f"It no longer answers the pinned “{text}” with “{intent}”.",
    )
    assert text in render(version)

    with installation.database.write() as session:
        pins.remove_pin(session, "ann", pin_id)
    assert train(installation) == "done"
    assert live_version(installation) == 2


def find_what_version_2_breaks(parts: Parts) -> tuple[str, str]:
    """A question that version 1 answers and version 2, which learnt the code names, does not so."""
    with parts.database.read() as session:
        utterances = session.scalars(select(Utterance.text)).all()
    texts = [f"{text} {name}" for text in utterances for name in CODE_NAMES.values()]
    before = parts.models.open_version(1, to_judge=True).match_all(texts)
    after = parts.models.open_version(2, to_judge=True).match_all(texts)
    for text, old, new in zip(texts, before, after, strict=True):
        if old.decision is Decision.ANSWER and answer_of(new) != answer_of(old):
            return text, old.candidates[0].intent
    raise AssertionError("version 2 answers all of them as version 1 does")


def answer_of(match: Match) -> str | None:
    return match.candidates[0].intent if match.decision is Decision.ANSWER else None
