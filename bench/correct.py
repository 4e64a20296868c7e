"""Measure how soon, and how well, an agent's word counts: in all web processes, without a training.

Two instances of one web process each share the shipped FAQ and its untrained first model. First,
visitors ask questions, and agents say what each was meant for: another intent than the bot put
first, or none. Each verdict is given at one instance, and both are asked the same words until they
obey. Then agents confirm three questions with a name that no encoder knows, and both instances are
asked twenty others with that name (`names.csv`; nothing was fitted to them).
"""

import csv
import http.client
import itertools
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.common import console, finish, parser, percentile
from bench.instance import free_port, make_key, make_version, request, serve
from chatbot.bootstrap import Parts, build
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.settings import Settings

REPOSITORY = Path(__file__).parents[1]
NAMES = Path(__file__).parent / "names.csv"
INSTANCES = 2
AGENTS = 3
PROMISED_SECONDS = 5.0
GIVEN_UP_SECONDS = 15.0
SEED = 1


@dataclass(frozen=True)
class Name:
    """A name: what it stands for, questions to confirm, and others to ask."""

    intent: str
    verdicts: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)


@dataclass
class Instances:
    """The web processes, and agents who work at them in turn."""

    ports: Sequence[int]
    visitor: str
    agents: Sequence[str]
    turn: "itertools.count[int]" = field(default_factory=itertools.count)

    def ask(self, port: int, text: str, test: bool = True) -> dict[str, Any]:
        body = {"text": text, "test": test}
        answer: dict[str, Any] = self._call(port, "POST", "/v1/ask", body, self.visitor)
        return answer

    def confirm(self, query_id: str, intent: str | None) -> dict[str, Any]:
        """Confirm at one instance after the other, by one agent after the other."""
        turn = next(self.turn)
        port, agent = self.ports[turn % len(self.ports)], self.agents[turn % len(self.agents)]
        path = f"/v1/queries/{query_id}/confirmation"
        confirmed: dict[str, Any] = self._call(port, "PUT", path, {"intent": intent}, agent)
        return confirmed

    def obey(self, text: str, intent: str | None) -> bool:
        """Return whether all of them do as they were told of these words."""
        return all(is_as_said(self.ask(port, text), intent) for port in self.ports)

    def wait(self, text: str, intent: str | None) -> float:
        """Return the seconds until all obey; GIVEN_UP_SECONDS if that is not soon."""
        began = time.monotonic()
        while not self.obey(text, intent):
            if time.monotonic() - began > GIVEN_UP_SECONDS:
                return GIVEN_UP_SECONDS
            time.sleep(0.05)
        return time.monotonic() - began

    def _call(self, port: int, method: str, path: str, body: Any, secret: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        status, answer = request(connection, method, path, body, secret)
        connection.close()
        if status != http.HTTPStatus.OK:
            raise SystemExit(f"{method} {path} was refused: {status} {answer}")
        return answer


def is_as_said(answer: dict[str, Any], intent: str | None) -> bool:
    """Return whether `answer` is `intent`, or for None handed over, without any candidate."""
    if intent is None:
        return bool(answer["decision"] == "handoff" and not answer["candidates"])
    return bool(answer["decision"] == "answer" and answer["answer"]["intent"] == intent)


def run() -> None:
    made = parser(__doc__)
    made.add_argument(
        "--trials", type=int, default=200, help="verdicts of which each is waited for"
    )
    arguments = made.parse_args()
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings.from_env(data_dir=folder, web_processes=1)
        parts = build(settings)
        questions = _prepare(parts)
        instances = Instances(
            [free_port() for _ in range(INSTANCES)],
            make_key(parts, Scope.ASK),
            [make_key(parts, Scope.AGENT) for _ in range(AGENTS)],
        )
        for port in instances.ports:
            stack.enter_context(serve(settings, port))
        figures = _correct(instances, questions[: arguments.trials])
        figures |= _teach(instances, read_names())
        parts.database.close()
    finish("correct", figures, arguments.keep)


def _prepare(parts: Parts) -> list[tuple[str, str]]:
    """The FAQ and its untrained model; questions that it does not know, with their intents."""
    draft = read_path(REPOSITORY / "faq_data")
    questions = [(text, i.name) for i in draft.intents.values() for text in i.held_out]
    for intent in draft.intents.values():
        intent.held_out.clear()
    with parts.database.write() as session:
        import_faq(session, draft, "bench")
    with console.status("making the untrained model …"):
        make_version(parts)
    Random(SEED).shuffle(questions)
    return questions


def read_names() -> dict[str, Name]:
    names: dict[str, Name] = {}
    with NAMES.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            name = names.setdefault(row["name"], Name(row["intent"]))
            (name.verdicts if row["use"] == "verdict" else name.unseen).append(row["text"])
    return names


def _correct(instances: Instances, questions: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Every other verdict is none; the others name what the bot did not put first."""
    said: dict[str, str | None] = {}
    seconds, effects = [], []
    for number, (text, meant) in enumerate(questions):
        asked = instances.ask(instances.ports[0], text, test=False)
        first = asked["candidates"][0]["intent"] if asked["candidates"] else None
        others = [c["intent"] for c in asked["candidates"] if c["intent"] != first]
        intent = None if number % 2 else next(iter(others), meant)
        written = instances.confirm(asked["query_id"], intent)
        effects.append(written["confirmation"]["effect"])
        seconds.append(instances.wait(text, intent))
        said[text] = intent
        if number % 20 == 19:
            console.print(f"{number + 1} verdicts, slowest {max(seconds):.1f} s")
    return {
        "trials": len(seconds),
        "right_in_time": sum(s <= PROMISED_SECONDS for s in seconds),
        "slowest_s": max(seconds),
        "median_s": percentile(seconds, 0.5),
        "right_at_the_end": sum(instances.obey(*each) for each in said.items()),
        "effects": {effect: effects.count(effect) for effect in sorted(set(effects))},
    }


def _teach(instances: Instances, names: dict[str, Name]) -> dict[str, Any]:
    """Each name is asked about before its verdicts, after them, and when all names are known."""
    before = {name: _measure(instances, each) for name, each in names.items()}
    after = {}
    for name, each in names.items():
        asked = [instances.ask(instances.ports[0], t, test=False) for t in each.verdicts]
        for answer in asked:
            instances.confirm(answer["query_id"], each.intent)
        for text in each.verdicts:
            instances.wait(text, each.intent)
        after[name] = _measure(instances, each)
        console.print(f"{name}: {before[name]} → {after[name]}")
    finally_ = {name: _measure(instances, each) for name, each in names.items()}
    asked_each = INSTANCES * min(len(each.unseen) for each in names.values())
    return {
        "names": len(names),
        "least_right_of_a_name": min(m["right"] for m in after.values()) / asked_each,
        "right": sum(m["right"] for m in after.values()) / (asked_each * len(names)),
        "wrong": sum(m["wrong"] for m in after.values()) / (asked_each * len(names)),
        "wrong_before": sum(m["wrong"] for m in before.values()) / (asked_each * len(names)),
        "right_with_all_names": sum(m["right"] for m in finally_.values())
        / (asked_each * len(names)),
        "by_name": {n: {"before": before[n], "after": after[n], "all": finally_[n]} for n in names},
    }


def _measure(instances: Instances, name: Name) -> dict[str, int]:
    """Unseen questions with the name that are answered, by each instance, rightly or wrongly."""
    answers = [instances.ask(port, text) for port in instances.ports for text in name.unseen]
    right = sum(is_as_said(answer, name.intent) for answer in answers)
    answered = sum(answer["decision"] == "answer" for answer in answers)
    return {"right": right, "wrong": answered - right}


if __name__ == "__main__":
    run()
