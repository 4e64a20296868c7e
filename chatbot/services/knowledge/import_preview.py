"""Describe what an import would do, for people and as plain JSON: counts first, then the lists.

Lists are cut, as pages show them; counts never are.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from chatbot.domain.answer_links import NOWHERE, Surroundings
from chatbot.domain.text import normalise
from chatbot.formats.cells import guarded
from chatbot.formats.draft import CatalogueDraft, FileClash, LeftOut
from chatbot.formats.registry import get_format
from chatbot.formats.summary import Summary
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.clashes import Clashes, find_owners
from chatbot.services.knowledge.plan_import import Imported, Wanted
from chatbot.storage.database import batched
from chatbot.storage.tables import Confirmation, Intent, Utterance

MOST_SHOWN = 100
_MOST_TEXTS = 5
_MOST_EXAMPLES = 3


def describe_import(
    session: Session,
    draft: CatalogueDraft,
    done: Imported,
    wanted: Wanted,
    surroundings: Surroundings = NOWHERE,
    twice: Sequence[FileClash] = (),
    given: Mapping[str, str] = {},
) -> dict[str, Any]:
    """Return what the file holds, what importing it changes, and what needs a decision.

    `twice` are the phrasings that the file has in several intents, those that were `given` to one
    of them among them. Links and pictures count that visitors in `surroundings` do not see.
    """
    titles = _titles(session, draft, done, twice)
    emptied = _find_emptied(session, done, wanted)
    unanswered = [each.name for each in draft.intents.values() if not each.answer]
    return {
        "title": get_format(draft.format).title if draft.format else "",
        "summary": Summary.of(draft, surroundings).to_json(),
        "is_empty": session.scalar(select(Intent.id).limit(1)) is None,
        "counts": count_changes(done),
        "changed": done.changed,
        "equal": len(draft.intents) - len(_touched(done)),
        "added": [[name, titles[name], done.added[name]] for name in list(done.added)[:MOST_SHOWN]],
        "changes": [
            [name, titles[name], fields] for name, fields in list(done.changes.items())[:MOST_SHOWN]
        ],
        "removed": [[name, titles[name]] for name in done.removed[:MOST_SHOWN]],
        "lost": _some_texts(done.lost_utterances, titles),
        "more": _some_texts(
            {n: texts for n, texts in done.new_utterances.items() if n not in done.added}, titles
        ),
        "unanswered": [[name, titles[name]] for name in unanswered[:MOST_SHOWN]],
        "unanswered_count": len(unanswered),
        "warnings": [w for w in done.warnings if "has no answer yet" not in w][:MOST_SHOWN],
        "verdicts": _count_verdicts(session, done.removed),
        "taken_count": len(done.clashes),
        "taken": [
            {
                "text": clash.text,
                "owner": clash.owner,
                "owner_title": titles[clash.owner],
                "wanted": clash.wanted,
                "wanted_title": titles[clash.wanted],
                "proposal": clash.proposal.value,
                "why": clash.why,
                "decision": wanted.decided.get(normalise(clash.text), ""),
            }
            for clash in done.clashes[:MOST_SHOWN]
        ],
        "emptied_count": len(emptied),
        "emptied": [[name, titles[name]] for name in emptied[:MOST_SHOWN]],
        "twice_count": len(twice),
        "twice": _twice(session, twice[:MOST_SHOWN], given, titles),
        "left_out": _left_out(draft.left_out),
        "left_out_count": len(draft.left_out),
    }


def count_changes(done: Imported) -> dict[str, int]:
    """Return the numbers of what changes, by name."""
    counts = {name: value for name, value in vars(done).items() if isinstance(value, int)}
    return {name: value for name, value in counts.items() if name != "act"}


def write_left_out(rows: Sequence[LeftOut]) -> bytes:
    """Return rows that are left out as CSV for spreadsheets, all of them."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(("reason", "text", "file", "line"))
    writer.writerows(
        (row.reason, guarded(row.text), guarded(row.file), row.line or "") for row in rows
    )
    return file.getvalue().encode("utf-8-sig")


def _touched(done: Imported) -> set[str]:
    """Return the names of the file's intents that are new, or not as the file says."""
    return {*done.added, *done.changes, *done.new_utterances, *(c.wanted for c in done.clashes)}


def _titles(
    session: Session, draft: CatalogueDraft, done: Imported, twice: Sequence[FileClash]
) -> dict[str, str]:
    """Return the titles of all intents that are spoken of: of the FAQ, if it has them."""
    named = {*done.changes, *done.removed, *done.lost_utterances, *draft.intents}
    named |= {clash.owner for clash in done.clashes}
    named.update(*(clash.intents for clash in twice[:MOST_SHOWN]))
    titles = {name: name for name in named}
    titles |= {name: item.title for name, item in draft.intents.items()}
    for some in batched(named):
        titles |= edit_faq.titles(session, some)
    return titles


def _some_texts(texts: Mapping[str, list[str]], titles: Mapping[str, str]) -> list[list[Any]]:
    """Return name, title, number and the first texts of each intent."""
    return [
        [name, titles[name], len(said), said[:_MOST_TEXTS]]
        for name, said in list(texts.items())[:MOST_SHOWN]
    ]


def _twice(
    session: Session,
    clashes: Sequence[FileClash],
    given: Mapping[str, str],
    titles: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return phrasings that the file has in several intents; the FAQ may know whose they are."""
    owners = find_owners(session, [normalise(clash.text) for clash in clashes])
    return [
        {
            "text": clash.text,
            "intents": [[name, titles[name]] for name in clash.intents],
            "owner": owners.get(normalise(clash.text)),
            "given": given.get(normalise(clash.text), ""),
        }
        for clash in clashes
    ]


def _find_emptied(session: Session, done: Imported, wanted: Wanted) -> list[str]:
    """Return the intents that clashes leave without any utterance."""
    leaving = Counter(
        clash.owner for clash in done.clashes if wanted.decide(clash) is not Clashes.KEEP
    )
    counts: dict[str, int] = {}
    count = select(Intent.name, func.count()).join(Utterance).group_by(Intent.name)
    for some in batched(leaving):
        rows = session.execute(count.where(Intent.name.in_(some)))
        counts.update((name, number) for name, number in rows)
    gains = done.new_utterances.keys()
    return [
        name
        for name, number in leaving.items()
        if counts.get(name, 0) <= number and name not in gains
    ]


def _left_out(rows: Iterable[LeftOut]) -> list[dict[str, Any]]:
    """Return reasons with their counts, the most first, and some examples of each."""
    reasons: dict[str, dict[str, Any]] = {}
    for row in rows:
        found = reasons.setdefault(row.reason, {"reason": row.reason, "count": 0, "examples": []})
        found["count"] += 1
        if len(found["examples"]) < _MOST_EXAMPLES:
            found["examples"].append(row.text)
    return sorted(reasons.values(), key=lambda each: -each["count"])


def _count_verdicts(session: Session, names: Sequence[str]) -> int:
    """Return the number of agents' verdicts that would be lost with these intents."""
    count = select(func.count()).select_from(Confirmation).join(Intent)
    return sum(session.scalar(count.where(Intent.name.in_(some))) or 0 for some in batched(names))
