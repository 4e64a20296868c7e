"""What the packaged English model cannot read is never answered with something else."""

from collections.abc import Iterator

import pytest

from chatbot.bootstrap import Parts, build
from chatbot.domain.matching import Decision
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.services.knowledge.catalogue import read_catalogue
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases import jobs, processes
from chatbot.settings import Settings
from scripts import QUESTIONS
from workers.night.run_jobs import run_waiting_jobs

ASKED_OTHERWISE = {
    "如何重置密码": "怎么重置我的密码",
    "ต้องการยกเลิกคำสั่งซื้อ": "ยกเลิกคำสั่งซื้อได้ไหม",
    "პაროლი დამავიწყდა": "დამავიწყდა ჩემი პაროლი",
}


@pytest.fixture(scope="module")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The first model of a FAQ that has each question in an intent of its own."""
    parts = build(Settings(data_dir=tmp_path_factory.mktemp("data")))
    texts = [text for questions in QUESTIONS.values() for text in questions]
    draft = CatalogueDraft()
    for number, text in enumerate(texts):
        name = f"intent-{number}"
        draft.intents[name] = IntentDraft(name, name, answer="Yes.", utterances=[text])
    with parts.database.write() as session:
        import_faq(session, draft, "test")
        jobs.request(session, jobs.JobKind.UNTRAINED, "test")
    run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    yield parts
    parts.database.close()


def test_a_question_is_never_answered_with_another_that_only_looks_alike(bot: Parts) -> None:
    matcher = bot.models.open_version()
    with bot.database.read() as session:
        entries = read_catalogue(session).entries
    rows = [matcher.phrasings.row_of(entry.text) for entry in entries]
    known = [row for row in rows if row is not None]
    assert len(known) == sum(map(len, QUESTIONS.values()))
    decisions = [
        matcher.calibration.decide(matcher.calibration.candidates(scored))
        for scored in matcher.score_known(known)
    ]
    assert Decision.ANSWER not in decisions


def test_the_same_words_find_what_they_are_in(bot: Parts) -> None:
    matcher = bot.models.open_version()
    for known, asked in ASKED_OTHERWISE.items():
        meant = matcher.match(known).candidates[0].intent
        assert matcher.match(asked).candidates[0].intent == meant
