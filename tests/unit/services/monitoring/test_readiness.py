from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from chatbot.bootstrap import Parts
from chatbot.domain.matching import NEVER, Decision
from chatbot.domain.readiness import LEAST_UTTERANCES
from chatbot.formats.draft import PLACEHOLDER
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge import edit_faq
from chatbot.services.monitoring import readiness
from chatbot.services.monitoring.readiness import Readiness, ReadinessOf
from factories import add_intent, make_matcher
from fakes import CALIBRATION, FAQ

JAM = "the printer on the second floor is jammed again today"


def read(parts: Parts, matcher: Matcher | None = None) -> Readiness:
    return ReadinessOf(parts.database).read(matcher or parts.live.current())


def kinds(found: Readiness) -> list[str]:
    return [step.kind for step in found.steps]


def test_every_known_phrasing_is_tried_without_itself(parts: Parts) -> None:
    matcher = parts.live.current()
    found = read(parts, matcher)
    rows = matcher.phrasings.known_rows.tolist()
    votes = matcher.score_known(rows)
    decided = [matcher.calibration.decide(matcher.calibration.candidates(v)) for v in votes]
    assert found.covered is not None
    assert found.tried == found.known == len(rows) == 16
    assert found.covered.handed_over == pytest.approx(
        100 * decided.count(Decision.HANDOFF) / 16, abs=1
    )
    assert found.covered.answered == pytest.approx(100 * decided.count(Decision.ANSWER) / 16, abs=1)
    assert 0 < found.covered.handed_over < 100


def test_an_uncovered_question_is_never_answered_rightly(parts: Parts) -> None:
    found = read(parts, make_matcher({"a": [JAM, f"{JAM}!"], "b": [f"{JAM}?", f"{JAM}."]}))
    assert found.uncovered is not None
    assert found.all is not None
    assert (found.uncovered.right, found.uncovered.wrong) == (0, 100)
    assert found.all.wrong >= 50
    assert "50 of 100" in found.assumption


def test_intents_that_miss_most_come_first_and_get_phrasings_first(parts: Parts) -> None:
    found = read(parts)
    shares = [one.missed / one.tried for one in found.intents]
    assert shares == sorted(shares, reverse=True)
    assert {one.intent for one in found.intents} == set(FAQ)
    [step] = [step for step in found.steps if step.kind == "phrasings"]
    assert found.intents[0].missed > 0
    assert f"{LEAST_UTTERANCES} more phrasings" in step.text
    assert found.intents[0].intent in step.intents
    assert [s.gain for s in found.steps] == sorted((s.gain for s in found.steps), reverse=True)


def test_a_bot_that_is_never_sure_is_mute_and_says_why(parts: Parts) -> None:
    faq = {name: texts for name, (_, _, texts) in FAQ.items()}
    never = make_matcher(faq, calibration=replace(CALIBRATION, answer_at=NEVER))
    unmeasured = make_matcher(faq, calibration=replace(CALIBRATION, answer_at=NEVER, rows=0))
    assert not read(parts).is_mute
    assert f"at least {LEAST_UTTERANCES} phrasings" in read(parts, never).remedy
    assert "never measured" in read(parts, unmeasured).remedy
    assert ReadinessOf(parts.database).read_mute(never).is_mute


def test_a_bot_that_answers_fewer_than_five_of_a_hundred_is_mute(parts: Parts) -> None:
    faq = {name: texts for name, (_, _, texts) in FAQ.items()}
    strict = make_matcher(faq, calibration=replace(CALIBRATION, answer_at=1.0))
    found = read(parts, strict)
    assert found.is_mute
    assert "it would answer 0" in found.reason


def test_articles_without_phrasings_are_looked_at_by_their_titles(parts: Parts) -> None:
    with parts.database.write() as session:
        for name in FAQ:
            edit_faq.delete_intent(session, "test", name)
        for name, title in (("jam", JAM), ("jammed", f"{JAM}!")):
            edit_faq.create_intent(session, "test", name, title, "Open the tray slowly.", "", [])
    parts.live.refresh()
    found = read(parts)
    assert (found.all, found.covered, found.tried, found.untried) == (None, None, 0, 2)
    assert found.assumption.startswith("Nothing is known yet")
    assert set(kinds(found)) == {"untried", "alike", "review"}
    assert not found.is_mute


def test_what_is_alike_bare_or_unjudged_is_a_step(parts: Parts) -> None:
    with parts.database.write() as session:
        make_alike(session)
    parts.live.refresh()
    found = read(parts)
    [alike] = [step for step in found.steps if step.kind == "alike"]
    assert set(alike.intents) == {"jam", "broken"}
    [bare] = [step for step in found.steps if step.kind == "answers"]
    assert "hollow" in bare.intents
    assert kinds(found)[-1] == "review"


def make_alike(session: Session) -> None:
    add_intent(session, "jam", JAM)
    add_intent(session, "broken", f"{JAM}!")
    edit_faq.create_intent(session, "test", "hollow", "Hollow", PLACEHOLDER, "", ["a hollow tree"])


def test_phrasings_are_tried_again_only_after_a_change(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []
    really_try = readiness._try_phrasings

    def note(matcher: Matcher) -> Any:
        tried.append(matcher.revision)
        return really_try(matcher)

    monkeypatch.setattr(readiness, "_try_phrasings", note)
    parts.readiness.read(parts.live.current())
    parts.readiness.read(parts.live.current())
    assert len(tried) == 1
    with parts.database.write() as session:
        add_intent(session, "jam", JAM)
    parts.live.refresh()
    assert parts.readiness.read(parts.live.current()).tried == 17
    assert len(tried) == 2


def test_of_many_phrasings_a_sample_is_tried(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "MOST_TRIED", 8)
    found = read(parts)
    assert (found.tried, found.known) == (8, 16)
    assert {one.tried for one in found.intents} == {2}
