from pathlib import Path

import pytest

from chatbot.domain.matching import Decision
from chatbot.errors import InvalidCatalogue
from chatbot.services.learning.evaluate import evaluate, read_labelled, time_single
from chatbot.services.learning.training_set import Labelled
from factories import make_matcher
from fakes import ANSWERED, FAQ, KNOWN, UNKNOWN

MATCHER = make_matcher({name: texts for name, (_, _, texts) in FAQ.items()})


def test_each_row_gets_what_a_visitor_would_get_in_order() -> None:
    rows = [Labelled(ANSWERED, "reset-password"), Labelled(UNKNOWN, None), Labelled(KNOWN, "vpn")]
    outcomes = evaluate(MATCHER, rows)
    assert [(o.text, o.expected) for o in outcomes] == [(r.text, r.intent) for r in rows]
    assert [o.candidates for o in outcomes] == [MATCHER.match(r.text).candidates for r in rows]
    assert [o.is_top1 for o in outcomes] == [True, False, False]
    assert outcomes[2].decision is Decision.ANSWER


def test_progress_is_heard_after_each_batch() -> None:
    heard: list[int] = []
    outcomes = evaluate(
        MATCHER, [Labelled(f"question {i}", None) for i in range(150)], heard.append
    )
    assert len(outcomes) == 150
    assert heard == [64, 128, 150]


def test_single_questions_are_timed_up_to_the_limit() -> None:
    timing = time_single(MATCHER, [Labelled(ANSWERED, None)] * 20, most=5)
    assert timing is not None
    assert 0 < timing.p50 <= timing.p99
    assert time_single(MATCHER, []) is None


def test_labelled_rows_are_read_from_a_csv(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbftext,intent\n a  b ,vpn\nc,out_of_scope\nd,\n")
    assert read_labelled(path, 100) == [
        Labelled("a b", "vpn"),
        Labelled("c", None),
        Labelled("d", None),
    ]


@pytest.mark.parametrize(
    ("content", "mistakes"),
    [
        ("text\nno\n", ["rows.csv:1: needs a header line with the columns text,intent"]),
        ("text,intent\n,vpn\nok,vpn\n\0,vpn\n", ["rows.csv:2: The text is blank", "rows.csv:4: "]),
    ],
    ids=["no-intent-column", "bad-lines"],
)
def test_bad_lines_are_named(tmp_path: Path, content: str, mistakes: list[str]) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(content)
    with pytest.raises(InvalidCatalogue) as refused:
        read_labelled(path, 100)
    found = [str(mistake) for mistake in refused.value.mistakes]
    assert len(found) == len(mistakes)
    assert all(f.startswith(m) for f, m in zip(found, mistakes, strict=True))
