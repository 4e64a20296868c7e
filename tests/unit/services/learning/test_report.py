from dataclasses import replace

import pytest
from pydantic import ValidationError

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.gate import Rules, compare
from chatbot.domain.matching import NEVER
from chatbot.domain.report.report import SCHEMA, EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.errors import NotFound
from chatbot.services.learning.render_report import render
from chatbot.services.learning.report import Measured, make_report
from chatbot.services.learning.shadow import Standing
from chatbot.services.learning.training_set import Frozen, Labelled
from chatbot.services.releases.reports import find_report, get_report, keep_report
from chatbot.storage.tables import ModelVersion
from factories import (
    change_report,
    make_catalogue,
    make_earlier_report,
    make_outcome,
    read_earlier_report,
)
from fakes import CALIBRATION

HISTORY = [
    {"epoch": 1, "training_loss": 0.51234567, "validation_score": 0.8},
    {"epoch": 2, "training_loss": 0.3, "validation_score": 0.9},
]
TRAINING = TrainingRun.model_validate({"seconds": 61.4, "history": HISTORY, "guessed": 2})
FROZEN = Frozen(
    training=[Example("VPN down", "vpn")] * 7,
    validation=[Example("VPN off", "vpn")] * 3,
    out_of_scope=["a joke"] * 2,
    held_out=[Labelled("q", "a")] * 5,
    catalogue=make_catalogue({"vpn": ["VPN down"]}, revision=9),
    learnt_queries=["q1"],
    unlabelled=["VPN?", "how to tunnel", "a joke"],
)
LIVE = [make_outcome("a", "b", answered=False, probability=0.4)] * 8 + [make_outcome("a", "a")] * 12
BETTER = [make_outcome("a", "a")] * 19 + [make_outcome("a", "b", answered=False, probability=0.33)]
OUT = [make_outcome(None, "a", answered=False, probability=0.2)] * 4


def report_of(
    candidate: list[Outcome], live: list[Outcome] | None, frozen: Frozen = FROZEN
) -> EvaluationReport:
    measured = Measured(candidate, CALIBRATION)
    beside = Measured(live, CALIBRATION) if live is not None else None
    comparison = compare(live, candidate, Rules()) if live is not None else None
    return make_report(2, measured, 1 if live else None, beside, comparison, frozen, TRAINING)


def rendered(report: EvaluationReport | None, verdict: str | None = "promote") -> str:
    stored = report.to_json() if report else {}
    return render(ModelVersion(id=2, kind="train", verdict=verdict, report=stored))


@pytest.fixture
def report() -> EvaluationReport:
    return report_of(BETTER + OUT, LIVE + OUT)


def test_a_report_says_who_was_compared_and_what_came_out(report: EvaluationReport) -> None:
    assert (report.version, report.live_version) == (2, 1)
    assert report.verdict == "promote"
    assert report.candidate.top1 == 0.95
    assert report.live is not None
    assert report.live.top1 == 0.6


def test_a_report_says_what_was_asked_for_the_candidates_sake(report: EvaluationReport) -> None:
    assert "asked for because" not in rendered(report)
    report = change_report(report, data={"disputed": 7}, comparison={"differing_weight": 0.25})
    assert "7 of the held-out questions were asked for because" in rendered(report)
    assert "counts as 0.25 of another" in rendered(report)


def test_only_the_candidate_in_the_shadow_says_how_far_it_is(report: EvaluationReport) -> None:
    version = ModelVersion(id=2, kind="train", verdict="insufficient_evidence")
    keep_report(version, report)
    assert "## In the shadow" in render(version, Standing(2, 1, waiting=5, judged=3, lacks=4))
    assert "## In the shadow" not in render(version, Standing(3, 1, waiting=5, judged=3, lacks=4))


def test_a_report_counts_the_rows_behind_it(report: EvaluationReport) -> None:
    assert report.to_json()["data"] == {
        "training": 7,
        "validation": 3,
        "out_of_scope": 2,
        "held_out": 5,
        "cross_fitted": 19,
        "learnt_queries": 1,
        "unlabelled": 3,
        "pairs": 0,
        "left_out_pairs": 0,
        "apart": {"waiting": 0, "quarantined": 0, "pairs": 0},
        "knowledge_revision": 9,
        "fingerprint": FROZEN.fingerprint,
        "evidence": FROZEN.evidence,
        "disputed": 0,
    }


def test_every_changed_answer_is_listed_and_no_other(report: EvaluationReport) -> None:
    changed = report.to_json()["changed"]
    assert len(changed) == 9
    assert changed[0] == {
        "text": "a question",
        "expected": "a",
        "live": {"decision": "handoff", "best": "b", "probability": 0.4},
        "candidate": {"decision": "answer", "best": "a", "probability": 0.9},
    }


@pytest.mark.parametrize(
    "line",
    [
        "# Model version 2: promote",
        "Of 100 questions like these it answers 29 more, no more of them wrongly, and hands over 29",
        "does better on 8 and worse on 1 of 24 questions (p = 0.0391; less than 0.05 is needed).",
        "| answered rightly | 95.0 | 60.0 |",
        "| out of scope: rightly handed over | 100.0 | 100.0 |",
        "| All | 24 | 8 | 1 | +0.0875 (",
        "- It helps as many visitors: holds. It answers no fewer of the 20 in-scope questions",
        "- It keeps the promise: open. 0.0% of its 19 automatic answers are wrong. With so few",
        "| Figure | This version | Live version |",
        "| In-scope questions | 20 | 20 |",
        "| Out-of-scope questions | 4 | 4 |",
        "| Right intent first | 95.0% | 60.0% |",
        "| Answered rightly, of in-scope | 95.0% | 60.0% |",
        "| Wrong, of answered | 0.0% | 0.0% |",
        "| Not answered, of out-of-scope | 100.0% | 100.0% |",
        "| This version right | 11 | 8 |",
        "| This version wrong | 1 | 0 |",
        "exact McNemar p = ",
        "Gain in top-1 +35.0%",
        "| a | 20 | 100% | 95% | 0.97 | b (1) |",
        "| a question | a | handoff b 40% | answer a 90% |",
        "Answers from probability 0.80 on",
        "| Probability | Right | Questions |",
        "7 training and 3 validation rows, 1 of them confirmed by agents",
        "61 s.",
        "2 of 3 questions without a verdict vote by a guess of what they ask for.",
        "| epoch | training loss | validation loss | validation score |",
        "| 1 | 0.5123 | – | 0.8 |",
    ],
)
def test_every_section_is_rendered(report: EvaluationReport, line: str) -> None:
    assert line in rendered(report)


def test_a_report_from_before_decisions_were_weighed_is_still_readable(
    report: EvaluationReport,
) -> None:
    text = rendered(read_earlier_report(make_earlier_report(report)))
    assert "Better on 3, worse on 1 of 104 held-out questions: it could be chance." in text
    assert "This report is older than this list." in text
    assert "| This version right | 11 | 8 |" in text
    assert "exact permutation" not in text


def test_a_first_version_has_nothing_beside_it() -> None:
    text = rendered(report_of(BETTER + OUT, None), verdict=None)
    assert text.startswith("# Model version 2: train\n\nIt is the first version.")
    assert "There was no live version to compare with." in text
    assert "| Figure | This version |\n" in text
    assert "## Changed answers\n\nNone." in text


def test_figures_that_nothing_was_measured_for_are_dashes() -> None:
    text = rendered(report_of([], None, replace(FROZEN, held_out=[])), verdict=None)
    assert "| Right intent first | – |" in text
    assert "## Intents that it confuses\n\nNone." in text


def test_a_version_that_was_not_evaluated_says_so() -> None:
    assert rendered(None) == "# Model version 2\n\nIt has not been evaluated yet.\n"


def test_a_visitors_text_cannot_break_a_table() -> None:
    old = Outcome("a | b", "a", LIVE[0].decision, LIVE[0].candidates)
    new = Outcome("a | b", "a", BETTER[0].decision, BETTER[0].candidates)
    assert "| a \\| b | a | " in rendered(report_of([new], [old], replace(FROZEN, held_out=[])))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rows": 0, "answer_at": 1.01}, "Too few utterances to calibrate"),
        ({"answer_at": 1.01}, "Never answers by itself"),
        ({"answer_at": 1.01}, "nor can a much weaker one"),
        ({"clarify_at": 1.01}, "Never asks back"),
    ],
    ids=["unfitted", "hopeless", "too-little-evidence", "no-sets"],
)
def test_a_version_that_may_not_answer_says_why(
    report: EvaluationReport, change: dict[str, object], sentence: str
) -> None:
    assert sentence in rendered(change_report(report, calibration=change))


def test_a_version_that_may_not_answer_says_which_promise_it_could_keep(
    report: EvaluationReport,
) -> None:
    promises = [
        {"promise": promise, "answer_at": answer_at, "answered": 0, "wrong": 0}
        for promise, answer_at in ((0.05, 1.01), (0.12, 0.7))
    ]
    text = rendered(change_report(report, calibration={"answer_at": 1.01}, promises=promises))
    assert "the strictest that can is 12% wrong" in text


def test_an_untrained_version_has_no_table_of_epochs(report: EvaluationReport) -> None:
    text = rendered(change_report(report, training={"seconds": 3.0, "history": []}))
    assert text.rstrip().endswith("3 s.")


def test_the_width_of_the_search_and_what_it_finds_are_told(report: EvaluationReport) -> None:
    index = {"ef": 128, "recall_at_10": 0.9942}
    text = rendered(change_report(report, training={"index": index}))
    assert "The index finds 99.4% of the ten nearest utterances (ef 128)." in text


def test_pairs_with_a_score_have_their_own_part_and_a_column_each() -> None:
    assert "Pairs with a score" not in rendered(report_of(BETTER, LIVE))
    epochs = [(0, None, 0.2), (1, 0.9, 0.5)]
    history = [
        {"epoch": epoch, "pair_loss": loss, "pairs_spearman": 0.3, "left_out_pairs_spearman": value}
        for epoch, loss, value in epochs
    ]
    page = rendered(
        change_report(
            report_of(BETTER, LIVE),
            data={"pairs": 40, "left_out_pairs": 10},
            training={"history": history},
        )
    )
    assert "40 pairs with a score taught, 10 were left out to measure." in page
    assert (
        "| epoch | training loss | validation loss | validation score | pair loss | pairs spearman | left out pairs spearman |"
        in page
    )
    assert "| 0 | – | – | – | – | 0.3 | 0.2 |" in page


def test_what_is_kept_is_read_as_it_was_and_sql_finds_it(report: EvaluationReport) -> None:
    version = ModelVersion(id=2, report={})
    assert find_report(version) is None
    with pytest.raises(NotFound, match="has not been evaluated"):
        get_report(version)
    asked = change_report(report, look=4, data={"disputed": 7})
    keep_report(version, asked)
    assert get_report(version) == asked
    assert version.report["schema"] == SCHEMA
    assert (version.live_id, version.look, version.disputed) == (1, 4, 7)
    assert version.change == report.reasons[0]


@pytest.mark.parametrize(
    "change",
    [{"schema": SCHEMA + 1}, {"surprise": 1}, {"changed": None}, {"verdict": "perhaps"}],
    ids=["a-later-schema", "an-unknown-field", "nothing-where-a-list-is", "no-verdict"],
)
def test_what_is_no_report_of_this_schema_is_refused(
    report: EvaluationReport, change: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        EvaluationReport.from_json(report.to_json() | change)
    missing = report.to_json()
    del missing["ends"]
    with pytest.raises(ValidationError):
        EvaluationReport.from_json(missing)


def test_a_report_cannot_be_changed(report: EvaluationReport) -> None:
    with pytest.raises(ValidationError):
        report.version = 3  # type: ignore[misc]


def test_under_a_promise_that_it_cannot_keep_a_model_still_answers_known_texts() -> None:
    known = [make_outcome("a", "a", probability=1.0)] * 3 + [
        make_outcome("b", "a", probability=1.0)
    ]
    measured = Measured([*known, *BETTER], CALIBRATION)
    training = TrainingRun.model_validate(TRAINING.model_dump() | {"thresholds": [(0.01, NEVER)]})
    report = make_report(2, measured, None, None, None, FROZEN, training)
    [kept] = report.to_json()["promises"]
    assert kept == {"promise": 0.01, "answer_at": NEVER, "answered": 4, "wrong": 1}
