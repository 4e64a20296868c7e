"""What the files of one Rasa project say, before it is known which answer belongs to what."""

import re
from dataclasses import dataclass, field

from chatbot.formats.draft import LeftOut
from chatbot.formats.gathering import Place

NOT_A_QUESTION = "it is a synonym, a pattern or a list of values, not a question"
NO_INTENT = "it has no intent"
NO_HYPHEN = "its line does not begin with a hyphen"
A_COMMAND = "it is a command, not a question"
NOT_TEXT = "it is not text"
OUT_OF_SCOPE = ("nlu_fallback", "out_of_scope")
"""What Rasa reserves, and what its documentation calls the intent that it tells to write."""
_MARKUP = re.compile(r"\[{1,2}([^\[\]]*)\]{1,2}(?:\([^()]*\)|\{[^{}]*\})")
_NESTED = 2
_LONGEST = 5_000


@dataclass(frozen=True)
class Example:
    """A phrasing of an intent."""

    intent: str
    text: str
    place: Place
    language: str | None = None
    is_title: bool = False


@dataclass(frozen=True)
class About:
    """What an intent's own entry says beside its examples."""

    title: str | None = None
    topic: str = ""
    enabled: bool | None = None


@dataclass(frozen=True)
class Entry:
    """One of a response's texts; a `reason` says why it is none for everybody."""

    text: str
    place: Place
    language: str = ""
    leads_to: tuple[str, ...] = ()
    needs_a_value: bool = False
    is_for_one_channel: bool = False
    reason: str = ""


@dataclass
class Turn:
    """What a visitor may say at one point of a dialogue, and what the bot does then."""

    intents: list[str]
    place: Place
    actions: list[str] = field(default_factory=list)
    checkpoints: list[str] = field(default_factory=list)


@dataclass
class Dialogue:
    """A rule or a story.

    `begins_at` is the checkpoint that it goes on from, `before` what the bot does before anybody
    says anything, and `is_free` whether it may begin at any time.
    """

    is_rule: bool
    turns: list[Turn] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    begins_at: list[str] = field(default_factory=list)
    is_free: bool = True


@dataclass
class Parts:
    """Everything, in the order of the files' paths."""

    examples: list[Example] = field(default_factory=list)
    intents: dict[str, Place] = field(default_factory=dict)
    about: dict[str, About] = field(default_factory=dict)
    responses: dict[str, list[Entry]] = field(default_factory=dict)
    dialogues: list[Dialogue] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    language: str | None = None
    wanted: str | None = None

    def add_example(
        self,
        intent: str,
        text: str,
        place: Place,
        language: str | None = None,
        is_title: bool = False,
    ) -> None:
        """Add a phrasing as the file has it, or leave it out where it is no question."""
        text = text.strip()
        if not intent:
            self.leave_out(NO_INTENT, text, place)
        elif text.startswith("/"):
            self.leave_out(A_COMMAND, text, place)
        else:
            self.examples.append(Example(intent, plain(text), place, language, is_title))

    def leave_out(self, reason: str, text: str, place: Place) -> None:
        self.left_out.append(LeftOut(reason, text, place.file, place.line))


def is_out_of_scope(intent: str) -> bool:
    """Whether an intent, or the first half of its name, is a reserved one."""
    return intent.partition("/")[0] in OUT_OF_SCOPE


def plain(text: str) -> str:
    """Return a phrasing without the marks of its entities, which are nested by mistake at times.

    What is too long for a phrasing anyhow is left as it is.
    """
    if len(text) > _LONGEST:
        return text
    for _ in range(_NESTED):
        text = _MARKUP.sub(r"\1", text)
    return text
