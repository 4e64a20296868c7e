"""A candidate that lacked evidence is judged again when agents confirm more, without a training."""

from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.domain.holdout import is_held_out
from chatbot.services.asking.ask import Question, answer_all
from chatbot.services.releases import jobs
from chatbot.services.releases.release import NIGHTLY, get_version
from chatbot.services.releases.reports import get_report
from chatbot.services.review.confirm import confirm
from chatbot.storage.tables import ModelVersion
from code_names import CODE_NAMES
from nights import live_version, train

FOLLOW_UPS = ("{} number %d is broken", "is there news on {} case %d", "{} ticket %d please")


def test_new_held_out_questions_reopen_the_case(installation: Parts) -> None:
    strict = {"CHATBOT_GATE_ALPHA": "1e-90"}
    assert train(installation, strict) == "done"
    assert live_version(installation) == 1
    assert train(installation, strict) == "skipped"

    confirm_held_out(installation)
    assert train(installation) == "done"

    assert live_version(installation) == 2
    with installation.database.read() as session:
        assert len(session.scalars(select(ModelVersion)).all()) == 2


def test_a_night_with_little_to_learn_waits_and_who_asks_is_served_at_once(
    installation: Parts,
) -> None:
    assert train(installation) == "done"
    matcher = installation.models.open_version()
    learnt = (f"is anybody else without the VPN, floor {floor}" for floor in range(99))
    text = next(text for text in learnt if not is_held_out(text, 0.3))
    query = answer_all(installation.database, matcher, [Question(text)])[0].query_id
    with installation.database.write() as session:
        confirm(session, query, next(iter(CODE_NAMES)), "test", installation.settings)

    assert train(installation, by=NIGHTLY) == "skipped"
    with installation.database.read() as session:
        said = jobs.list_jobs(session, None, 1)[0].message
    assert "is new beside what version 2 learnt. The night trains from 20% on" in said
    assert train(installation) == "done"


def confirm_held_out(parts: Parts) -> None:
    matcher = parts.models.open_version()
    for intent, name in CODE_NAMES.items():
        for number in range(10):
            text = FOLLOW_UPS[number % 3].format(name) % number
            if is_held_out(text, parts.settings.held_out_share):
                query = answer_all(parts.database, matcher, [Question(text)])[0].query_id
                with parts.database.write() as session:
                    confirm(session, query, intent, "test", parts.settings)


def test_a_faqs_own_utterances_are_evidence_beside_an_untrained_and_a_trained_model(
    installation: Parts,
) -> None:
    assert train(installation) == "done"
    assert cross_fitted(installation, version=2) > 50

    confirm_held_out(installation)
    assert train(installation, {"CHATBOT_SEED": "14", "CHATBOT_NEIGHBOURS": "9"}) == "done"
    assert live_version(installation) == 2
    assert cross_fitted(installation, version=3) > 50


def cross_fitted(parts: Parts, version: int) -> int:
    with parts.database.read() as session:
        return get_report(get_version(session, version)).data.cross_fitted
