from dataclasses import replace

import pytest

from chatbot.domain.report.report import EvaluationReport
from chatbot.services.learning.render_report import render
from chatbot.services.learning.shadow import Standing
from chatbot.services.releases.reports import keep_report
from chatbot.storage.tables import ModelVersion
from factories import change_report
from reports import BETTER, FROZEN, OUT, rendered, report_of


def test_a_report_says_who_was_compared_and_what_came_out(report: EvaluationReport) -> None:
    assert (report.version, report.live_version) == (2, 1)
    assert report.verdict == "promote"
    assert report.candidate.top1 == 0.95
    assert report.live is not None
    assert report.live.top1 == 0.6


def test_only_the_candidate_in_the_shadow_says_how_far_it_is(report: EvaluationReport) -> None:
    version = ModelVersion(id=2, kind="train", verdict="insufficient_evidence")
    keep_report(version, report)
    assert "## In the shadow" in render(version, Standing(2, 1, waiting=5, judged=3, lacks=4))
    assert "## In the shadow" not in render(version, Standing(3, 1, waiting=5, judged=3, lacks=4))


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
