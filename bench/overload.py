"""Apply ten times the load that saturates: who is let in is answered in time, the others hear it at
once.

Nominal is what a closed loop of 32 clients for each web process sees. Then questions come at ten
times that rate, whatever the server does, over as many connections as there are; while all of them
wait for a reply, nothing can be asked.
"""

import json
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.common import console, finish, parser, percentile
from bench.instance import free_port, make_key, make_version, serve, workers_of
from bench.load import ask_at_a_rate, ask_in_closed_loops, http_request
from chatbot.bootstrap import build
from chatbot.formats.registry import read_path
from chatbot.services.access.keys import Scope
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.settings import Settings

REPOSITORY = Path(__file__).parents[1]
TIMES = 10


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--seconds", type=float, default=10.0, help="of overload")
    made.add_argument("--connections", type=int, default=500, help="of the overload")
    arguments = made.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        processes = os.cpu_count() or 1
        settings = Settings.from_env(data_dir=folder, web_processes=processes)
        parts = build(settings)
        with parts.database.write() as session:
            import_faq(session, read_path(REPOSITORY / "faq_data"), "bench")
        with console.status("making the first model …"):
            make_version(parts)
        headers = {"Authorization": f"Bearer {make_key(parts, Scope.ASK)}"}
        parts.database.close()

        def prepare(text: str) -> bytes:
            return http_request("POST", "/ask", json.dumps({"text": text}).encode(), headers)

        port = free_port()
        with serve(settings, port) as server:
            ask_in_closed_loops(port, 8, _questions(400), prepare)
            nominal = ask_in_closed_loops(port, 32 * processes, _questions(5000), prepare)
            memory = [_memory(server)]
            rate = TIMES * nominal.per_second
            console.print(f"nominal {nominal.per_second:.0f}/s; now {rate:.0f}/s")
            seen, given_up = ask_at_a_rate(
                port, rate, arguments.seconds, arguments.connections, _questions(5000), prepare
            )
            memory.append(_memory(server))
            time.sleep(1)
            after = ask_in_closed_loops(port, 32 * processes, _questions(3000), prepare)
    finish("overload", _figures(nominal, seen, after, given_up, memory), arguments.keep)


def _figures(nominal: Any, seen: Any, after: Any, given_up: int, memory: list[float]) -> Any:
    refused = seen.latencies.get(503, []) + seen.latencies.get(429, [])
    replies = sum(map(len, seen.latencies.values()))
    return {
        "nominal_per_second": nominal.per_second,
        "nominal_p99_ms": percentile(nominal.good, 0.99) * 1000,
        "asked_per_second": replies / seen.seconds,
        "wanted_per_second": (replies + given_up) / seen.seconds,
        "admitted_per_second": seen.per_second,
        "admitted_p99_ms": percentile(seen.good, 0.99) * 1000,
        "admitted_p99_ratio": percentile(seen.good, 0.99) / percentile(nominal.good, 0.99),
        "refused_share": len(refused) / replies,
        "refused_p50_ms": percentile(refused, 0.5) * 1000 if refused else None,
        "refused_p99_ms": percentile(refused, 0.99) * 1000 if refused else None,
        "refused_without_retry_after": seen.without_retry_after,
        "other_replies": {
            str(s): len(v) for s, v in seen.latencies.items() if s not in (200, 429, 503)
        },
        "failures": dict(seen.failures),
        "memory_before_mib": memory[0],
        "memory_after_mib": memory[1],
        "afterwards_per_second": after.per_second,
    }


def _questions(count: int) -> list[str]:
    """Made of the FAQ's held-out questions: distinct, so that no vector is known."""
    draft = read_path(REPOSITORY / "faq_data")
    texts = [text for intent in draft.intents.values() for text in intent.held_out]
    chance = random.Random(count)
    return [f"{chance.choice(texts)} {chance.randrange(10**6)}" for _ in range(count)]


def _memory(server: Any) -> float:
    return float(sum(process.memory_info().rss for process in workers_of(server))) / 2**20


if __name__ == "__main__":
    run()
