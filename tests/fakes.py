"""Stand-ins that obey the real contracts: a model without files, and a small FAQ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from chatbot.bootstrap import Parts
from chatbot.domain.matching import Calibration
from chatbot.matching.bundle import Bundle
from chatbot.matching.encoder import HashingEncoder
from chatbot.matching.guessed import Guessed
from chatbot.matching.live import LiveMatcher
from chatbot.matching.rows import as_keys
from chatbot.services.asking.ask import Answerer
from chatbot.services.knowledge import edit_faq
from chatbot.services.releases import release
from chatbot.services.releases.open_models import StoredModels
from chatbot.storage.database import now

CALIBRATION = Calibration(12.0, 0.2, -6.5, answer_at=0.8, clarify_at=0.5, rows=100)

FAQ = {
    "reset-password": (
        "Reset your password",
        "Open https://id.example/reset.",
        (
            "I forgot my password",
            "how do I reset my password?",
            "my password has expired",
            "change my password",
        ),
    ),
    "vpn": (
        "Connect to the VPN",
        "Start the VPN client and sign in.",
        (
            "the VPN does not connect",
            "how do I set up the VPN?",
            "VPN drops all the time",
            "connect to the VPN from home",
        ),
    ),
    "invoice": (
        "Get an invoice",
        "Invoices are under Billing.",
        (
            "where is my invoice?",
            "send me the invoice for last month",
            "the invoice is wrong",
            "download an invoice",
        ),
    ),
    "leave": (
        "Book leave",
        "Book leave in the HR portal.",
        (
            "how do I book leave?",
            "how many days of leave are left",
            "request a day off",
            "cancel my leave",
        ),
    ),
}

# What the fake makes of these, with CALIBRATION and FAQ.
KNOWN = "i forgot  MY password"
ANSWERED = "please reset my password"
UNCLEAR = "how do I reset the password of my VPN?"
UNKNOWN = "purple elephants"


class TaughtEncoder(HashingEncoder):
    """Takes one phrase for another, as an encoder does that was trained on what it means."""

    def __init__(self, means: Mapping[str, str]) -> None:
        self._means = means

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().encode([self._understand(text) for text in texts])

    def _understand(self, text: str) -> str:
        for phrase, meaning in self._means.items():
            text = text.replace(phrase, meaning)
        return text


class FakeModels(StoredModels):
    """Versions are rows as ever, but each opens without any file.

    All have the same encoder, but for what `taught` says of a digest.
    """

    taught: Mapping[str, Mapping[str, str]] = MappingProxyType({})

    def open_bundle(self, digest: str) -> Bundle:
        return Bundle(
            folder=Path("no-files"),
            encoder=TaughtEncoder(self.taught.get(digest, {})),
            calibration=CALIBRATION,
            keys=as_keys([]),
            vectors=np.empty((0, HashingEncoder.dimension), np.float32),
            guessed=Guessed.nothing(HashingEncoder.dimension),
        )


def with_fake_models(parts: Parts) -> Parts:
    """The same parts, whose matcher needs no artefacts; nothing is loaded yet."""
    models = FakeModels(parts.settings, parts.database, parts.artefacts)
    live = LiveMatcher(models, parts.settings.poll_seconds)
    settings = parts.settings
    answerer = Answerer(parts.database, live, settings.max_text_chars, settings.live_sample_share)
    return replace(parts, models=models, live=live, answerer=answerer)


def teach(parts: Parts, digest: str, means: Mapping[str, str]) -> None:
    """Let the version with this digest understand phrases that no other does."""
    assert isinstance(parts.models, FakeModels)
    parts.models.taught = {**parts.models.taught, digest: means}


def add_faq(session: Session) -> None:
    for name, (title, answer, utterances) in FAQ.items():
        edit_faq.create_intent(session, "test", name, title, answer, "", utterances)


def add_version(session: Session, digit: str = "0") -> int:
    """A version that was never live; another digit makes another one."""
    new = release.NewVersion(
        digest=digit * 64,
        kind="untrained",
        parent_id=None,
        calibration=CALIBRATION.id,
        knowledge_revision=0,
        fingerprint=digit * 64,
        training_rows=16,
        learnt_queries=(),
    )
    return release.register(session, new).id


@dataclass
class Clock:
    """Stands still until a test sets it."""

    stands_at: datetime = field(default_factory=now)
