"""By what a candidate is measured; test_judge_again.py follows one through its verdicts."""

from pathlib import Path

import pytest

from chatbot.bootstrap import Parts
from chatbot.domain.error_budget import significance
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.training_set import freeze
from chatbot.services.releases.jobs import JobKind
from chatbot.settings import Settings
from factories import add_evaluation, add_version
from fakes import teach
from workers.night.judge import Case, Judgement, judge, make_rules

TRAINING = TrainingRun(seconds=1.0, history=())


def judge_version(parts: Parts, version: int, live: int | None, kind: JobKind) -> Judgement:
    with parts.database.read() as session:
        frozen = freeze(session, parts.settings)
    return judge(parts, Case(version, live, kind, frozen, TRAINING))


@pytest.fixture
def questions(parts: Parts) -> None:
    with parts.database.write() as session:
        add_evaluation(session, "my Kestrel is down", "vpn")
        add_evaluation(session, "please reset my password", "reset-password")


@pytest.mark.usefixtures("questions")
def test_without_a_live_version_it_is_measured_and_gets_no_verdict(parts: Parts) -> None:
    judgement = judge_version(parts, 1, None, JobKind.TRAIN)
    assert judgement.verdict is None
    assert judgement.report.comparison is None
    assert judgement.report.live is None
    assert judgement.report.candidate.n >= 2


@pytest.mark.usefixtures("questions")
def test_an_untrained_version_is_compared_but_gets_no_verdict(parts: Parts) -> None:
    with parts.database.write() as session:
        version = add_version(session, kind="untrained").id
    judgement = judge_version(parts, version, 1, JobKind.UNTRAINED)
    assert judgement.verdict is None
    assert judgement.report.comparison is not None


@pytest.mark.usefixtures("questions")
def test_both_are_asked_the_same_questions(parts: Parts) -> None:
    with parts.database.write() as session:
        row = add_version(session, kind="untrained")
        version = row.id
    teach(parts, row.digest, {"my Kestrel is down": "the VPN does not connect"})
    report = judge_version(parts, version, 1, JobKind.TRAIN).report
    assert report.live is not None
    assert report.candidate.n == report.live.n
    assert report.comparison is not None
    assert (report.comparison.only_candidate, report.comparison.only_live) == (1, 0)
    assert report.data.cross_fitted > 0


def test_what_differs_nowhere_spends_nothing_of_the_error_budget(parts: Parts) -> None:
    with parts.database.write() as session:
        version = add_version(session, kind="untrained").id
    assert judge_version(parts, version, 1, JobKind.TRAIN).report.look == 0


def test_the_rules_are_those_of_the_settings_and_stricter_with_each_comparison(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path, promise=0.2, gate_coverage_margin=0.07, seed=5)
    rules = make_rules(settings, 3, differing=0.25, taught=frozenset({"a"}))
    assert rules.alpha == significance(settings.gate_alpha, 3)
    assert rules.alpha < make_rules(settings, 2).alpha
    assert (rules.margins.coverage, rules.margins.promise, rules.seed) == (0.07, 0.2, 5)
    assert (rules.differing, rules.taught) == (0.25, frozenset({"a"}))
    assert rules.costs.click >= 0.2 * rules.costs.wrong_answer
