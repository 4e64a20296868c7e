from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from chatbot.domain.answer_links import Surroundings
from chatbot.formats.draft import PLACEHOLDER
from chatbot.matching.matcher import Matcher
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.intent_health import PERIOD
from chatbot.services.knowledge.lint import Findings, FlawKind, lint
from chatbot.storage.database import Database, now
from factories import add_intent, add_query, make_matcher

JAM = "the printer on the second floor is jammed again today"
CALM = [f"question {word}" for word in ("alpha", "bravo", "charlie", "delta", "echo")]


def fill(session: Session, faq: Mapping[str, Sequence[str]]) -> Matcher:
    for name, utterances in faq.items():
        add_intent(session, name, *utterances)
    return make_matcher(faq)


def flaws(findings: Findings, kind: FlawKind) -> list[tuple[str, int]]:
    return [(flaw.intent, flaw.count) for flaw in findings.of(kind)]


def test_contradictions_come_before_what_is_only_alike(database: Database) -> None:
    faq = {
        "printer": [JAM, "no paper in the tray"],
        "jam": [f"{JAM}!", f"{JAM}?", "another thing entirely"],
        "broken": ["the printer on the second floor is broken again today"],
    }
    with database.write() as session:
        findings = lint(session, fill(session, faq))
    (jam,) = findings.contradictions
    assert {jam.one.intent, jam.other.intent} == {"printer", "jam"}
    assert JAM in (jam.one.text, jam.other.text)
    assert (jam.count, jam.similarity > 0.95) == (2, True)
    (broken,) = findings.alike
    assert {broken.one.intent, broken.other.intent} == {"printer", "broken"}


def test_counts_and_lengths_that_do_harm_are_named(database: Database) -> None:
    faq = {name: [f"{name} {text}" for text in CALM] for name in ("a", "b", "c")}
    faq["few"] = ["only this"]
    faq["many"] = [f"many words number {number}" for number in range(51)]
    faq["long"] = [*CALM, "why " * 60]
    with database.write() as session:
        matcher = fill(session, faq)
        add_intent(session, "draft", enabled=False)
        findings = lint(session, matcher)
    assert flaws(findings, FlawKind.FEW) == [("few", 1)]
    assert flaws(findings, FlawKind.LOPSIDED) == [("many", 51)]
    assert flaws(findings, FlawKind.LONG) == [("long", 239)]
    assert (findings.intents, findings.utterances, findings.median) == (7, 73, 5)


def test_a_first_utterance_among_articles_is_not_lopsided(database: Database) -> None:
    with database.write() as session:
        for name in ("a", "b", "c"):
            add_intent(session, name)
        add_intent(session, "d", *CALM, "question foxtrot")
        findings = lint(session, None)
    assert flaws(findings, FlawKind.LOPSIDED) == []
    assert flaws(findings, FlawKind.FEW) == [("a", 0), ("b", 0), ("c", 0)]
    assert findings.median == 0


def test_bare_answers_are_named(database: Database) -> None:
    answers = {"good": "Start the client and sign in.", "short": "See above.", "none": PLACEHOLDER}
    with database.write() as session:
        for name, answer in answers.items():
            edit_faq.create_intent(session, "ann", name, name, answer, "", [])
        findings = lint(session, None)
    assert {name for name, _ in flaws(findings, FlawKind.ANSWER)} == {"short", "none"}
    assert findings.pairs is None


def test_drafts_that_visitors_ask_for_are_named(database: Database) -> None:
    first = {"candidates": [{"intent": "was-live", "probability": 0.5}], "asked_at": now()}
    with database.write() as session:
        add_intent(session, "was-live", "fax broken", enabled=False)
        add_intent(session, "wanted", "Printer  jammed", enabled=False)
        add_intent(session, "live", "vpn down")
        add_intent(session, "unasked", "nobody asks", enabled=False)
        add_query(session, "fax broken", **first)
        add_query(session, "fax is dead", **first)
        add_query(session, "printer JAMMED", asked_at=now())
        add_query(session, "printer jammed", asked_at=now(), test=True)
        add_query(session, "nobody asks", asked_at=now() - PERIOD - timedelta(days=1))
        add_query(session, "vpn down", asked_at=now())
        findings = lint(session, None)
    assert flaws(findings, FlawKind.ASKED) == [("was-live", 2), ("wanted", 1)]


def test_an_empty_faq_has_no_findings(database: Database) -> None:
    with database.read() as session:
        findings = lint(session, make_matcher({}))
    assert (findings.flaws, findings.contradictions, findings.intents) == ([], [], 0)


def test_links_that_lead_nowhere_and_pictures_that_are_not_shown_are_named(
    database: Database,
) -> None:
    shown = Surroundings("", frozenset({"https://cdn.example"}))
    with database.write() as session:
        add_intent(session, "linked")
        answer = "See [old](page://1), [kb](/kb/1), ![a](https://cdn.example/a.png) ![b](/b.png)."
        edit_faq.change_intent(session, "ann", "linked", {"answer": answer})
        findings = lint(session, None, shown)
        unknown = lint(session, None)
    assert flaws(findings, FlawKind.LINK) == [("linked", 1)]
    assert flaws(findings, FlawKind.PICTURE) == [("linked", 1)]
    assert [flaw.text for flaw in findings.of(FlawKind.LINK)] == ["page://1"]
    assert flaws(unknown, FlawKind.PICTURE) == [("linked", 2)]
