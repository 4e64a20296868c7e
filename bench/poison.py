"""Measure what a hostile account can do: it confirms questions about one intent falsely, as
another's.

The FAQ has ten phrasings an intent of BANKING77. Honest agents confirm 500 visitors' questions; an
account that was taken over confirms so many more that a given share of all confirmations is false.
Each of its questions asks for the victim, and it says that the nearest other intent was meant. The
product's own rules and jobs select, train, judge and release; the test part, which nothing here
learns from, shows what visitors get of the victim's questions: at once, as verdicts count without a
training, and after the night. `--at-once` leaves the nights out.
"""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

from rich.table import Table
from sqlalchemy import select

from bench.common import Dataset, console, finish, load_dataset, parser
from bench.instance import ask, make_version
from bench.learn import import_rows
from bench.nights import split, train
from chatbot.bootstrap import Parts, build
from chatbot.domain.redaction import redact
from chatbot.domain.text import key
from chatbot.services.learning.evaluate import evaluate
from chatbot.services.learning.quarantine import select_admitted
from chatbot.services.learning.training_set import Labelled
from chatbot.services.review.confirm import confirm
from chatbot.settings import Settings
from chatbot.storage.tables import Query

SHOTS = 10
HONEST = 500
AGENTS = 3
SHARES = (0.0, 0.01, 0.05, 0.1)
SEED = 1


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--data", type=Path, required=True, help="has banking77/ and clinc150/")
    made.add_argument("--victims", type=int, default=3, help="intents that are attacked")
    made.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    made.add_argument("--at-once", action="store_true", help="no nights, which take most time")
    arguments = made.parse_args()
    dataset = load_dataset(arguments.data, "banking77")
    start, visitors = split(dataset, [], SHOTS, SEED)
    intents = sorted({str(row.intent) for row in start.train})
    victims = Random(SEED).sample(intents, arguments.victims)
    attacks = []
    with tempfile.TemporaryDirectory() as folder:
        honest = Path(folder) / "honest"
        _prepare(honest, start, visitors[:HONEST])
        for victim in victims:
            falsely = [row for row in visitors[HONEST:] if row.intent == victim]
            for share in arguments.shares:
                with console.status(f"{share:.0%} against {victim} …"):
                    false = falsely[: round(HONEST * share / (1 - share))]
                    place = Path(folder) / "attacked"
                    shutil.copytree(honest, place)
                    attack = _attack(place, victim, false, dataset, not arguments.at_once)
                    attacks.append({"victim": victim, "share": share} | attack)
                    shutil.rmtree(place)
    _show(attacks)
    finish("poison", _summarise(attacks) | {"attacks": attacks}, arguments.keep)


def _prepare(folder: Path, start: Dataset, asked: Sequence[Labelled]) -> None:
    """An FAQ with an untrained version, and what honest agents confirmed."""
    parts = build(Settings.from_env(data_dir=folder))
    import_rows(parts, start)
    make_version(parts)
    ask(parts, [row.text for row in asked])
    for number, row in enumerate(asked):
        _confirm(parts, row.text, row.intent, f"agent {number % AGENTS}")
    parts.database.close()


def _attack(
    folder: Path, victim: str, false: Sequence[Labelled], dataset: Dataset, has_night: bool
) -> dict[str, Any]:
    parts = build(Settings.from_env(data_dir=folder))
    ask(parts, [row.text for row in false])
    before = _right_share(parts, victim, dataset)
    rival = _nearest_rival(parts, victim, dataset)
    for row in false:
        _confirm(parts, row.text, rival, "hostile")
    parts.live.refresh()
    with parts.database.read() as session:
        selection = select_admitted(session, parts.settings)
    figures: dict[str, Any] = {
        "rival": rival,
        "hostile": len(false),
        "quarantined": sum(map(len, selection.quarantined.values())),
        "unseconded": len(selection.unseconded),
        "before": before,
        "at_once": _right_share(parts, victim, dataset),
    }
    if has_night:
        began = time.monotonic()
        figures["verdict"] = train(parts)["verdict"]
        figures["night_s"] = time.monotonic() - began
        parts.live.refresh()
        figures["after"] = _right_share(parts, victim, dataset)
    parts.database.close()
    return figures


def _confirm(parts: Parts, text: str, intent: str | None, by: str) -> None:
    with parts.database.write() as session:
        query = session.scalars(select(Query).where(Query.text_key == key(redact(text)))).first()
        assert query is not None
        confirm(session, query.id, intent, by, parts.settings)


def _nearest_rival(parts: Parts, victim: str, dataset: Dataset) -> str:
    """Return what the victim's training questions are taken for most often."""
    asked = [row for row in dataset.train if row.intent == victim]
    outcomes = evaluate(parts.live.current(), asked)
    named = Counter(c.intent for o in outcomes for c in o.candidates if c.intent != victim)
    return named.most_common(1)[0][0]


def _right_share(parts: Parts, victim: str, dataset: Dataset) -> float:
    asked = [row for row in dataset.test if row.intent == victim]
    outcomes = evaluate(parts.live.current(), asked)
    return sum(outcome.is_top1 for outcome in outcomes) / len(outcomes)


def _summarise(attacks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sum up what the victims lost: at once, on average by the share of false verdicts, and by
    promoted versions, against the version before and the version that the night makes without the
    attack.
    """
    lost: dict[float, list[float]] = {}
    for attack in attacks:
        lost.setdefault(attack["share"], []).append(attack["before"] - attack["at_once"])
    honest = {a["victim"]: a["after"] for a in attacks if not a["share"] and "after" in a}
    promoted = [a for a in attacks if a["share"] and a.get("verdict") == "promote"]
    return {
        "lost_at_once": {f"{share:.0%}": fmean(each) for share, each in lost.items()},
        "most_lost_at_once": max(max(each) for each in lost.values()),
        "attacks_promoted": len(promoted),
        "most_lost": max((a["before"] - a["after"] for a in promoted), default=0.0),
        "most_lost_to_honest": max(
            (honest[a["victim"]] - a["after"] for a in promoted if a["victim"] in honest),
            default=0.0,
        ),
    }


def _show(attacks: Sequence[dict[str, Any]]) -> None:
    table = Table(
        "victim", "hostile", "apart", "unseconded", "verdict", "before", "at once", "after"
    )
    for attack in attacks:
        table.add_row(
            attack["victim"],
            f"{attack['hostile']} ({attack['share']:.0%})",
            str(attack["quarantined"]),
            str(attack["unseconded"]),
            attack.get("verdict", "–"),
            f"{attack['before']:.1%}",
            f"{attack['at_once']:.1%}",
            f"{attack['after']:.1%}" if "after" in attack else "–",
        )
    console.print(table)


if __name__ == "__main__":
    run()
