"""`chatbot ask`, `queries` and `confirm`: a visitor's question, and an agent's verdict on it."""

from dataclasses import asdict

import click

from chatbot.cli.context import Context, as_json, pass_context, print_json, print_table, remark
from chatbot.cli.jobs import ensure_model
from chatbot.domain.matching import Decision
from chatbot.domain.text import clean
from chatbot.services.asking.ask import Answered, Question, answer_all
from chatbot.services.review import confirm as confirming
from chatbot.services.review import questions, verdict_status
from chatbot.services.review.rank_queue import rank_queue
from chatbot.storage.tables import Query

_SAYS = {
    Decision.ANSWER: "",
    Decision.CLARIFY: "Not sure. It could be:",
    Decision.HANDOFF: "No answer: a person should take over. Nearest:",
}


@click.command()
@click.argument("text")
@click.option("--test", is_flag=True, help="Log it as a test: never reviewed, never learnt.")
@as_json
@pass_context
def ask(context: Context, text: str, test: bool, as_json: bool) -> None:
    """Ask one question and show the answer; it is logged like a visitor's."""
    ensure_model(context)
    parts = context.parts
    matcher = parts.models.open_version()
    question = Question(clean(text, context.settings.max_text_chars), test=test)
    [answered] = answer_all(parts.database, matcher, [question], parts.settings.live_sample_share)
    if as_json:
        print_json(_describe_answered(answered))
        return
    if answered.answer is not None:
        click.echo(f"{answered.answer.title}\n\n{answered.answer.answer.strip()}\n")
    else:
        click.echo(_SAYS[answered.decision])
    rows: list[tuple[object, ...]] = [
        (c.intent, f"{c.probability:.1%}", answered.intents[c.intent].title)
        for c in answered.candidates
    ]
    print_table("intent", "probability", "title", rows=rows)
    remark(f"query {answered.query_id}, model version {answered.model_version}")


def _describe_answered(answered: Answered) -> dict[str, object]:
    return {
        "query_id": answered.query_id,
        "decision": answered.decision,
        "answer": asdict(answered.answer) if answered.answer else None,
        "candidates": [
            asdict(c) | {"title": answered.intents[c.intent].title} for c in answered.candidates
        ],
        "exact": answered.match.exact,
        "model_version": answered.model_version,
        "knowledge_revision": answered.knowledge_revision,
        "calibration": answered.calibration,
    }


@click.command()
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000))
@click.option("--all", "show_all", is_flag=True, help="Also those that were reviewed.")
@click.option(
    "--decision", type=click.Choice([str(d) for d in Decision]), help="Only with this one."
)
@click.option(
    "--contradicted", is_flag=True, help="Those of whose words somebody else said otherwise."
)
@click.option("--rank", is_flag=True, help="Rank them anew first, as a worker does now and then.")
@as_json
@pass_context
def queries(
    context: Context,
    limit: int,
    show_all: bool,
    decision: str | None,
    contradicted: bool,
    rank: bool,
    as_json: bool,
) -> None:
    """List logged questions that wait for a verdict, the most instructive first."""
    if rank:
        rank_queue(context.parts.database, context.parts.models, context.settings)
    filters = questions.Filters(
        reviewed=None if show_all else contradicted,
        decision=decision,
        contradicted=contradicted or None,
    )
    with context.parts.database.read() as session:
        rows, following = questions.list_queries(session, filters, None, limit)
        described = [_describe_query(row) for row in rows]
    if as_json:
        print_json(described)
        return
    print_table(
        "query",
        "decision",
        "best",
        "verdict",
        "text",
        rows=[(d["id"], d["decision"], d["best"], d["verdict"], d["text"]) for d in described],
    )
    if following is not None:
        remark(f"There are more; these are the first {limit} (--limit).")


def _describe_query(query: Query) -> dict[str, object]:
    verdict = None
    if query.confirmation is not None:
        intent = query.confirmation.intent
        verdict = intent.name if intent is not None else "none of these"
    return {
        "id": query.id,
        "asked_at": query.asked_at.isoformat(),
        "text": query.text,
        "decision": query.decision,
        "best": query.candidates[0]["intent"] if query.candidates else None,
        "candidates": query.candidates,
        "verdict": verdict,
        "helpful": query.helpful,
        "model_version": query.model_version,
    }


@click.command()
@click.argument("query_id")
@click.argument("intent", required=False)
@click.option("--none", "is_none", is_flag=True, help="The FAQ has no answer to it.")
@click.option("--undo", is_flag=True, help="Take the verdict back.")
@pass_context
def confirm(context: Context, query_id: str, intent: str | None, is_none: bool, undo: bool) -> None:
    """Say what QUERY_ID asked for: INTENT, or --none. It is in effect within seconds."""
    if (intent is not None) + is_none + undo != 1:
        raise click.UsageError("Give exactly one of INTENT, --none and --undo.")
    note = ""
    with context.parts.database.write() as session:
        if undo:
            confirming.undo(session, query_id, context.actor)
            outcome = "is back in the review queue"
        else:
            confirming.confirm(
                session, query_id, intent, context.actor, context.settings, by_admin=True
            )
            outcome = f"is “{intent}”" if intent else "is none of the intents"
            [written] = verdict_status.list_receipts(
                session, [questions.get_query(session, query_id)]
            )
            note = verdict_status.say(written)
    context.parts.nudge.send()
    click.echo(f"Query {query_id} {outcome}. {note}".strip())
