"""Hot swaps and rollbacks under load: no failed request, no mixed answer, flat memory.

Two web instances of two processes each share one database and one artefact store. Closed-loop
clients ask while versions are promoted and rolled back through the admin endpoint; each answer is
compared with what exactly the version that it names says.
"""

import http.client
import json
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.common import console, finish, parser, percentile
from bench.instance import free_port, make_key, make_version, request, serve, workers_of
from bench.load import Seen, ask_in_closed_loops, http_request
from chatbot.bootstrap import Parts, build
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases import jobs
from chatbot.settings import Settings

REPOSITORY = Path(__file__).parents[1]
INSTANCES, PROCESSES = 2, 2
CONVERGENCE_LIMIT = 30.0
STEADY_SECONDS = 20.0
SLOW = 0.25


@dataclass
class Load:
    """The replies that the clients of one instance saw while `stop` was not set."""

    port: int
    secret: str
    questions: list[str]
    expected: dict[int, dict[str, Any]]
    clients: int
    mixed: list[str] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        headers = {"Authorization": f"Bearer {self.secret}"}

        def prepare(text: str) -> bytes:
            body = json.dumps({"text": text, "test": True}).encode()
            return http_request("POST", "/v1/ask", body, headers)

        self.seen = ask_in_closed_loops(
            self.port, self.clients, self._until_stopped(), prepare, self._check, most_seconds=3600
        )

    def _until_stopped(self) -> Iterator[str]:
        chance = random.Random(self.port)
        while not self.stop.is_set():
            yield chance.choice(self.questions)

    def _check(self, text: str, body: bytes) -> None:
        """Compare with what exactly the version that it names says."""
        answer = json.loads(body)
        got = (
            answer["decision"],
            answer["candidates"][0]["intent"],
            answer["knowledge_revision"],
        )
        if self.expected.get(answer["model_version"], {}).get(text) != got:
            self.mixed.append(f"{text!r} by version {answer['model_version']}: {got}")


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--swaps", type=int, default=20, help="promotions under load")
    made.add_argument("--rollbacks", type=int, default=5, help="rollbacks under load")
    made.add_argument("--clients", type=int, default=16, help="closed-loop clients")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings.from_env(data_dir=folder, epochs=1, web_processes=PROCESSES)
        parts = build(settings)
        versions = _prepare(parts)
        questions = _questions()
        expected = {v: _expected(parts, v, questions) for v in versions}
        secret = make_key(parts, Scope.ADMIN)
        ports = [free_port() for _ in range(INSTANCES)]
        servers = [stack.enter_context(serve(settings, port)) for port in ports]

        def load() -> list[Load]:
            share = arguments.clients // INSTANCES
            return [Load(port, secret, questions, expected, share) for port in ports]

        steady, moved = load(), load()
        _under(steady, lambda: time.sleep(STEADY_SECONDS))
        moves = _moves(arguments.swaps, arguments.rollbacks)
        story = _Story(versions, ports[0], secret, servers)
        _under(moved, lambda: story.play(moves))
    finish("swap", _figures(steady, moved, story), arguments.keep)


def _under(loads: list[Load], do: Callable[[], object]) -> None:
    """`do` something while all loads run."""
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        do()
    finally:
        for load in loads:
            load.stop.set()
        for thread in threads:
            thread.join()


def _prepare(parts: Parts) -> list[int]:
    """The untrained version and two trained with different seeds."""
    with parts.database.write() as session:
        import_faq(session, read_path(REPOSITORY / "faq_data"), "bench")
    made: list[int] = []
    for kind, seed in (
        (jobs.JobKind.UNTRAINED, 13),
        (jobs.JobKind.TRAIN, 1),
        (jobs.JobKind.TRAIN, 2),
    ):
        seeded = build(parts.settings.model_copy(update={"seed": seed}))
        with console.status(f"making version {len(made) + 1} …"):
            made.append(make_version(seeded, kind))
    return made


def _questions() -> list[str]:
    draft = read_path(REPOSITORY / "faq_data")
    return [text for intent in draft.intents.values() for text in intent.held_out]


def _expected(parts: Parts, version: int, questions: list[str]) -> dict[str, Any]:
    matcher = parts.models.open_version(version)
    return {
        text: (match.decision.value, match.candidates[0].intent, matcher.revision)
        for text, match in zip(questions, map(matcher.match, questions), strict=True)
    }


@dataclass
class _Story:
    """The moves, one after the other, each waited for until every process has taken it up."""

    versions: list[int]
    port: int
    secret: str
    servers: list[psutil.Process]
    converged: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def play(self, moves: list[str]) -> None:
        time.sleep(3)
        live = self._models()["live"]["version"]
        for number, move in enumerate(moves, 1):
            live = self._move(move, number, live)
            self.converged.append(self._wait_for_convergence(live))
            time.sleep(1)
            self.memory.append(sum(_web_memory(server) for server in self.servers))
            console.print(
                f"{number:2}/{len(moves)} {move} → {live}: "
                f"{self.converged[-1]:.1f} s, {self.memory[-1]:.0f} MiB"
            )

    def _move(self, move: str, number: int, live: int) -> int:
        body: dict[str, Any] = {"reason": f"benchmark move {number}"}
        if move == "promote":
            following = self.versions.index(live) + 1
            body["version"] = self.versions[following % len(self.versions)]
        status, release = self._call("POST", f"/v1/admin/{move}", body)
        if status != http.HTTPStatus.OK:
            raise SystemExit(f"{move} was refused: {release}")
        return int(release["to_version"])

    def _wait_for_convergence(self, version: int) -> float:
        """Seconds until every web process says that it runs `version`."""
        start = time.monotonic()
        while time.monotonic() - start < CONVERGENCE_LIMIT:
            running = [process["version"] for process in self._models()["processes"]]
            if running == [version] * (INSTANCES * PROCESSES):
                return time.monotonic() - start
            time.sleep(0.1)
        raise SystemExit(f"not all processes took up version {version}: {running}")

    def _models(self) -> Any:
        return self._call("GET", "/v1/models")[1]

    def _call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        return request(connection, method, path, body, self.secret)


def _figures(steady: list[Load], moved: list[Load], story: _Story) -> dict[str, Any]:
    before, during = _latencies(steady), _latencies(moved)
    failures: Counter[str] = Counter()
    for load in moved:
        failures.update(load.seen.failures)
        failures.update(
            {str(s): len(v) for s, v in load.seen.latencies.items() if s != http.HTTPStatus.OK}
        )
    mixed = [one for load in moved for one in load.mixed]
    settled = story.memory[4] if len(story.memory) > 5 else story.memory[0]
    return {
        "requests": len(during),
        "failed": sum(failures.values()),
        "failures": dict(failures),
        "mixed": len(mixed),
        "mixed_examples": mixed[:3],
        "moves": len(story.converged),
        "convergence_max_s": max(story.converged),
        "convergence_median_s": percentile(story.converged, 0.5),
        "steady_p50_ms": percentile(before, 0.5) * 1000,
        "steady_p99_ms": percentile(before, 0.99) * 1000,
        "steady_slowest_ms": max(before) * 1000,
        "p50_ms": percentile(during, 0.5) * 1000,
        "p99_ms": percentile(during, 0.99) * 1000,
        "slowest_ms": max(during) * 1000,
        "p99_ratio": percentile(during, 0.99) / percentile(before, 0.99),
        "slower_than_250_ms": sum(seconds > SLOW for seconds in during),
        "steady_slower_than_250_ms": sum(seconds > SLOW for seconds in before),
        "memory_move_5_mib": settled,
        "memory_last_mib": story.memory[-1],
        "memory_growth": story.memory[-1] / settled - 1,
        "memory_mib": [round(m) for m in story.memory],
    }


def _latencies(loads: list[Load]) -> list[float]:
    return [seconds for load in loads for seconds in load.seen.good]


def _moves(swaps: int, rollbacks: int) -> list[str]:
    """Rollbacks spread between the swaps."""
    every = max(1, swaps // max(1, rollbacks))
    moves: list[str] = []
    for number in range(1, swaps + 1):
        moves.append("promote")
        if number % every == 0 and moves.count("rollback") < rollbacks:
            moves.append("rollback")
    return moves


def _web_memory(server: psutil.Process) -> float:
    """MiB of resident memory of an instance's web processes."""
    return float(sum(child.memory_info().rss for child in workers_of(server))) / 2**20


if __name__ == "__main__":
    run()
