"""An edit that is read from the log leaves a matcher as reading the whole FAQ would."""

import random
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from chatbot.domain.holdout import Purpose
from chatbot.domain.matching import Decision
from chatbot.domain.text import key
from chatbot.errors import ChatbotError
from chatbot.formats.draft import CatalogueDraft, IntentDraft
from chatbot.matching.catalogue import Entry, IntentCard
from chatbot.services.knowledge import edit_faq
from chatbot.services.knowledge.catalogue import read_catalogue, read_edit
from chatbot.services.knowledge.import_faq import import_faq
from chatbot.services.review import confirm
from chatbot.settings import Settings
from chatbot.storage.database import Database
from chatbot.storage.tables import Confirmation, Intent, Query, Utterance
from factories import add_confirmed, add_intent, settle_all

SETTINGS = Settings(held_out_share=0.0)
INTENTS = ("vpn", "invoice", "leave", "badge")
TEXTS = [f"{verb} {thing}" for verb in ("lost", "NEW", "old") for thing in ("one", "Straße", "key")]


@dataclass
class Followed:
    """What a process knows that reads edits only."""

    revision: int = 0
    cards: dict[str, IntentCard] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    obeyed: dict[str, Entry] = field(default_factory=dict)

    def take_up(self, session: Session) -> None:
        edit = read_edit(session, self.revision)
        assert edit is not None
        self.revision = edit.revision
        for name, card in edit.cards.items():
            self.cards.pop(name, None)
            if card is not None:
                self.cards[name] = card
        for mine, changed in ((self.entries, edit.entries), (self.obeyed, edit.obeyed)):
            for k, entry in changed.items():
                mine.pop(k, None)
                if entry is not None:
                    mine[k] = entry

    def check(self, session: Session) -> None:
        catalogue = read_catalogue(session)
        assert self.revision == catalogue.revision
        assert self.cards == catalogue.intents
        expected = dict(zip(catalogue.keys, catalogue.entries, strict=True))
        assert {k: e.intent for k, e in self.entries.items()} == {
            k: e.intent for k, e in expected.items()
        }
        assert list(expected) == [key(entry.text) for entry in expected.values()]
        assert self.obeyed == catalogue.obeyed
        known = [*expected.values(), *self.obeyed.values()]
        assert {e.intent for e in known} <= {None, *catalogue.intents}


def add(session: Session, chance: random.Random) -> object:
    return edit_faq.add_utterance(session, "ann", chance.choice(INTENTS), chance.choice(TEXTS))


def utterance(session: Session, chance: random.Random) -> tuple[str, int]:
    rows = session.execute(select(Intent.name, Utterance.id).join(Utterance.intent)).all()
    name, utterance_id = chance.choice(rows) if rows else ("vpn", 0)
    return name, utterance_id


def reword(session: Session, chance: random.Random) -> object:
    text = chance.choice(TEXTS)
    return edit_faq.change_utterance(session, "ann", *utterance(session, chance), text)


def remove(session: Session, chance: random.Random) -> None:
    edit_faq.delete_utterance(session, "ann", *utterance(session, chance))


def switch(session: Session, chance: random.Random) -> object:
    enabled = chance.random() < 0.5
    return edit_faq.change_intent(session, "ann", chance.choice(INTENTS), {"enabled": enabled})


def retitle(session: Session, chance: random.Random) -> object:
    title = f"Title {chance.randint(1, 9)}"
    return edit_faq.change_intent(session, "ann", chance.choice(INTENTS), {"title": title})


def drop(session: Session, chance: random.Random) -> None:
    edit_faq.delete_intent(session, "ann", chance.choice(INTENTS))


def create(session: Session, chance: random.Random) -> object:
    texts = chance.sample(TEXTS, 2)
    return edit_faq.create_intent(session, "ann", chance.choice(INTENTS), "T", "A", "", texts)


def correct(session: Session, chance: random.Random) -> object:
    query = chance.choice(session.scalars(select(Query.id).order_by(Query.id)).all())
    intent = chance.choice([*INTENTS, None])
    by = chance.choice(["ben", "cleo"])
    return confirm.confirm(session, query, intent, by, SETTINGS, by_admin=chance.random() < 0.2)


def undo(session: Session, chance: random.Random) -> None:
    query = chance.choice(session.scalars(select(Query.id).order_by(Query.id)).all())
    confirm.undo(session, query, "ben")


def settle(session: Session, chance: random.Random) -> object:
    """As a worker does, and an admin's release."""
    row = chance.choice([None, *session.scalars(select(Confirmation).order_by("query_id"))])
    if row is not None:
        row.released_by = "ann"
        session.flush()
    return settle_all(session, SETTINGS)


def import_some(session: Session, chance: random.Random) -> object:
    draft = CatalogueDraft()
    for name in chance.sample(INTENTS, 2):
        draft.intents[name] = IntentDraft(name, name, answer=f"Answer {chance.randint(1, 9)}")
    draft.intents[name].utterances.append(chance.choice(TEXTS))
    return import_faq(session, draft, "ann")


EDITS = [
    add,
    add,
    reword,
    remove,
    switch,
    retitle,
    drop,
    create,
    correct,
    correct,
    undo,
    settle,
    import_some,
]


@pytest.mark.parametrize("seed", range(6))
def test_following_edits_is_as_good_as_reading_everything(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    followed = Followed()
    with database.write() as session:
        for name in INTENTS:
            add_intent(session, name)
        texts = [*TEXTS[::2], *(text.upper() for text in TEXTS[::3])]
        for text in texts:
            first = {"intent": chance.choice(INTENTS), "probability": 0.9}
            part = chance.choice(list(Purpose))
            decision = chance.choice(list(Decision)).value
            said = chance.choice([*INTENTS, None])
            add_confirmed(session, text, said, part, candidates=[first], decision=decision)
        catalogue = read_catalogue(session)
        followed.revision = catalogue.revision
        followed.cards.update(catalogue.intents)
        followed.entries.update(zip(catalogue.keys, catalogue.entries, strict=True))
        followed.obeyed.update(catalogue.obeyed)
    for _ in range(40):
        for _ in range(chance.randint(1, 3)):
            try:
                with database.write() as session:
                    chance.choice(EDITS)(session, chance)
            except ChatbotError:
                continue
        with database.read() as session:
            followed.take_up(session)
            followed.check(session)
