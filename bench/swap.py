"""Hot swaps and rollbacks under load: no failed request, no mixed answer, flat memory.

Two web instances of two processes each share one database and one artefact store. Closed-loop
clients ask while versions are promoted and rolled back through the admin endpoint; each answer is
compared with what exactly the version that it names says.
"""

import http.client
import json
import os
import random
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.common import console, finish, parser, percentile
from chatbot.bootstrap import Parts, build
from chatbot.programs import list_programs
from chatbot.services import jobs, keys, processes
from chatbot.services.catalogue_files import read_catalogue_files
from chatbot.services.import_faq import import_faq
from chatbot.settings import Settings
from workers.retrain import run_waiting_jobs

REPOSITORY = Path(__file__).parents[1]
INSTANCES, PROCESSES = 2, 2
CONVERGENCE_LIMIT = 30.0


@dataclass
class Load:
    """What the clients saw, each request once."""

    expected: dict[int, dict[str, Any]]
    latencies: list[float] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    mixed: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--swaps", type=int, default=20, help="promotions under load")
    made.add_argument("--rollbacks", type=int, default=5, help="rollbacks under load")
    made.add_argument("--clients", type=int, default=16, help="closed-loop clients")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        parts = build(Settings.from_env(data_dir=folder, epochs=1))
        versions = _prepare(parts)
        questions = _questions()
        load = Load({v: _expected(parts, v, questions) for v in versions})
        with parts.database.write() as session:
            secret = keys.create_key(session, "bench", "bench", keys.Scope.ADMIN)[1]
        ports = [_free_port() for _ in range(INSTANCES)]
        servers = [stack.enter_context(_serve(folder, port)) for port in ports]
        figures = _drive(arguments, load, versions, questions, ports, servers, secret)
    finish("swap", figures, arguments.keep)


def _prepare(parts: Parts) -> list[int]:
    """The untrained version and two trained with different seeds."""
    with parts.database.write() as session:
        import_faq(session, read_catalogue_files(REPOSITORY / "faq_data"), "bench")
    made: list[int] = []
    for kind, seed in ((jobs.Kind.UNTRAINED, 13), (jobs.Kind.TRAIN, 1), (jobs.Kind.TRAIN, 2)):
        seeded = build(parts.settings.model_copy(update={"seed": seed}))
        with seeded.database.write() as session:
            job_id = jobs.request(session, kind, "bench").id
        with console.status(f"making version {len(made) + 1} …"):
            run_waiting_jobs(seeded, processes.Identity("worker"))
        with seeded.database.read() as session:
            version = jobs.get_job(session, job_id).version_id
        assert version is not None
        made.append(version)
    return made


def _questions() -> list[str]:
    draft = read_catalogue_files(REPOSITORY / "faq_data")
    return [text for intent in draft.intents.values() for text in intent.held_out]


def _expected(parts: Parts, version: int, questions: list[str]) -> dict[str, Any]:
    matcher = parts.models.open_version(version)
    return {
        text: (match.decision.value, match.candidates[0].intent, matcher.revision)
        for text, match in zip(questions, map(matcher.match, questions), strict=True)
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _serve(folder: str, port: int) -> Iterator[psutil.Process]:
    """One gunicorn with two processes, as `chatbot up` starts it."""
    settings = Settings.from_env(data_dir=folder, port=port, web_processes=PROCESSES)
    web = next(program for program in list_programs(settings) if program.name == "web")
    quiet = {"CHATBOT_DATA_DIR": folder, "CHATBOT_LOG_LEVEL": "ERROR"}
    with subprocess.Popen(web.command, env=os.environ | web.environment | quiet) as server:
        try:
            _wait_until_ready(port)
            yield psutil.Process(server.pid)
        finally:
            server.terminate()


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if _request(http.client.HTTPConnection("127.0.0.1", port), "GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise SystemExit(f"the server on port {port} did not become ready")


def _request(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: Any = None,
    secret: str = "",
) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {secret}"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    response = connection.getresponse()
    return response.status, json.loads(response.read() or b"null")


def _drive(
    arguments: Any,
    load: Load,
    versions: list[int],
    questions: list[str],
    ports: list[int],
    servers: list[psutil.Process],
    secret: str,
) -> dict[str, Any]:
    clients = [
        threading.Thread(target=_client, args=(load, questions, ports[i % len(ports)], secret, i))
        for i in range(arguments.clients)
    ]
    for client in clients:
        client.start()
    time.sleep(3)
    moves = _moves(arguments.swaps, arguments.rollbacks)
    converged: list[float] = []
    memory: list[float] = []
    live = _live(ports[0], secret)
    for number, move in enumerate(moves, 1):
        live = _move(move, number, versions, live, ports[0], secret)
        converged.append(_wait_for_convergence(ports[0], secret, live))
        time.sleep(1)
        memory.append(sum(_web_memory(server) for server in servers))
        console.print(
            f"{number:2}/{len(moves)} {move} → {live}: {converged[-1]:.1f} s, {memory[-1]:.0f} MiB"
        )
    load.stop.set()
    for client in clients:
        client.join()
    settled = memory[4] if len(memory) > 5 else memory[0]
    return {
        "requests": len(load.latencies),
        "failed": sum(load.failures.values()),
        "failures": dict(load.failures),
        "mixed": len(load.mixed),
        "mixed_examples": load.mixed[:3],
        "moves": len(moves),
        "convergence_max_s": max(converged),
        "convergence_median_s": percentile(converged, 0.5),
        "p50_ms": percentile(load.latencies, 0.5) * 1000,
        "p99_ms": percentile(load.latencies, 0.99) * 1000,
        "slowest_ms": max(load.latencies) * 1000,
        "memory_move_5_mib": settled,
        "memory_last_mib": memory[-1],
        "memory_growth": memory[-1] / settled - 1,
        "memory_mib": [round(m) for m in memory],
    }


def _client(load: Load, questions: list[str], port: int, secret: str, seed: int) -> None:
    chance = random.Random(seed)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while not load.stop.is_set():
        text = chance.choice(questions)
        start = time.perf_counter()
        try:
            status, answer = _request(
                connection, "POST", "/v1/ask", {"text": text, "test": True}, secret
            )
        except (OSError, http.client.HTTPException) as error:
            load.failures[type(error).__name__] += 1
            connection.close()
            continue
        load.latencies.append(time.perf_counter() - start)
        if status != 200:
            load.failures[str(status)] += 1
            continue
        _check(load, text, answer)


def _check(load: Load, text: str, answer: dict[str, Any]) -> None:
    """Compare with what exactly the version that it names says."""
    got = (answer["decision"], answer["candidates"][0]["intent"], answer["knowledge_revision"])
    if load.expected.get(answer["model_version"], {}).get(text) != got:
        load.mixed.append(f"{text!r} by version {answer['model_version']}: {got}")


def _moves(swaps: int, rollbacks: int) -> list[str]:
    """Rollbacks spread between the swaps."""
    every = max(1, swaps // max(1, rollbacks))
    moves: list[str] = []
    for number in range(1, swaps + 1):
        moves.append("promote")
        if number % every == 0 and moves.count("rollback") < rollbacks:
            moves.append("rollback")
    return moves


def _move(move: str, number: int, versions: list[int], live: int, port: int, secret: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body: dict[str, Any] = {"reason": f"benchmark move {number}"}
    if move == "promote":
        body["version"] = versions[(versions.index(live) + 1) % len(versions)]
    status, release = _request(connection, "POST", f"/v1/admin/{move}", body, secret)
    if status != 200:
        raise SystemExit(f"{move} was refused: {release}")
    return int(release["to_version"])


def _live(port: int, secret: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    return int(_request(connection, "GET", "/v1/models", None, secret)[1]["live"]["version"])


def _wait_for_convergence(port: int, secret: str, version: int) -> float:
    """Seconds until every web process says that it runs `version`."""
    start = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    while time.monotonic() - start < CONVERGENCE_LIMIT:
        running = [
            p["version"]
            for p in _request(connection, "GET", "/v1/models", None, secret)[1]["processes"]
        ]
        if running == [version] * (INSTANCES * PROCESSES):
            return time.monotonic() - start
        time.sleep(0.1)
    raise SystemExit(f"not all processes took up version {version}: {running}")


def _web_memory(server: psutil.Process) -> float:
    """MiB of resident memory of an instance's web processes."""
    return float(sum(child.memory_info().rss for child in server.children())) / 2**20


if __name__ == "__main__":
    run()
