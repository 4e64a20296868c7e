"""The whole FAQ as files hold it; importing it again changes nothing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.storage.tables import EvaluationQuestion, Intent, Utterance


def export_faq(session: Session) -> CatalogueDraft:
    """Return all of the FAQ but a test question that became an utterance: no file holds a text
    twice.
    """
    drafts = {
        intent.id: IntentDraft(
            intent.name,
            intent.title,
            intent.topic,
            intent.answer,
            enabled=intent.enabled,
            follow_ups=list(intent.follow_ups),
            variants=list(intent.variants),
        )
        for intent in session.scalars(select(Intent).order_by(Intent.topic, Intent.name))
    }
    utterances = select(Utterance.intent_id, Utterance.text).order_by(Utterance.id)
    for intent_id, text in session.execute(utterances):
        drafts[intent_id].utterances.append(text)
    out_of_scope: list[str] = []
    questions = select(EvaluationQuestion.intent_id, EvaluationQuestion.text).where(
        EvaluationQuestion.normalised.not_in(select(Utterance.normalised))
    )
    for owner, text in session.execute(questions.order_by(EvaluationQuestion.id)):
        (out_of_scope if owner is None else drafts[owner].held_out).append(text)
    return CatalogueDraft({draft.name: draft for draft in drafts.values()}, out_of_scope)
