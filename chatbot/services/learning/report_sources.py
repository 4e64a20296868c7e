"""Show what a verdict owes to each source: the same comparison without their questions
(leave-one-out).
"""

from collections import Counter
from collections.abc import Sequence

from chatbot.domain.accuracy import Outcome
from chatbot.domain.gate import Rules, compare
from chatbot.domain.report.compared import SourceFigures, WithoutSource
from chatbot.domain.report.report import EvaluationReport
from chatbot.domain.text import normalise
from chatbot.services.learning.training_set import Frozen

MOST_SOURCES = 10


def leave_one_out(
    live: Sequence[Outcome] | None, candidate: Sequence[Outcome], frozen: Frozen, rules: Rules
) -> list[SourceFigures]:
    """Compare without one source at a time, for the sources whose questions measure or teach most.

    What a source taught stays in the model: to leave that out would take a training for each. What
    it measures is left out, held out or cross-fitted, so that a verdict which rests on one
    account's word shows.
    """
    measures = Counter(row.source for row in frozen.held_out if row.source is not None)
    taught = Counter(frozen.teachers.values())
    sources = [source for source, _ in (measures + taught).most_common(MOST_SOURCES)]
    return [
        SourceFigures(
            source=source,
            taught=taught[source],
            measures=measures[source],
            without=_without(source, live, candidate, frozen, rules) if live else None,
        )
        for source in sources
    ]


def render_sources(report: EvaluationReport) -> str:
    """Render the sources as Markdown; reports from before sources were kept name none."""
    apart = report.data.apart
    lines = [
        f"- {each.source}: {each.taught} taught, {each.measures} measure."
        + _render_without(each.without)
        for each in report.sources or ()
    ]
    kept_apart = (
        f"{apart.waiting} confirmations wait for a later night, "
        f"{apart.quarantined} are in quarantine."
    )
    return "\n".join([*lines, *([""] if lines else []), kept_apart])


def _without(
    source: str,
    live: Sequence[Outcome],
    candidate: Sequence[Outcome],
    frozen: Frozen,
    rules: Rules,
) -> WithoutSource:
    held_out = {normalise(row.text) for row in frozen.held_out if row.source != source}
    own = {normalise(row.text) for row in frozen.held_out if row.source == source}
    own |= {text for text, teacher in frozen.teachers.items() if teacher == source}
    before, after = (
        [outcome for outcome in outcomes if normalise(outcome.text) not in own]
        for outcomes in (live, candidate)
    )
    comparison = compare(before, after, rules, cross_fitted=len(after) - len(held_out))
    return WithoutSource(
        verdict=comparison.verdict,
        better=comparison.whole.better,
        worse=comparison.whole.worse,
        p_value=comparison.whole.p_value,
    )


def _render_without(without: WithoutSource | None) -> str:
    if without is None:
        return ""
    return f" Measured without theirs: {without.verdict} ({say_without(without)})."


def say_without(without: WithoutSource) -> str:
    """Say the figures behind a verdict that was found without a source."""
    p_value = f"p = {without.p_value:.3g}"
    if without.gain is not None:
        return f"{without.gain:+.1%}, {p_value}"
    return f"better on {without.better}, worse on {without.worse} questions, {p_value}"
