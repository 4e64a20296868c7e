"""Questions that nobody judged vote in the next version by a guess; it keeps no text of them."""

from sqlalchemy import select

from chatbot.bootstrap import Parts
from chatbot.domain.text import key
from chatbot.services.asking.ask import Question, answer_all
from chatbot.services.releases.release import get_version
from chatbot.services.releases.reports import get_report
from chatbot.storage.tables import VersionExample
from code_names import CODE_NAMES
from nights import train

TEACHES = {"CHATBOT_UNLABELLED_CAP": "5000"}
TRAFFIC = [
    f"hi, it is about {name}, case {number}" for name in CODE_NAMES.values() for number in range(75)
]


def test_traffic_without_verdicts_votes_by_guesses_and_its_texts_are_not_kept(
    installation: Parts,
) -> None:
    ask(installation, TRAFFIC)
    assert train(installation, TEACHES) == "done"

    with installation.database.read() as session:
        version = get_version(session, 2)
        report, learnt = get_report(version), session.scalars(select(VersionExample.query_id)).all()
    seen = report.data.unlabelled
    assert 250 <= seen < len(TRAFFIC)
    assert 0 < report.training.guessed <= seen
    assert len(learnt) == report.data.learnt_queries
    matcher = installation.models.open_version(2)
    assert len(matcher.bundle.guessed) == report.training.guessed
    assert set(matcher.bundle.guessed.names) <= set(matcher.intents)
    assert {matcher.phrasings.row_of(text) for text in TRAFFIC} == {None}
    assert_no_file_has_a_question_of(installation, version.digest)

    ask(installation, ["one more question that nobody judges"])
    assert train(installation, TEACHES) == "skipped"


def ask(parts: Parts, texts: list[str]) -> None:
    answer_all(parts.database, parts.models.open_version(), [Question(text) for text in texts])


def assert_no_file_has_a_question_of(parts: Parts, digest: str) -> None:
    files = [path for path in parts.artefacts.fetch(digest).rglob("*") if path.is_file()]
    assert files
    for path in files:
        content = path.read_bytes()
        for text in TRAFFIC:
            assert text.encode() not in content, path
            assert key(text).encode() not in content, path
