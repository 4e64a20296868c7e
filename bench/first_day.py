"""A helpdesk's first day: an FAQ that the product has never seen, and what people ask of it.

For each pair of files, FAQ.csv QUESTIONS.csv, the FAQ is imported into an empty data folder, the
first model is made, and a real web process is asked every question over HTTP: untrained, and with
`--train` once more after a training. If the gate does not promote the trained version, a person
does, and the figures say so. All are asked as tests, which the product logs but never learns from.

QUESTIONS.csv has the columns `text,intent,kind,previous`; bench/first_day/README.md explains them.
What a reply is worth:

- *right*: the article asked for, and no other. For two questions in one: both answered or offered.
  Out of scope, and for who wants a person: the bot hands over. For small talk: it replies in words
  of its own, neither with an article, nor by asking back, nor with a form for an e-mail address.
- *offered*: asked back with the right one among those to choose from, also where it is the only
  one. For two questions in one: one of them answered or offered.
- *asked in vain*: asked back without the right one; out of scope and small talk, asked back at all.
- *silent*: handed over, although the FAQ has an answer, or a greeting was due.
- *wrong*: answered with an article that was not asked for, or with small talk where one was.

A follow-up is asked in the conversation of the question before it, and is judged like a plain
question; so is one in another language. *Wrong of automatic answers* is over all kinds: a greeting
that gets an article is a wrong answer. Replies to small talk are no automatic answers, or they
would make the share look smaller.
"""

import csv
import http.client
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.common import console, finish, parser
from bench.instance import free_port, make_key, make_version, request, run_job, serve
from bench.outcomes import Judged, Outcome, QuestionKind, Reply, judge, summarise
from chatbot.bootstrap import Parts, build
from chatbot.domain.text import normalise
from chatbot.formats.draft import CatalogueDraft
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases import jobs, release
from chatbot.settings import Settings

SHOWN_CHARS = 60


@dataclass(frozen=True)
class Asked:
    """A line of a questions file."""

    text: str
    wanted: frozenset[str]
    kind: QuestionKind
    previous: str


def run() -> None:
    made = parser(__doc__)
    made.add_argument("files", type=Path, nargs="+", metavar="FAQ.csv QUESTIONS.csv")
    made.add_argument("--train", action="store_true", help="ask again after a training")
    made.add_argument("--list", action="store_true", help="print what became of each question")
    arguments = made.parse_args()
    if len(arguments.files) % 2:
        made.error("give an FAQ and its questions, or several such pairs")
    pairs = zip(arguments.files[::2], arguments.files[1::2], strict=True)
    checked = [(faq, *read_pair(faq, questions)) for faq, questions in pairs]
    for faq, draft, questions in checked:
        figures = _live_through(draft, questions, train=arguments.train, listed=arguments.list)
        finish(f"first_day_{faq.stem}", figures, arguments.keep)


def read_pair(faq: Path, questions: Path) -> tuple[CatalogueDraft, list[Asked]]:
    """Read an FAQ and its questions.

    Raises SystemExit for a question of an unknown kind or intent, or that the FAQ has verbatim;
    InvalidCatalogue for a bad FAQ.
    """
    draft = read_path(faq)
    asked = list(_read_questions(questions))
    known = {normalise(text) for intent in draft.intents.values() for text in intent.utterances}
    for question in asked:
        if unknown := question.wanted - draft.intents.keys():
            raise SystemExit(f"{questions}: there is no intent “{min(unknown)}” in {faq}")
        if normalise(question.text) in known:
            raise SystemExit(f"{questions}: “{question.text}” is an utterance of {faq}")
    return draft, asked


def _read_questions(path: Path) -> Iterator[Asked]:
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            wanted = frozenset(filter(None, row["intent"].split("|")))
            try:
                kind = QuestionKind(row["kind"])
            except ValueError as error:
                raise SystemExit(f"{path}: {error}") from error
            yield Asked(row["text"], wanted, kind, row.get("previous") or "")


def _live_through(
    draft: CatalogueDraft, questions: Sequence[Asked], *, train: bool, listed: bool
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        parts = build(Settings.from_env(data_dir=folder, web_processes=1))
        with parts.database.write() as session:
            import_faq(session, draft, "bench")
        with console.status("making the first model …"):
            make_version(parts)
        figures: dict[str, Any] = {
            "questions": len(questions),
            "promise": parts.settings.promise,
        }
        figures |= _measure(parts, questions, "untrained", listed)
        if train:
            with console.status("training …"):
                trained, figures["training"] = _train(parts)
            if trained:
                figures |= _measure(parts, questions, "trained", listed)
        parts.database.close()
    return figures


def _train(parts: Parts) -> tuple[bool, str]:
    """Return whether a trained version is live now, and how it came to be, in words."""
    job = run_job(parts, jobs.JobKind.TRAIN, "bench")
    if job.version_id is None:
        return False, f"ended as {job.state}: {job.message}"
    with parts.database.write() as session:
        pointer = release.read_pointer(session)
        if pointer is not None and pointer.version_id == job.version_id:
            return True, f"promoted by the gate: {job.message}"
        release.promote(session, job.version_id, "bench", "first day: by force, to be asked")
    return True, f"promoted by force, against the gate: {job.message}"


def _measure(parts: Parts, questions: Sequence[Asked], state: str, listed: bool) -> dict[str, Any]:
    """Figures of the live version, their names with `state` before them."""
    replies = _ask_all(parts, questions)
    judged = [
        Judged(question.kind, reply, judge(question.kind, question.wanted, reply))
        for question, reply in zip(questions, replies, strict=True)
    ]
    if listed:
        _list(questions, judged)
    figures = summarise(judged)
    _show(state, figures["kinds"])
    return {f"{state}_{name}": value for name, value in figures.items()}


def _ask_all(parts: Parts, questions: Sequence[Asked]) -> list[Reply]:
    """Each question in a conversation of its own, over HTTP."""
    secret, port = make_key(parts, Scope.ASK), free_port()
    with serve(parts.settings, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        replies = []
        for number, question in enumerate(questions):
            for text in filter(None, (question.previous, question.text)):
                body = {"text": text, "conversation_id": f"first-day-{number}", "test": True}
                status, reply = request(connection, "POST", "/ask", body, secret)
                if status != http.HTTPStatus.OK:
                    raise SystemExit(f"“{text}” got {status}: {reply}")
            replies.append(Reply.of(reply))
        return replies


def _show(state: str, kinds: dict[QuestionKind, dict[str, int]]) -> None:
    table = Table("kind", "questions", *Outcome, title=state)
    for kind, counted in kinds.items():
        table.add_row(kind, *map(str, counted.values()))
    console.print(table)


def _list(questions: Sequence[Asked], judged: Sequence[Judged]) -> None:
    table = Table("outcome", "question", "wanted", "answered", "offered")
    for question, each in zip(questions, judged, strict=True):
        named = (question.wanted, each.reply.answered, each.reply.offered)
        shown = (", ".join(sorted(intents)) for intents in named)
        table.add_row(each.outcome, question.text[:SHOWN_CHARS], *shown)
    console.print(table)


if __name__ == "__main__":
    run()
