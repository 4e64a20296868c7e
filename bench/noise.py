"""Measure what noise does to the shipped FAQ's answers, without and with its handling.

Four kinds: a quotation beside the question (or a log, a trace, a signature), misspelt words, a
request that refuses or ends something, two questions in one message. `bench/noise/` has a file a
kind, written before the code: half of the inputs are traps, which look like noise and must come out
as they do without handling. The half called `build` was looked at while building, `last` was not.
`plain` are all held-out and out-of-scope questions of the FAQ: few have any noise, and they must
not suffer.

The model is untrained, made by the product's own job. `before` matches each text as it stands,
`after` as it is read. Milliseconds of processor time are those of plain questions, one by one, each
new to the model; `taken_apart` says how many of them have more than one text to match.
"""

import csv
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from rich.table import Table

from bench.common import console, finish, parser
from bench.instance import make_version
from chatbot.bootstrap import build
from chatbot.domain.accuracy import OUT_OF_SCOPE
from chatbot.domain.matching import Decision
from chatbot.domain.text import clean, clean_lines
from chatbot.formats.registry import read_path
from chatbot.matching.matcher import Matcher
from chatbot.matching.reading import Match, Reading
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.releases.release import list_versions
from chatbot.settings import Settings

REPOSITORY = Path(__file__).parents[1]
CORPORA = Path(__file__).parent / "noise"
KINDS = ("quoted", "misspelt", "negated", "two_questions")
RESULTS = ("right", "offered", "in vain", "silent", "wrong")  # best first
MOST_CHARS = 2000
ROUNDS = 5
TIMED = 5  # one in so many plain questions


class Row(NamedTuple):
    """A row of the noise corpus; `intents`: what the visitor wants, or in a negated one what they
    must not be sent.
    """

    half: str
    kind: str
    text: str
    intents: tuple[str, ...]


def run() -> None:
    made = parser(__doc__)
    made.add_argument("--work", type=Path, help="where the model is kept; nothing: a new one")
    made.add_argument("--show", choices=("build", "last"), help="print the inputs of a half")
    arguments = made.parse_args()
    with TemporaryDirectory() if arguments.work is None else nullcontext(arguments.work) as work:
        matcher = _open(Path(work))
    figures: dict[str, Any] = {}
    for kind in KINDS:
        judged = _judge_all(matcher, kind, read_rows(CORPORA / f"{kind}.csv"))
        figures[kind] = {
            f"{half}.{sort}": _count([one for one in judged if one[0][:2] == (half, sort)])
            for half in ("build", "last")
            for sort in ("noise", "trap")
        }
        if arguments.show:
            _show_rows(kind, [one for one in judged if one[0].half == arguments.show])
    plain = _plain_rows()
    judged = _judge_all(matcher, "plain", plain)
    figures["plain"] = {
        "in scope": _count([one for one in judged if one[0].intents != (OUT_OF_SCOPE,)]),
        "out of scope": _count([one for one in judged if one[0].intents == (OUT_OF_SCOPE,)]),
    }
    asked = [row.text for row in plain if row.intents != (OUT_OF_SCOPE,)]
    figures["milliseconds"] = _time(matcher, asked[::TIMED])
    _show(figures)
    finish("noise", figures, arguments.keep)


def read_rows(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(row["half"], row["kind"], row["text"], tuple(row["intents"].split()))
            for row in csv.DictReader(file)
        ]


Judged = Sequence[tuple[Row, str, str]]


def _judge_all(matcher: Matcher, kind: str, rows: Sequence[Row]) -> Judged:
    """Each row with what it came to before and after."""
    before = matcher.match_each([clean(row.text, MOST_CHARS) for row in rows])
    after = matcher.match_all([clean_lines(row.text, MOST_CHARS) for row in rows])
    return [
        (row, judge(kind, row, _shown(matcher, was)), judge(kind, row, _shown(matcher, now)))
        for row, was, now in zip(rows, before, after, strict=True)
    ]


Shown = tuple[Decision, list[str]]


def judge(kind: str, row: Row, shown: Shown) -> str:
    """Return one of RESULTS for what the visitor is shown: the decision and the intents."""
    decision, intents = shown
    if kind == "negated" and row.kind == "noise":
        answered = decision is Decision.ANSWER and intents[0] in row.intents
        return "wrong" if answered else "right"
    if kind == "two_questions" and row.kind == "noise":
        both = decision is not Decision.HANDOFF and set(row.intents) <= set(intents)
        return "right" if both else _judge_one(row, shown, half_is="in vain")
    return _judge_one(row, shown, half_is="right")


def _judge_one(row: Row, shown: Shown, half_is: str) -> str:
    decision, intents = shown
    wanted = set(row.intents) & set(intents)
    if decision is Decision.HANDOFF:
        return "right" if row.intents == (OUT_OF_SCOPE,) else "silent"
    if decision is Decision.ANSWER:
        return half_is if wanted else "wrong"
    return "offered" if wanted and half_is == "right" else "in vain"


def _shown(matcher: Matcher, match: Match) -> Shown:
    candidates = list(match.candidates)
    if match.decision is Decision.ANSWER:
        return match.decision, [candidates[0].intent]
    if match.decision is Decision.CLARIFY:
        offered = matcher.calibration.offered(candidates)
        chosen = candidates[: match.offered] if match.offered else offered
        return match.decision, [candidate.intent for candidate in chosen]
    return match.decision, []


def _count(judged: Judged) -> dict[str, Any]:
    return {
        "inputs": len(judged),
        "before": dict(Counter(before for _, before, _ in judged)),
        "after": dict(Counter(after for _, _, after in judged)),
        "better": sum(RESULTS.index(a) < RESULTS.index(b) for _, b, a in judged),
        "worse": sum(RESULTS.index(a) > RESULTS.index(b) for _, b, a in judged),
    }


def _plain_rows() -> list[Row]:
    draft = read_path(REPOSITORY / "faq_data")
    wanted = [(text, name) for name, one in draft.intents.items() for text in one.held_out]
    return [
        Row("", "plain", text, (intent,))
        for text, intent in [*wanted, *((text, OUT_OF_SCOPE) for text in draft.out_of_scope)]
    ]


def _time(matcher: Matcher, texts: Sequence[str]) -> dict[str, float]:
    """Medians of the two ways, in turns, and the median of their ratios question by question."""
    ways: tuple[Callable[[Sequence[str]], list[Match]], ...]
    ways = (matcher.match_each, matcher.match_all)
    took: list[list[float]] = [[], []]
    for text in texts:
        rounds = [[_once(matcher, way, text) for way in ways] for _ in range(ROUNDS)]
        for place, times in enumerate(zip(*rounds, strict=True)):
            took[place].append(min(times))
    ratios = [after / before for before, after in zip(*took, strict=True)]
    return {
        "questions": len(texts),
        "taken_apart": sum(
            len(Reading.of(text, matcher.wording.spelling).variants) > 1 for text in texts
        ),
        "before": median(took[0]),
        "after": median(took[1]),
        "ratio": median(ratios),
        "mean_ratio": sum(took[1]) / sum(took[0]),
    }


def _once(matcher: Matcher, way: Callable[[Sequence[str]], list[Match]], text: str) -> float:
    matcher.bundle.embedder.forget()
    start = time.thread_time()
    way([text])
    return (time.thread_time() - start) * 1000


def _open(work: Path) -> Matcher:
    """Open the matcher of the version that an earlier run made, or of a new one."""
    parts = build(Settings.from_env(data_dir=work))
    with parts.database.read() as session:
        made = bool(list_versions(session, None, 1))
    if not made:
        with parts.database.write() as session:
            import_faq(session, read_path(REPOSITORY / "faq_data"), "bench")
        make_version(parts)
    return parts.models.open_version()


def _show(figures: dict[str, Any]) -> None:
    table = Table("kind", "half", "inputs", *RESULTS, "better", "worse", title="before → after")
    for kind in (*KINDS, "plain"):
        for half, found in figures[kind].items():
            counts = [f"{found['before'].get(r, 0)} → {found['after'].get(r, 0)}" for r in RESULTS]
            sums = (str(found["better"]), str(found["worse"]))
            table.add_row(kind, half, str(found["inputs"]), *counts, *sums)
    console.print(table)


def _show_rows(kind: str, judged: Judged) -> None:
    for row, before, after in judged:
        console.print(
            f"{kind} {row.kind}: {before} → {after} | {row.text!r} {' '.join(row.intents)}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


if __name__ == "__main__":
    run()
