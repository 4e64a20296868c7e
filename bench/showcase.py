"""An instance as a team has it after a month: for pictures of its pages and for their weight."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bench.instance import make_version
from chatbot.bootstrap import Parts, build
from chatbot.domain.gate import Verdict
from chatbot.domain.matching import Decision
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.access.users import create_user
from chatbot.services.asking import handoffs, sites
from chatbot.services.asking.ask import Answered, Question, answer_all
from chatbot.services.delivery import events, webhooks
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases import jobs, processes, release
from chatbot.services.review.confirm import confirm
from chatbot.settings import Settings
from chatbot.storage.database import now
from chatbot.storage.tables import Confirmation, Query, Release, TrainingJob
from tests.browser.chromium import PASSWORD
from tests.code_names import CODE_NAMES, PHRASINGS
from workers.night.run_jobs import run_waiting_jobs

LATEST = {"report": "/console/models/2"}  # more to tell than the first
REPOSITORY = Path(__file__).parents[1]
ADMIN, EDITOR = "zoe@fernway.example", "chiara@fernway.example"
AGENTS = ("ann@fernway.example", "bilal@fernway.example")
PEOPLE = {ADMIN: Scope.ADMIN, EDITOR: Scope.EDITOR} | dict.fromkeys(AGENTS, Scope.AGENT)
NIGHT = "02:00"
PROMOTED = "It answers twice as many; agents watch what is out of scope for a week"
DAYS, MONTH, TODAY, FOREIGN = 30, 600, 30, 120
PUT = ("{}", "hi, {}", "{} please", "hello! {}", "{}, thanks", "quick one: {}")
# What visitors want and the FAQ lacks.
MISSING = (
    "can I bring my dog to the office",
    "are dogs allowed in the office?",
    "bringing a dog to work, is that ok",
    "office dog, allowed or not",
    "where can I charge my electric car at the office",
    "is there a charger for electric cars",
    "electric car charging at the office",
    "how do I make a task repeat every monday",
    "can a task repeat every week",
    "recurring tasks?",
    "can I put a Gantt chart on a wall display",
    "gantt chart on the big screen, how",
)
# Who waits for a person: address, message, and what they had asked.
WAITING = (
    (
        "lena@example.org",
        "It is for our whole team.",
        ["can we get an invoice in euros", "who can help"],
    ),
    ("tom@example.org", "", ["my laptop fell into the sea, what now"]),
)
Asked = tuple[str, str | None]  # a question, and what it wants


def fill(settings: Settings) -> None:
    """Fill an instance: the shipped FAQ, a month of questions, what agents made of them, and two
    versions.
    """
    parts = build(settings)
    chance = random.Random(7)
    with parts.database.write() as session:
        import_faq(session, read_path(REPOSITORY / "faq_data"), ADMIN)
        for email, role in PEOPLE.items():
            create_user(session, ADMIN, email, role, PASSWORD)
    first = make_version(parts)
    with parts.database.write() as session:
        _make_older(session, first, timedelta(days=DAYS))
    questions = chance.sample(_known(chance), MONTH)
    _ask(parts, chance, questions, list(_last_month(chance, len(questions))), judged=0.7)
    names = _code_names()
    _ask(parts, chance, names, list(_last_month(chance, len(names))), judged=1)
    with parts.database.write() as session:
        night = jobs.request_nightly(session, NIGHT, now())
    run_waiting_jobs(parts, processes.Identity(processes.ProcessKind.WORKER))
    with parts.database.write() as session:
        second = jobs.get_job(session, night.id).version_id
        if second is None:
            raise SystemExit(f"the training ended as {night.state}: {night.message}")
        if release.get_version(session, second).verdict != Verdict.PROMOTE:
            release.promote(session, second, ADMIN, PROMOTED)
        _make_older(session, second, timedelta(hours=9))
        _edit(session)
    today = chance.sample(_known(chance), TODAY) + [(text, None) for text in MISSING]
    times = [now() - timedelta(minutes=chance.randrange(8 * 60)) for _ in today]
    _ask(parts, chance, today, times, judged=0.2)
    _connect(parts)
    parts.database.close()


def _known(chance: random.Random) -> list[Asked]:
    """Return questions as visitors put them: like the FAQ, otherwise, and what it lacks."""
    draft = read_path(REPOSITORY / "faq_data")
    intents = draft.intents.items()
    wanted = [(t, name) for name, i in intents for t in (*i.held_out, *i.utterances[:3])]
    foreign = [(text, None) for text in draft.out_of_scope[:FOREIGN]]
    return [(chance.choice(PUT).format(text), intent) for text, intent in wanted + foreign]


def _code_names() -> list[Asked]:
    return [(p.format(name), intent) for intent, name in CODE_NAMES.items() for p in PHRASINGS]


def _last_month(chance: random.Random, count: int) -> Iterator[datetime]:
    """Working days and hours are busier."""
    for _ in range(count):
        day = now() - timedelta(days=chance.randrange(1, DAYS))
        if day.weekday() >= 5 and chance.random() < 0.7:
            day -= timedelta(days=2)
        yield day.replace(hour=min(23, max(0, int(chance.gauss(13, 3)))))


def _ask(
    parts: Parts, chance: random.Random, asked: list[Asked], times: list[datetime], judged: float
) -> None:
    """Agents judge a share of the questions soon after; visitors rate a quarter of the answers."""
    matcher = parts.models.open_version()
    for (text, intent), at in zip(asked, times, strict=True):
        (answered,) = answer_all(parts.database, matcher, [Question(text)])
        with parts.database.write() as session:
            helpful = _rate(chance, answered, intent)
            row = update(Query).where(Query.id == answered.query_id)
            session.execute(row.values(asked_at=at, helpful=helpful))
            if chance.random() < judged:
                agent = chance.choice(AGENTS)
                confirm(session, answered.query_id, intent, agent, parts.settings)
                verdict = update(Confirmation).where(Confirmation.query_id == answered.query_id)
                later = min(at + timedelta(hours=chance.randrange(1, 20)), now())
                session.execute(verdict.values(confirmed_at=later))


def _rate(chance: random.Random, answered: Answered, intent: str | None) -> bool | None:
    if answered.decision is not Decision.ANSWER or chance.random() > 0.25:
        return None
    right = answered.match.candidates[0].intent == intent
    return right if chance.random() < 0.9 else not right


def _connect(parts: Parts) -> None:
    """A site with the chat, visitors who left their address there, and who is told of it."""
    with parts.database.write() as session:
        sites.create_site(session, ADMIN, "Demo", [sites.SELF])
        site = sites.create_site(
            session, ADMIN, "Help centre", ["https://help.fernway.example"]
        ).key
        for kinds, style in (
            ([events.EventKind.HANDOFF_REQUESTED], events.Style.SLACK),
            ([events.EventKind.MODEL_PROMOTED, events.EventKind.MODEL_HELD], events.Style.STANDARD),
        ):
            webhooks.create_webhook(
                session, ADMIN, f"https://hooks.example/{style}", kinds, parts.settings, style
            )
    matcher = parts.models.open_version()
    for number, (email, message, texts) in enumerate(WAITING):
        talk = f"showcase-{number}"
        answer_all(parts.database, matcher, [Question(text, talk) for text in texts])
        with parts.database.write() as session:
            handoffs.request_handoff(session, talk, email, message, site)


def _edit(session: Session) -> None:
    """Two edits for the history, and a draft."""
    edit_faq.add_utterance(session, EDITOR, "vpn-drops", "vpn falls over whenever I change rooms")
    edit_faq.change_intent(session, EDITOR, "vpn-drops", {"title": "VPN keeps disconnecting"})
    edit_faq.create_intent(
        session,
        EDITOR,
        "book-parking",
        "Book a parking space",
        "Use the **Parking** tile in the intranet. Spaces are free again at 18:00.",
        "Office",
        ["where can I leave my car at the office", "parking permit for visitors"],
        enabled=False,
    )


def _make_older(session: Session, version: int, by: timedelta) -> None:
    """This version, its job and its release happened so much earlier."""
    release.get_version(session, version).created_at -= by
    for job in session.scalars(select(TrainingJob).where(TrainingJob.version_id == version)):
        job.created_at -= by
        job.finished_at = job.finished_at - by if job.finished_at else None
    for move in session.scalars(select(Release).where(Release.to_version == version)):
        move.released_at -= by
