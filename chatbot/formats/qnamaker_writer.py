"""Write a knowledge base as a table that QnA Maker and those after it import.

They know no names, so names, titles, topics and whether an entry is enabled stand in `Metadata`,
which they keep as tags: `intent:vpn | title:VPN | topic:Net | enabled:no`, with `%`, `:` and `|` as
`%25`, `%3A` and `%7C`. An entry without an answer has a placeholder there, marked `answer:none`,
and one without utterances has its title as its question, marked `utterances:none`: they want both.
An entry that is disabled is a live one to them, and they have no place for what only measures.
"""

import re
from collections.abc import Mapping

from chatbot.formats.draft import PLACEHOLDER, CatalogueDraft, IntentDraft
from chatbot.formats.qna_pairs import Prompt, escape
from chatbot.formats.qnamaker_tables import COLUMNS


def write(draft: CatalogueDraft) -> Mapping[str, bytes]:
    """Return a table that reads as `draft`, but for what only measures, and that others import."""
    ids = {name: number for number, name in enumerate(draft.intents, 1)}
    lines: list[tuple[str, ...]] = [COLUMNS]
    for intent in draft.intents.values():
        described = _described(intent, ids)
        lines += [(escape(text), *described) for text in intent.utterances or [intent.title]]
    text = "".join("\t".join(cells) + "\n" for cells in lines)
    return {"qna.tsv": text.encode("utf-8-sig")}


def _described(intent: IntentDraft, ids: Mapping[str, int]) -> tuple[str, ...]:
    """Return the cells that stand beside each question of an intent."""
    enabled = {True: "yes", False: "no", None: ""}[intent.enabled]
    metadata = {
        "intent": intent.name,
        "title": intent.title if intent.has_own_title else "",
        "topic": intent.topic,
        "enabled": enabled,
        "answer": "" if intent.answer else "none",
        "utterances": "" if intent.utterances else "none",
    }
    tags = " | ".join(f"{key}:{_quote(value)}" for key, value in metadata.items() if value)
    known = [name for name in intent.follow_ups if name in ids]
    prompts = [Prompt(str(ids[name]), name.replace("-", " ")) for name in known]
    answer = escape(intent.answer or PLACEHOLDER)
    return answer, "Editorial", tags, "[]", "False", Prompt.write(prompts), str(ids[intent.name])


def _quote(value: str) -> str:
    value = value.replace("%", "%25").replace(":", "%3A").replace("|", "%7C")
    return re.sub(r"[\t\r\n]", " ", value)
