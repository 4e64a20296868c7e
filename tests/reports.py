"""A report of a version that does better than the live one."""

from chatbot.domain.accuracy import Outcome
from chatbot.domain.example import Example
from chatbot.domain.gate import Rules, compare
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.report.training import TrainingRun
from chatbot.services.learning.render_report import render
from chatbot.services.learning.report import Measured, make_report
from chatbot.services.learning.training_set import Frozen, Labelled
from chatbot.storage.tables import ModelVersion
from factories import make_catalogue, make_outcome
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
SMALL = Frozen(
    training=[Example("VPN down", "vpn")],
    validation=[],
    out_of_scope=[],
    held_out=[Labelled("q", "vpn")],
    catalogue=make_catalogue({"vpn": ["VPN down"]}),
    learnt_queries=[],
)
LIVE = [make_outcome("a", "b", answered=False, probability=0.4)] * 8 + [make_outcome("a", "a")] * 12
BETTER = [make_outcome("a", "a")] * 19 + [make_outcome("a", "b", answered=False, probability=0.33)]
OUT = [make_outcome(None, "a", answered=False, probability=0.2)] * 4


def report_of(
    candidate: list[Outcome],
    live: list[Outcome] | None,
    frozen: Frozen = FROZEN,
    training: TrainingRun = TRAINING,
) -> EvaluationReport:
    measured = Measured(candidate, CALIBRATION)
    beside = Measured(live, CALIBRATION) if live is not None else None
    comparison = compare(live, candidate, Rules()) if live is not None else None
    return make_report(2, measured, 1 if live else None, beside, comparison, frozen, training)


def rendered(report: EvaluationReport | None, verdict: str | None = "promote") -> str:
    stored = report.to_json() if report else {}
    return render(ModelVersion(id=2, kind="train", verdict=verdict, report=stored))
